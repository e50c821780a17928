"""The run directory: all that a training leaves, and all that generating or going on with it needs.

run.json         kind, tokeniser, sizes, recipe, corpus and its report, versions
vocabulary.txt   one word a line, its id the line number
model.npz        the weights that did best on the validation text
checkpoint.npz   the whole state of the training: weights, moments, LSTM state, position, generators, history
log.jsonl        a line an epoch
loss.png         the curves
"""

import dataclasses
import json
import os
import platform

import numpy

import rnn
from compat import chainer
from corpus import vocabulary
from errors import UserError
from training import files

FORMAT = 1
STATE = ("c1", "h1", "c2", "h2")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a model is trained; saved with its weights."""

    epoch: int = 50
    batchsize: int = 20
    bproplen: int = 35
    gradclip: float = 5.0
    optimizer: str = "adam"
    lr: float = 0.002
    lr_decay: float = 0.5
    patience: int = 5
    seed: int = 0


class Run:
    """A run directory that exists."""

    def __init__(self, path, about, words):
        self.path, self.about, self.vocabulary = path, about, words
        self.sizes = rnn.Sizes(**about["sizes"])
        self.recipe = Recipe(**about["recipe"])

    def file(self, name):
        return os.path.join(self.path, name)

    def save_best(self, model):
        files.write(self.file("model.npz"), files.npz(arrays_of(model)))

    def load_best(self):
        """The model of ``model.npz``, on the CPU."""
        model = self.new_model()
        put_arrays(model, files.read_npz(self.file("model.npz")), self.file("model.npz"))
        return model

    def new_model(self):
        """A model of this run's sizes with the weights that its seed gives."""
        return rnn.RNN(self.sizes, numpy.random.default_rng(self.recipe.seed))

    def save_checkpoint(self, model, optimizer, meta):
        """Save the training's state; ``meta`` is what JSON can hold."""
        arrays = {f"model/{name}": array for name, array in arrays_of(model).items()}
        arrays |= {f"optimizer/{name}": array for name, array in arrays_of(optimizer).items()}
        for name, array in zip(STATE, model.get_state() or (), strict=False):
            arrays[f"state/{name}"] = chainer.backends.cuda.to_cpu(array)
        meta = meta | {"rng": model.rng.bit_generator.state}
        arrays["meta"] = numpy.frombuffer(json.dumps(meta).encode(), numpy.uint8)
        files.write(self.file("checkpoint.npz"), files.npz(arrays))

    def load_checkpoint(self, model, optimizer):
        """Put a saved state back into a model and its optimiser; returns ``meta``."""
        path = self.file("checkpoint.npz")
        arrays = files.read_npz(path)
        try:
            meta = json.loads(arrays.pop("meta").tobytes())
            model.rng.bit_generator.state = meta.pop("rng")
        except (KeyError, ValueError, TypeError) as error:
            raise UserError(f"{path}: damaged, or no checkpoint of this program: {error!r}") from None
        put_arrays(model, _under("model/", arrays), path)
        put_arrays(optimizer, _under("optimizer/", arrays), path)
        state = _under("state/", arrays)
        model.set_state([state[name] for name in STATE] if state else None)
        return meta


def create(path, about, words):
    """Make a run directory; ``about`` is run.json without format and versions."""
    about = {"format": FORMAT, **about, "versions": versions()}
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path}: cannot be made: {error.strerror}") from None
    for name in ("model.npz", "checkpoint.npz", "log.jsonl", "loss.png"):  # of a run that --force replaces
        if os.path.exists(os.path.join(path, name)):
            os.unlink(os.path.join(path, name))
    files.write(os.path.join(path, "vocabulary.txt"), words.dump())
    files.write(os.path.join(path, "run.json"), json.dumps(about, ensure_ascii=False, indent=1).encode() + b"\n")
    return Run(path, about, words)


def exists(path):
    return os.path.exists(os.path.join(path, "run.json"))


def load(path):
    """Open a run directory; raises ``UserError`` for one that is damaged, foreign, or of a newer program."""
    name = os.path.join(path, "run.json")
    if not exists(path):
        raise UserError(f"{path}: not a run (it holds no run.json; train.py -o {path} makes one)")
    try:
        with open(name, encoding="utf-8") as stream:
            about = json.load(stream)
        form = about["format"]
        if isinstance(form, int) and form > FORMAT:
            raise UserError(f"{name}: of format {form}, newer than this program's {FORMAT}: update Tsuzuri")
        if form != FORMAT:
            raise ValueError(f"format {form!r}")
        words = vocabulary.load(os.path.join(path, "vocabulary.txt"))
        run = Run(path, about, words)
        if run.sizes.words != len(words):
            raise ValueError(f"{run.sizes.words} words, but {len(words)} in vocabulary.txt")
        if not isinstance(run.sizes.units, int) or run.sizes.units < 1:
            raise ValueError(f"{run.sizes.units!r} units")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{name}: damaged, or not a run of this program: {error}") from None
    return run


def versions():
    """What the run was made with, for the record."""
    return {"python": platform.python_version(), "numpy": numpy.__version__, "chainer": chainer.__version__}


def arrays_of(target):
    """The arrays of a Chainer link or optimiser by path, such as ``l1_x/W``, named as in ``serializers.save_npz``."""
    serializer = chainer.serializers.DictionarySerializer()
    serializer.save(target)
    return serializer.target


def put_arrays(target, arrays, path):
    """Load ``arrays_of`` into a link or optimiser; names, shapes and types must be its own."""
    own = arrays_of(target)
    if own.keys() != arrays.keys():
        odd = sorted(own.keys() ^ arrays.keys())
        raise UserError(f"{path}: does not fit its run: {odd[0]} is {'missing' if odd[0] in own else 'not known'}")
    for name, array in own.items():
        theirs = arrays[name]
        if theirs.shape != array.shape or theirs.dtype.kind != array.dtype.kind:
            found, wanted = (f"{a.dtype} {a.shape}" for a in (theirs, array))
            raise UserError(f"{path}: does not fit its run: {name} is {found}, not {wanted}")
        if theirs.dtype.kind == "f" and not numpy.isfinite(theirs).all():
            raise UserError(f"{path}: damaged: {name} holds values that are not finite")
    chainer.serializers.NpzDeserializer(arrays).load(target)


def _under(prefix, arrays):
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
