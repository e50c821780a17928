"""The run directory: all that a training leaves, and all that generating or going on with it needs.

run.json         its id, kind, tokenizer, sizes, recipe, corpus and its report, the vocabulary's SHA-256, versions
vocabulary.txt   one word a line, its id the line number
model.npz        the weights that did best on validation, and the run's id, as ``run``; of a classifier also its errors,
                 as ``history_errs``
checkpoint.npz   the whole state of the training: weights, moments, LSTM state, position, generators, history
corpus.npz       the words that a language model is trained on, for what it copies of them; may be left out
log.jsonl        a line a validation
loss.png         the curves; of a classifier error.png, and confusion.png once it was evaluated
subwords.model   SentencePiece's model of the pieces that are words, where they were learned (--tokens subword)
texts.zip        the texts, where they were given as strings; of a classifier examples.csv
sample.mid       of music, the last sample that the training showed
tensorboard/     events for TensorBoard, where they were asked for
.lock            while a training is at work here, who that is

``description.py`` writes and reads run.json; ``schemas.py`` has what differs between a language model and a classifier.
"""

import contextlib
import dataclasses
import json
import os
import time

import numpy

from tsuzuri import storage
from tsuzuri.compat import chainer
from tsuzuri.errors import UserError, read_failure
from tsuzuri.text import vocabulary
from tsuzuri.text.subwords import Subwords
from tsuzuri.training import corpus_file, expected, staging
from tsuzuri.training.checkpoint import COUNTS, Checkpoint, arrays_of, check_arrays, checkpoint_arrays
from tsuzuri.training.description import new_description, read_description
from tsuzuri.training.identity import MARK, check_description, check_digest, check_identity, identity_array
from tsuzuri.training.lock import RunLock
from tsuzuri.training.optimizers import OPTIMIZERS
from tsuzuri.training.schemas import LANGUAGE_MODEL, RUN_FILES, SUBWORDS

PATIENCE = 10  # seconds: a new run is put in place of an old one in much less


class Run:
    """A run by its ``path``; ``about`` is its run.json. It need not be on the disk yet: ``create`` puts it there.

    ``inputs`` are the bytes, by name, of what it was given to learn from, where that is in no file of its own;
    ``subwords`` those of the model of its tokenizer, where that was learned.
    ``lock`` is held as long as a training is at work on it.
    """

    lock: RunLock | None = None

    def __init__(self, path, about, words, schema, inputs=None, subwords=b""):
        self.path, self.about, self.vocabulary, self.schema = path, about, words, schema
        self.inputs, self.subwords = dict(inputs or {}), subwords
        self.sizes = schema.sizes(**about["sizes"])
        self.recipe = schema.recipe(**about["recipe"])

    @property
    def name(self):
        """The last part of its path, for titles."""
        return os.path.basename(os.path.abspath(self.path))

    def file(self, name):
        return os.path.join(self.path, name)

    def create(self, checkpoint):
        """Put a new run on the disk, with the bytes of its first checkpoint, in place of the one that may be there.

        The old one goes when all of the new is written; raises ``UserError`` and leaves it where that fails.
        """
        contents = {
            "vocabulary.txt": self.vocabulary.dump(),
            "checkpoint.npz": checkpoint,
            "log.jsonl": b"",
            **self.inputs,
            **({SUBWORDS: self.subwords} if self.subwords else {}),
            "run.json": self._json(),
        }
        with contextlib.nullcontext(self.lock) if self.lock else RunLock(self.path) as lock:
            staging.put_files(lock, contents)
        self.inputs = {}  # they are on the disk, and can be large

    def save_recipe(self, recipe):
        """Put a changed recipe into run.json."""
        self.recipe = recipe
        self.save_about({"recipe": dataclasses.asdict(recipe)})

    def save_about(self, changed):
        """Put changed parts into run.json."""
        self.about = self.about | changed
        storage.write_file(self.file("run.json"), self._json())

    def _json(self):
        return json.dumps(self.about, indent=1).encode() + b"\n"

    def save_best(self, model, extras=None):
        """Save the weights, and other arrays, ``extras``, beside them.

        Raises ``UserError`` and leaves the old file where any weight is not finite.
        """
        self._write("model.npz", self._finite("model.npz", arrays_of(model)) | (extras or {}))

    def save_extras(self, extras):
        """Put arrays beside the best weights, which stay as they are."""
        self._write("model.npz", self.best_arrays() | extras)

    def best_arrays(self):
        """The weights of ``model.npz`` by name; there are none before the first validation.

        A snapshot of another program, which says of no run that it is its, may be in its place.
        """
        if os.path.exists(self.file("checkpoint.npz")) and not os.path.exists(self.file("model.npz")):
            raise UserError(f"{self.path}: holds no trained model yet (--resume goes on with its training)")
        path = self.file("model.npz")
        arrays, mark = self._load_arrays(path, expected.arrays_of_model(self))
        arrays = {name: array for name, array in arrays.items() if name not in self.schema.extras}
        check_arrays(arrays, self.sizes.shapes(), path)
        self._check_mark(path, mark)
        return arrays

    def load_best(self):
        """The model of ``model.npz``, on the CPU."""
        arrays = self.best_arrays()
        model = self.new_model()
        chainer.serializers.NpzDeserializer(arrays).load(model)
        return model

    def new_model(self):
        """A model of this run's sizes with the weights that its seed gives."""
        return self.schema.build(self)

    def save_checkpoint(self, model, optimizer, meta, average=None):
        """Save the training's state, unless it is not finite; ``meta`` is that of a ``State``."""
        storage.write_file(self.file("checkpoint.npz"), self.encode_checkpoint(model, optimizer, meta, average))

    def encode_checkpoint(self, model, optimizer, meta, average=None):
        """The bytes of a checkpoint; raises ``UserError`` where the training's state is not finite."""
        arrays = checkpoint_arrays(model, optimizer, meta, self.schema.carried(self.sizes), average)
        return storage.encode_npz(self._finite("checkpoint.npz", arrays) | identity_array(self.about["id"]))

    def load_checkpoint(self):
        """The ``Checkpoint`` of this run, to go on with: checked against it, but for the optimizer's arrays."""
        path = self.file("checkpoint.npz")
        states = OPTIMIZERS[self.recipe.optimizer].kind.states
        arrays, mark = self._load_arrays(path, expected.arrays_of_checkpoint(self, COUNTS, states))
        carried = self.schema.carried(self.sizes)
        checkpoint = Checkpoint(path, arrays, self.schema, carried)
        check_arrays(checkpoint.under("model/"), self.sizes.shapes(), path)
        if expected.averaged(self.recipe):
            check_arrays(checkpoint.under("average/"), self.sizes.shapes(), path)
        state = checkpoint.under("state/")
        if state:
            check_arrays(state, {name: (self.recipe.batchsize, width) for name, width in carried.items()}, path)
        if self.about["id"] and mark is None:
            raise UserError(f"{path}: not of the run that run.json describes: it says of no run that it is its")
        self._check_mark(path, mark)
        if os.path.exists(self.file("model.npz")):  # which is kept as it is until there is a better one
            best = self.file("model.npz")
            self._check_mark(best, self._load_arrays(best, expected.arrays_of_model(self))[1])
        return checkpoint

    def keep_corpus(self, ids, places):
        """Let a new run keep the training part of its corpus; see ``corpus_file.TrainedOn``."""
        kept = corpus_file.TrainedOn(ids, places)
        self.inputs[corpus_file.NAME] = corpus_file.encode_corpus(kept, len(self.vocabulary), self.about["id"])

    def load_corpus(self):
        """The ``TrainedOn`` that the run keeps, or None: runs from before keep none."""
        path = self.file(corpus_file.NAME)
        return corpus_file.load_corpus(path, self.about) if os.path.exists(path) else None

    def _load_arrays(self, path, most):
        """The arrays of an .npz, of which ``most`` may be there, and that which says whose they are, or None."""
        arrays = storage.load_npz(path, most)
        return arrays, arrays.pop(MARK, None) if self.about["id"] else None

    def _check_mark(self, path, mark):
        check_identity(path, mark, self.about["id"])

    def _finite(self, file, arrays):
        for name, array in arrays.items():
            if not numpy.isfinite(array).all():
                old = " (the old file is kept)" if os.path.exists(self.file(file)) else ""
                raise UserError(f"{self.file(file)}: not written: {name} is not finite{old}")
        return arrays

    def _write(self, name, arrays):
        storage.write_file(self.file(name), storage.encode_npz(arrays | identity_array(self.about["id"])))


