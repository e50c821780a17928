"""The options of the Python functions as types, for editors and type checkers: written by ``make docs``.

What each of them means is in ``docs/options.md``; the tables are in ``tsuzuri/options``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, TypedDict

Path = str | os.PathLike[str]


class TrainOptions(TypedDict, total=False):
    """Those of ``train.py``."""

    valid: Path | Sequence[Path] | None
    test: Path | Sequence[Path] | None
    resume: bool | None
    force: bool | None
    device: str | None
    precision: Literal["auto", "float32", "tf32", "bfloat16"] | None
    encoding: int | str | None
    tokens: Literal["auto", "mecab", "char", "space", "english", "wakati", "subword"] | None
    dictionary: Path | None
    user_dictionary: Path | None
    normalize: Literal["nfc", "nfkc", "none"] | None
    lines: Literal["keep", "join"] | None
    max_text: int | None
    min_count: int | None
    vocab_size: int | None
    track: int | str | None
    events: Literal["notes", "channel", "all"] | None
    velocities: int | str | None
    ticks_per_beat: int | str | None
    grid: int | str | None
    max_rest: int | str | None
    transpose: int | tuple[int, int] | str | None
    stretch: float | Sequence[float] | str | None
    rests: Literal["cut", "keep"] | None
    controls: int | str | None
    about: bool | None
    words: Literal["events", "notes"] | None
    keys: Literal["own", "one"] | None
    recipe: Literal["default", "small-corpus", "plain", "article", "zaremba-medium", "awd"] | None
    unit: int | None
    layers: int | None
    embed: int | None
    tie: bool | None
    skip: bool | None
    lookback: bool | None
    init_from: Path | None
    vectors: Path | None
    freeze_vectors: bool | None
    freeze_epochs: int | None
    dropout: float | None
    dropout_input: float | Literal["auto"] | None
    dropout_between: float | Literal["auto"] | None
    dropout_output: float | Literal["auto"] | None
    dropout_words: float | Literal["auto"] | None
    dropout_weights: float | Literal["auto"] | None
    dropout_on: Literal["layers", "projections"] | None
    locked: bool | None
    ar: float | None
    tar: float | None
    label_smoothing: float | None
    weight_decay: float | None
    average: float | None
    epoch: int | None
    batchsize: int | None
    bproplen: int | None
    gradclip: float | None
    optimizer: Literal["adam", "sgd", "momentum", "adagrad", "rmsprop", "adadelta"] | None
    lr: float | None
    lr_decay: float | None
    schedule: Literal["stalls", "cosine", "linear", "slanted", "constant"] | None
    warmup: float | None
    max_hours: float | None
    patience: int | None
    sample_every: int | None
    tensorboard: bool | None
    seed: int | None


class ClassifierOptions(TypedDict, total=False):
    """Those of ``classify.py train``."""

    pos: Path | Sequence[Path] | None
    neg: Path | Sequence[Path] | None
    valid: Path | Sequence[Path] | None
    test: Path | Sequence[Path] | None
    valid_fraction: float | None
    test_fraction: float | None
    form: Literal["auto", "tab", "csv", "space"] | None
    encoding: int | str | None
    label_column: int | str | None
    text_column: int | str | None
    resume: bool | None
    force: bool | None
    device: str | None
    precision: Literal["auto", "float32", "bfloat16"] | None
    tokens: Literal["auto", "mecab", "char", "space", "english", "wakati"] | None
    dictionary: Path | None
    user_dictionary: Path | None
    normalize: Literal["nfc", "nfkc", "none"] | None
    max_text: int | None
    case: Literal["auto", "fold", "keep"] | None
    n_words: int | None
    min_count: int | None
    maxlen: int | None
    truncate: Literal["pre", "post"] | None
    track: int | str | None
    events: Literal["notes", "channel", "all"] | None
    velocities: int | str | None
    ticks_per_beat: int | str | None
    grid: int | str | None
    max_rest: int | str | None
    rests: Literal["cut", "keep"] | None
    controls: int | str | None
    words: Literal["events", "notes"] | None
    init_from: Path | None
    vectors: Path | None
    freeze_vectors: bool | None
    freeze_epochs: int | None
    model: Literal["lstm", "bilstm", "rnn", "bow", "flatten"] | None
    layers: int | None
    pool: Literal["mean", "last", "max", "concat"] | None
    unit: int | None
    width: int | None
    dropout: float | None
    dropout_words: float | None
    drop_words: float | None
    dropout_between: float | None
    dropout_weights: float | None
    locked: bool | None
    use_dropout: bool | None
    epoch: int | None
    batchsize: int | None
    optimizer: Literal["adam", "sgd", "momentum", "adagrad", "rmsprop", "adadelta"] | None
    lr: float | None
    schedule: Literal["stalls", "cosine", "linear", "slanted", "constant"] | None
    lr_decay: float | None
    warmup: float | None
    layer_decay: float | None
    thaw: int | None
    decay_c: float | None
    weight_decay: float | None
    average: float | None
    gradclip: float | None
    patience: int | None
    valid_freq: int | None
    save_freq: int | None
    disp_freq: int | None
    sort_by_len: bool | None
    tensorboard: bool | None
    seed: int | None


class GenerateOptions(TypedDict, total=False):
    """Those of ``generate.py``."""

    unk: Literal["error", "skip", "nearest"] | None
    length: int | None
    sentences: int | None
    stop: str | Sequence[str] | None
    best_of: int | None
    bars: int | None
    seconds: float | None
    max_note: int | None
    key: str | None
    meter: tuple[int, int] | str | None
    form: bool | None
    tempo: float | None
    program: int | None
    repetition_penalty: float | None
    no_repeat: int | None
    temperature: float | None
    top_k: int | None
    top_p: float | None
    max_copy: int | None
    min_p: float | None
    typical: float | None
    brackets: bool | None
    signs: bool | None
    escape: bool | None
    seed: int | None
    device: str | None


class ReadMidiOptions(TypedDict, total=False):
    """Those of ``read_midi.py``."""

    strict: bool | None
    track: int | str | None
    events: Literal["notes", "channel", "all"] | None
    velocities: int | str | None
    ticks_per_beat: int | str | None
    grid: int | str | None
    max_rest: int | str | None
    rests: Literal["cut", "keep"] | None
    controls: int | str | None
    about: bool | None


class PredictOptions(TypedDict, total=False):
    """Those of ``classify.py predict``."""

    explain: bool | None
    by: Literal["leave-one-out", "gradient"] | None
    device: str | None


class EvaluateOptions(TypedDict, total=False):
    """Those of ``classify.py evaluate``."""

    pos: Path | Sequence[Path] | None
    neg: Path | Sequence[Path] | None
    form: Literal["auto", "tab", "csv", "space"] | None
    encoding: int | str | None
    label_column: int | str | None
    text_column: int | str | None
    device: str | None


class ResumeOptions(TypedDict, total=False):
    """Those of ``--resume``."""

    corpus: Path | Sequence[Path] | None
    valid: Path | Sequence[Path] | None
    test: Path | Sequence[Path] | None
    device: str | None
    precision: Literal["auto", "float32", "tf32", "bfloat16"] | None
    vectors: Path | None
    epoch: int | None
    max_hours: float | None
    patience: int | None
    sample_every: int | None
    tensorboard: bool | None
    pos: Path | Sequence[Path] | None
    neg: Path | Sequence[Path] | None
    save_freq: int | None
    disp_freq: int | None
