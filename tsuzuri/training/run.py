"""The run directory: all that a training leaves, and all that generating or going on with it needs.

run.json         kind, tokenizer, sizes, recipe, corpus and its report, versions
vocabulary.txt   one word a line, its id the line number
model.npz        the weights that did best on the validation text
checkpoint.npz   the whole state of the training: weights, moments, LSTM state, position, generators, history
log.jsonl        a line an epoch
loss.png         the curves
"""

import dataclasses
import json
import math
import os
import platform

import numpy

from tsuzuri import storage
from tsuzuri.compat import chainer
from tsuzuri.errors import UserError
from tsuzuri.kernels import gpu, native
from tsuzuri.models import rnn
from tsuzuri.storage import FLAG, FLOAT, OBJECT, OTHERS, TEXT, UNBOUNDED, number, one_of, optional, whole
from tsuzuri.text import tokenizers, vectors, vocabulary
from tsuzuri.training.optimizers import OPTIMIZERS

FORMAT = 1
MODELS_OF = {"text": "a language model", "music": "a language model", "classes": "a classifier"}  # by a run's kind
STATE = ("c1", "h1", "c2", "h2")
COUNTS = ("t", "epoch")  # of an optimizer; t, its updates, also of each parameter
PRECISIONS = gpu.PRECISIONS  # of which a CPU has some
OWN = ("vocabulary.txt", "model.npz", "checkpoint.npz", "log.jsonl", "loss.png")  # besides run.json


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a model is trained; saved with its weights.

    Word vectors that it begins with stay as they are for ``freeze_epochs``, or always where that is None.
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


RULES = {  # of run.json
    "format": whole(1),
    "kind": one_of("text", "music"),
    "tokens": one_of(*tokenizers.NAMES, "midi"),
    "dictionary": TEXT,
    "sizes": {
        "words": whole(len(vocabulary.SPECIAL)),
        "units": whole(1),
        "dropout": number(0, 0.95),
        "dropout_on": one_of(rnn.LAYERS, rnn.PROJECTIONS),
    },
    "recipe": {
        "epoch": whole(1),
        "batchsize": whole(1),
        "bproplen": whole(1),
        "gradclip": number(0, above=True),
        "optimizer": one_of(*OPTIMIZERS),
        "lr": number(0, above=True),
        "lr_decay": number(0, 1, above=True),
        "patience": whole(1),
        "freeze_epochs": optional(whole(0)),
        "precision": one_of(*PRECISIONS),
        "seed": whole(0),
    },
    "vectors": optional(OBJECT),  # as ``VECTORS`` says
    "corpus": {
        "corpus": [TEXT],
        "valid": [TEXT],
        "test": [TEXT],
        "min_count": whole(1),
        "vocab_size": optional(whole(1)),
        "fingerprint": TEXT,
        "report": OBJECT,
        OTHERS: None,
    },
    "versions": OBJECT,
}
VECTORS = {  # as ``corpus.vectors.report`` has it
    "file": TEXT,
    "form": one_of(*vectors.FORMS),
    "total": whole(1),
    "width": whole(1),
    "found": whole(0),
    "of": whole(0),
    "share": number(0, 1),
}
# what runs have from before there was a choice
DEFAULTS = {"vectors": None, "recipe": {"precision": native.FLOAT32, "freeze_epochs": 0}}
GENERATOR = {
    "bit_generator": one_of("PCG64"),
    "state": {"state": whole(0, 2**128 - 1), "inc": whole(0, 2**128 - 1)},
    "has_uint32": whole(0, 1),
    "uinteger": whole(0, 2**32 - 1),
}
META = {  # of a checkpoint
    "epoch": whole(1),
    "window": whole(0),
    "start": whole(0),
    "nats": number(-UNBOUNDED),
    "words": whole(0),
    "lr": number(0),
    "history": [
        {
            "epoch": whole(1),
            "train_loss": FLOAT,
            "valid_loss": FLOAT,
            "lr": number(0),
            "words_per_second": whole(0),
            "best": FLAG,
        }
    ],
    "order": GENERATOR,
    "rng": GENERATOR,
    "patience": {"patience": whole(1), "best": number(-UNBOUNDED, math.inf), "stale": whole(0)},
}