def new_run(path, about, words, schema, inputs=None, subwords=b""):
    """A run that is not yet on the disk; ``about`` is run.json without format, id, digests and versions."""
    return Run(path, new_description(about, words.dump(), subwords), words, schema, inputs, subwords)


def occupied_by(path):
    """The first name in a folder that a new run would replace, or None."""
    staging.settle_run(path)
    return next((name for name in ("run.json", *RUN_FILES) if os.path.exists(os.path.join(path, name))), None)


def load_run(path, *schemas):
    """Open a run directory of one of the ``schemas``, a language model's unless others are named.

    Raises ``UserError`` for one that is damaged, foreign, or of a newer program.
    """
    schemas = schemas or (LANGUAGE_MODEL,)
    until = time.monotonic() + PATIENCE
    while True:
        staging.settle_run(path)
        before = _version_of(path)
        try:
            return _load_run(path, schemas)
        except UserError:
            if _version_of(path) == before or time.monotonic() > until:
                raise  # else it was replaced while it was read


def _version_of(path):
    """What tells one run.json at a path from the next, None where there is none."""
    try:
        found = os.stat(os.path.join(path, "run.json"))
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _load_run(path, schemas):
    name = os.path.join(path, "run.json")
    if not os.path.exists(path):
        raise UserError(f"{path}: no such folder: must be a run (training {schemas[0].noun} makes one)")
    if not os.path.exists(name):
        raise UserError(f"{path}: not a run (it holds no run.json; training {schemas[0].noun} makes one)")
    try:
        about, schema = read_description(path, name, schemas)
        words = vocabulary.load_vocabulary(os.path.join(path, "vocabulary.txt"), about["sizes"]["words"])
        run = Run(path, about, words, schema)
        if run.sizes.words != len(words):
            raise ValueError(f"sizes.words is {run.sizes.words}, but vocabulary.txt has {len(words)}")
    except OSError as error:
        raise UserError(f"{name}: {read_failure(error)}") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{name}: damaged, or not a run of this program: {error}") from None
    check_digest(run.file("vocabulary.txt"), words.dump(), about["vocabulary"])
    if about["subwords"]:
        run.subwords = _load_subwords(run.file(SUBWORDS), about["subwords"], words)
    check_description(name, about)
    return run


def _load_subwords(path, wanted, words):
    """The bytes of the model whose pieces are the ``words``."""
    try:
        data = storage.read_regular(path, expected.SUBWORDS)
    except OSError as error:
        raise UserError(f"{path}: {read_failure(error)}") from None
    check_digest(path, data, wanted)
    try:
        pieces = Subwords(data).words
    except ValueError as error:
        raise UserError(f"{path}: damaged, or not a model of subwords: {error}") from None
    if sorted(pieces) != sorted(words.words[len(vocabulary.SPECIAL) :]):
        raise UserError(f"{path}: not of the run that run.json describes: its pieces are not in vocabulary.txt")
    return data
