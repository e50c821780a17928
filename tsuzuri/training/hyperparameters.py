"""How each kind of model is trained, as frozen dataclasses that are saved with the weights."""

import dataclasses

from tsuzuri.kernels import native
from tsuzuri.training import schedules

DOCUMENTS, RING = "documents", "ring"  # how an epoch is cut into windows; the second in runs from before


@dataclasses.dataclass(frozen=True)
class LanguageModelRecipe:
    """How a language model is trained; saved with its weights.

    Word vectors that it begins with stay as they are for ``freeze_epochs``, or always where that is None. ``ar`` and
    ``tar`` are penalties, and ``label_smoothing`` is of the targets, as in ``models.rnn``; ``weight_decay`` is
    decoupled (Loshchilov and Hutter 2019), ``average`` the share that a running mean of the weights keeps at each
    update (0: there is none). The learning rate goes by ``schedule`` (``training/schedules.py``), after a ``warmup``, a
    share of all epochs; ``max_hours`` end a training. ``windows`` is no option: it says whether documents are kept
    apart (``data/layout.py``), as in all that begin now.
    """

    epoch: int = 50
    batchsize: int = 20
    bproplen: int = 35
    gradclip: float = 5.0
    optimizer: str = "adam"
    lr: float = 0.002
    lr_decay: float = 0.5
    patience: int = 5
    freeze_epochs: int | None = 0
    precision: str = native.FLOAT32
    seed: int = 0
    ar: float = 0.0
    tar: float = 0.0
    label_smoothing: float = 0.0
    weight_decay: float = 0.0
    average: float = 0.0
    schedule: str = schedules.STALLS
    warmup: float = 0.0
    max_hours: float | None = None
    windows: str = DOCUMENTS


@dataclasses.dataclass(frozen=True)
class ClassifierRecipe:
    """How a classifier is trained; saved with its weights. ``valid_freq`` 0 stands for an epoch.

    Weight decay, the running mean and the schedule are as a language model's. Each layer below another learns at
    ``layer_decay`` times its rate, and begins to ``thaw`` epochs after it, all at once where that is 0 (Howard and
    Ruder 2018).
    """

    epoch: int = 100
    batchsize: int = 32
    optimizer: str = "adam"
    lr: float = 0.001
    gradclip: float = 5.0
    decay_c: float = 0.0
    patience: int = 10
    valid_freq: int = 0
    sort_by_len: bool = False
    freeze_epochs: int | None = 0
    precision: str = native.FLOAT32
    seed: int = 0
    weight_decay: float = 0.0
    average: float = 0.0
    schedule: str = schedules.CONSTANT
    lr_decay: float = 0.5
    warmup: float = 0.0
    layer_decay: float = 1.0
    thaw: int = 0