class Run:
    """A run directory that exists, of a language model; ``training/classes.py`` has the classifier's."""

    KINDS, MAKER, OWN = ("text", "music"), "train.py", OWN
    RULES, META, DEFAULTS = RULES, META, DEFAULTS
    Sizes, Recipe = rnn.Sizes, Recipe

    def __init__(self, path, about, words):
        self.path, self.about, self.vocabulary = path, about, words
        self.sizes = self.Sizes(**about["sizes"])
        self.recipe = self.Recipe(**about["recipe"])

    @staticmethod
    def check(about):
        """Raise ``ValueError`` for a run.json that does not hold together, each of its fields being right."""
        music = about["kind"] == "music"
        storage.check(
            about["tokens"], one_of("midi") if music else one_of(*tokenizers.NAMES), f"tokens of {about['kind']}"
        )
        if music:
            report = {"midi": OBJECT, OTHERS: None}
            storage.check(about["corpus"], {"midi": OBJECT, "report": report, OTHERS: None}, "corpus")
        if about["vectors"] is not None:
            storage.check(about["vectors"], VECTORS, "vectors")

    def file(self, name):
        return os.path.join(self.path, name)

    def save_recipe(self, recipe):
        """Put a changed recipe into run.json."""
        self.recipe, self.about = recipe, self.about | {"recipe": dataclasses.asdict(recipe)}
        describe(self.path, self.about)

    def save_best(self, model):
        """Save the weights; raises ``UserError`` and leaves the old file where any is not finite."""
        self._save("model.npz", arrays_of(model))

    def _save(self, name, arrays, beside=None):
        """Write an .npz of ``arrays``, if they are finite, and of others ``beside`` them, whatever they are."""
        for key, array in arrays.items():
            if not numpy.isfinite(array).all():
                raise UserError(f"{self.file(name)}: not written: {key} is not finite (the old file is kept)")
        storage.write_file(self.file(name), storage.encode_npz(arrays | (beside or {})))

    def best_arrays(self):
        """The weights of ``model.npz`` by name, not yet checked; there are none before the first validation."""
        if os.path.exists(self.file("checkpoint.npz")) and not os.path.exists(self.file("model.npz")):
            again = f"{self.MAKER} -o {self.path} --resume"
            raise UserError(f"{self.path}: holds no trained model yet ({again} goes on with the training)")
        return storage.load_npz(self.file("model.npz"))

    def load_best(self):
        """The model of ``model.npz``, on the CPU."""
        arrays = self.best_arrays()
        fit(arrays, self.sizes.shapes(), self.file("model.npz"))
        model = self.new_model()
        chainer.serializers.NpzDeserializer(arrays).load(model)
        return model

    def new_model(self):
        """A model of this run's sizes with the weights that its seed gives."""
        return rnn.RNN(self.sizes, numpy.random.default_rng(self.recipe.seed), self.recipe.precision)

    def save_checkpoint(self, model, optimizer, meta):
        """Save the training's state, unless it is not finite; ``meta`` is as ``META`` says, but for ``rng``."""
        arrays = {f"model/{name}": array for name, array in arrays_of(model).items()}
        arrays |= {f"optimizer/{name}": array for name, array in arrays_of(optimizer).items()}
        arrays |= {
            f"state/{name}": chainer.backends.cuda.to_cpu(array) for name, array in self._state_of(model).items()
        }
        meta = meta | {"rng": model.rng.bit_generator.state}
        arrays["meta"] = numpy.frombuffer(json.dumps(meta).encode(), numpy.uint8)
        self._save("checkpoint.npz", arrays)

    def _state_of(self, model):
        """What a model carries from window to window, by name; before the first window there is none."""
        return dict(zip(STATE, model.get_state() or (), strict=False))

    def _state_shapes(self):
        return dict.fromkeys(STATE, (self.recipe.batchsize, self.sizes.units))

    def load_checkpoint(self):
        """The ``Checkpoint`` of this run, to go on with: checked against it, but for the optimizer's arrays."""
        storage.remove_stale_files(self.path)
        path = self.file("checkpoint.npz")
        checkpoint = Checkpoint(path, storage.load_npz(path), self.META)
        fit(checkpoint.under("model/"), self.sizes.shapes(), path)
        state = checkpoint.under("state/")
        if state:
            fit(state, self._state_shapes(), path)
        return checkpoint


class Checkpoint:
    """The saved state of a training; ``rules`` say what its ``meta`` must be."""

    def __init__(self, path, arrays, rules):
        self.path, self.arrays = path, arrays
        try:
            if "meta" not in arrays:
                raise ValueError("meta is missing")
            self.meta = json.loads(arrays["meta"].tobytes())
            storage.check(self.meta, rules, "meta")
            if self.meta["window"] and not self.meta["words"]:
                raise ValueError(f"meta.words is 0, must be 1 or more after window {self.meta['window']}")
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path}: damaged, or no checkpoint of this program: {error}") from None

    def under(self, prefix):
        return {name.removeprefix(prefix): a for name, a in self.arrays.items() if name.startswith(prefix)}

    def restore(self, model, optimizer):
        """Put the state back into a model of the run's sizes and its optimizer; returns the ``meta`` that was saved."""
        self._restore_optimizer(model, optimizer)
        chainer.serializers.NpzDeserializer(self.under("model/")).load(model)
        state = self.under("state/")
        if state:
            model.set_state([state[name] for name in STATE])
        meta = dict(self.meta)
        model.rng.bit_generator.state = meta.pop("rng")
        return meta

    def _restore_optimizer(self, model, optimizer):
        """Its counts first: before a parameter's first update there are no moments of it, as while it is frozen."""
        arrays = self.under("optimizer/")
        params = {name.removeprefix("/"): param for name, param in model.namedparams()}
        counts = {name: array for name, array in arrays.items() if name.rpartition("/")[2] in COUNTS}
        expected = [*COUNTS, *(f"{name}/t" for name in params)]
        fit(counts, dict.fromkeys(expected, ()), self.path, "i")
        for name in expected:
            most, allowed = math.inf, "0 or more"
            if name not in COUNTS:
                most, allowed = counts["t"], f"from 0 to {counts['t']}, as many as optimizer/t"
            if not 0 <= counts[name] <= most:
                raise UserError(f"{self.path}: damaged: optimizer/{name} is {counts[name]}, must be {allowed}")
        updated = {name: param for name, param in params.items() if counts[f"{name}/t"]}
        moments = {f"optimizer/{name}/{key}": p.shape for name, p in updated.items() for key in optimizer.states}
        fit({f"optimizer/{name}": array for name, array in arrays.items() if name not in counts}, moments, self.path)
        chainer.serializers.NpzDeserializer(arrays, strict=False).load(optimizer)


