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
OWN = ("vocabulary.txt", "model.npz", "checkpoint.npz", "log.jsonl", "loss.png")  # besides run.json


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

    def save_recipe(self, recipe):
        """Put a changed recipe into run.json."""
        self.recipe, self.about = recipe, self.about | {"recipe": dataclasses.asdict(recipe)}
        describe(self.path, self.about)

    def save_best(self, model):
        files.write(self.file("model.npz"), files.npz(arrays_of(model)))

    def load_best(self):
        """The model of ``model.npz``, on the CPU."""
        arrays = files.read_npz(self.file("model.npz"))
        fit(arrays, self.sizes.shapes(), self.file("model.npz"))
        model = self.new_model()
        chainer.serializers.NpzDeserializer(arrays).load(model)
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

    def load_checkpoint(self):
        """The ``Checkpoint`` of this run, its sizes checked."""
        path = self.file("checkpoint.npz")
        checkpoint = Checkpoint(path, files.read_npz(path))
        fit(checkpoint.under("model/"), self.sizes.shapes(), path)
        return checkpoint


class Checkpoint:
    """The saved state of a training."""

    def __init__(self, path, arrays):
        self.path, self.arrays = path, arrays

    def under(self, prefix):
        return {name.removeprefix(prefix): a for name, a in self.arrays.items() if name.startswith(prefix)}

    def restore(self, model, optimizer):
        """Put the state back into a model of the run's sizes and its optimiser; returns the ``meta`` that was saved."""
        shapes = {name: param.shape for name, param in sorted(model.namedparams())}
        try:
            chainer.serializers.NpzDeserializer(self.under("model/")).load(model)
            if int(self.arrays["optimizer/t"]):  # before the first update there are no moments
                chainer.serializers.NpzDeserializer(self.under("optimizer/")).load(optimizer)
            meta = json.loads(self.arrays["meta"].tobytes())
            model.rng.bit_generator.state = meta.pop("rng")
        except (KeyError, ValueError, TypeError, RecursionError) as error:
            raise UserError(f"{self.path}: damaged, or no checkpoint of this program: {error!r}") from None
        moments = {name: a for name, a in self.under("optimizer/").items() if a.shape}
        fit(moments, {name: shapes["/" + name.rpartition("/")[0]] for name in moments}, self.path)
        state = {name: a for name, a in self.arrays.items() if name.startswith("state/")}
        if state:
            batch = len(state.get("state/c1", ()))
            fit(state, {f"state/{name}": (batch, model.sizes.units) for name in STATE}, self.path)
            model.set_state([state[f"state/{name}"] for name in STATE])
        return meta


def create(path, about, words):
    """Make a run directory; ``about`` is run.json without format and versions."""
    about = {"format": FORMAT, **about, "versions": versions()}
    try:
        os.makedirs(path, exist_ok=True)
        for name in OWN:  # of a run that --force replaces
            if os.path.exists(os.path.join(path, name)):
                os.unlink(os.path.join(path, name))
    except OSError as error:
        raise UserError(f"{path}: cannot be made: {error.strerror}") from None
    files.write(os.path.join(path, "vocabulary.txt"), words.dump())
    describe(path, about)
    return Run(path, about, words)


def describe(path, about):
    files.write(os.path.join(path, "run.json"), json.dumps(about, indent=1).encode() + b"\n")


def exists(path):
    return os.path.exists(os.path.join(path, "run.json"))


def in_use(path):
    """The first name in a folder that a new run would replace, or None."""
    return next((name for name in ("run.json", *OWN) if os.path.exists(os.path.join(path, name))), None)


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
    return dict(sorted(serializer.target.items()))  # Chainer keeps names in sets, whose order changes with the process


def fit(arrays, shapes, path):
    """Raise ``UserError`` unless the arrays have these names and shapes, and hold finite floating-point numbers."""
    odd = sorted(arrays.keys() ^ shapes.keys())
    if odd:
        raise UserError(f"{path}: does not fit its run: {odd[0]} is {'missing' if odd[0] in shapes else 'not known'}")
    for name, array in arrays.items():
        if array.shape != shapes[name] or array.dtype.kind != "f":
            raise UserError(f"{path}: does not fit its run: {name} is {array.dtype} {array.shape}, not {shapes[name]}")
        if not numpy.isfinite(array).all():
            raise UserError(f"{path}: damaged: {name} holds values that are not finite")