def create(path, about, words, kind=Run):
    """Make a run directory, a ``kind``; ``about`` is run.json without format and versions."""
    about = {"format": FORMAT, **about, "versions": versions()}
    try:
        os.makedirs(path, exist_ok=True)
        for name in {*Run.OWN, *kind.OWN}:  # of a run that --force replaces, whatever its kind
            if os.path.exists(os.path.join(path, name)):
                os.unlink(os.path.join(path, name))
    except OSError as error:
        raise UserError(f"{path}: cannot be made: {error.strerror}") from None
    storage.remove_stale_files(path)
    storage.write_file(os.path.join(path, "vocabulary.txt"), words.dump())
    describe(path, about)
    return kind(path, about, words)


def describe(path, about):
    storage.write_file(os.path.join(path, "run.json"), json.dumps(about, indent=1).encode() + b"\n")


def exists(path):
    return os.path.exists(os.path.join(path, "run.json"))


def in_use(path, kind=Run):
    """The first name in a folder that a new run would replace, or None."""
    names = ("run.json", *dict.fromkeys([*Run.OWN, *kind.OWN]))
    return next((name for name in names if os.path.exists(os.path.join(path, name))), None)


def load(path, *kinds):
    """Open a run directory, one of the ``kinds``, a ``Run`` unless others are named.

    Raises ``UserError`` for one that is damaged, foreign, or of a newer program.
    """
    kinds = kinds or (Run,)
    kind = kinds[0]
    name = os.path.join(path, "run.json")
    if not exists(path):
        raise UserError(f"{path}: not a run (it holds no run.json; {kind.MAKER} -o {path} makes one)")
    try:
        with open(name, encoding="utf-8") as stream:
            about = json.load(stream)
        form = about["format"]
        if isinstance(form, int) and form > FORMAT:
            raise UserError(f"{name}: of format {form}, newer than this program's {FORMAT}: update Tsuzuri")
        kind = next((one for one in kinds if about["kind"] in one.KINDS), kind)
        if about["kind"] in [other for other in MODELS_OF if other not in kind.KINDS]:
            held, wanted = MODELS_OF[about["kind"]], MODELS_OF[kind.KINDS[0]]
            raise UserError(f"{path}: holds {held}, and {wanted} is needed ({kind.MAKER} -o makes one)")
        for part, default in kind.DEFAULTS.items():
            if not isinstance(default, dict):
                about.setdefault(part, default)
            elif isinstance(about.get(part), dict):
                about[part] = default | about[part]
        storage.check(about, kind.RULES)
        kind.check(about)
        words = vocabulary.load_vocabulary(os.path.join(path, "vocabulary.txt"))
        run = kind(path, about, words)
        if run.sizes.words != len(words):
            raise ValueError(f"sizes.words is {run.sizes.words}, but vocabulary.txt has {len(words)}")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{name}: damaged, or not a run of this program: {error}") from None
    return run


def versions():
    """What the run was made with, for the record."""
    return {"python": platform.python_version(), "numpy": numpy.__version__, "chainer": chainer.__version__}


def arrays_of(target):
    """The arrays of a Chainer link or optimizer by path, such as ``l1_x/W``, named as in ``serializers.save_npz``."""
    serializer = chainer.serializers.DictionarySerializer()
    serializer.save(target)
    return dict(sorted(serializer.target.items()))  # Chainer keeps names in sets, whose order changes with the process


def fit(arrays, shapes, path, kind="f"):
    """Raise ``UserError`` unless the arrays have these names and shapes, are of this kind of number, and are finite."""
    odd = sorted(arrays.keys() ^ shapes.keys())
    if odd:
        raise UserError(f"{path}: does not fit its run: {odd[0]} is {'missing' if odd[0] in shapes else 'not known'}")
    for name, array in arrays.items():
        if array.shape != shapes[name] or array.dtype.kind != kind:
            raise UserError(f"{path}: does not fit its run: {name} is {array.dtype} {array.shape}, not {shapes[name]}")
        if not numpy.isfinite(array).all():
            raise UserError(f"{path}: damaged: {name} holds values that are not finite")
