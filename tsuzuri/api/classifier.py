"""A classifier as a notebook uses it: the classes of texts and tunes, what decided, and how good it is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, overload

import numpy
from typing_extensions import Unpack

from tsuzuri.api.arguments import as_list, options_in_python, plain_value
from tsuzuri.api.given_texts import examples_as_file, paths_or_pairs
from tsuzuri.api.labeled_examples import check_given_as_pairs, examples_to_evaluate
from tsuzuri.api.option_types import EvaluateOptions, PredictOptions
from tsuzuri.api.pictures import Picture
from tsuzuri.api.piece import Piece
from tsuzuri.api.trained_run import TrainedRun
from tsuzuri.data import preprocessing
from tsuzuri.data.preprocessing import Passage
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.midi.words import convert
from tsuzuri.options import classify
from tsuzuri.options.resolve import defaults, read_options
from tsuzuri.options.values import TEXT
from tsuzuri.training import metrics, plots
from tsuzuri.training.classification import score
from tsuzuri.training.predictor import Predictor

TEXTS = "a text, a tune, or a list of them"  # what can be predicted
BATCH = 256  # texts that are read at once
Path = str | os.PathLike[str]
Text = str | os.PathLike[str] | Piece  # what has a class


class Prediction(NamedTuple):
    """The class of a text or tune.

    ``label`` is the likeliest class and ``probability`` its probability, 0 to 1; ``probabilities`` has that of every
    class. ``shares`` are (word, share) pairs where an explanation was asked for: what each word did for the label.
    A text without words has the label None.
    """

    text: str
    label: str | None
    probability: float
    probabilities: dict[str, float]
    shares: list[tuple[str, float]] | None = None


class Evaluation(NamedTuple):
    """How good a classifier is on examples.

    ``accuracy`` is a share of 0 to 1, ``matrix`` counts (class, guess) pairs in the order of ``classes``, ``report`` is
    a table for people.
    """

    accuracy: float
    matrix: list[list[int]]
    classes: list[str]
    report: str

    def plot(self, title: str = "") -> Picture:
        """The confusion matrix as a picture."""
        title = plain_value("title", TEXT, title)
        return Picture(plots.plot_confusion(numpy.array(self.matrix), self.classes, title))


class Classifier(TrainedRun):
    """A classifier of texts or tunes.

    >>> mood = tsuzuri.load("runs/mood")  # doctest: +SKIP
    >>> [guess.label for guess in mood.predict(["孫が生まれました。", "まだ返事がない。"])]  # doctest: +SKIP
    ['嬉しい', '怒り']
    """

    @property
    def classes(self) -> list[str]:
        """The names of the classes."""
        return list(self._run.about["classes"])

    @overload
    def predict(self, texts: Text, **options: Unpack[PredictOptions]) -> Prediction: ...  # type: ignore[overload-overlap]
    @overload
    def predict(self, texts: Iterable[Text], **options: Unpack[PredictOptions]) -> list[Prediction]: ...
    def predict(self, texts: Any, **options: Any) -> Prediction | list[Prediction]:
        """The class of a text, or a list of those of several.

        A classifier of tunes takes pieces, and paths of MIDI files. The options are those of ``classify.py predict``:
        ``explain=True`` measures each word's share in the decision, ``by`` says how ("leave-one-out" or "gradient"),
        ``device``. Raises ``UserError``.
        """
        given = read_options(classify.PREDICT, options)
        other = given.keys() - {"explain", "by", "device"}
        if other:
            raise UserError(f"{min(other)}: not an option of predict, which has explain, by and device")
        if "by" in given and "explain" not in given:
            raise UserError("by: is for explain=True")
        args = defaults(classify.PREDICT) | given
        single = isinstance(texts, str | os.PathLike | Piece)
        with options_in_python():
            guesses = self._predict([texts] if single else as_list(texts, "texts", TEXTS), args)
        return guesses[0] if single else guesses

    def _predict(self, texts: Sequence[Any], args: dict[str, Any]) -> list[Prediction]:
        words = preprocessing.preprocessor_of_run(self._run.about)
        model = Predictor(self._run, devices.choose(args["device"]))  # by the weights on the disk, as all else here
        by = args["by"] if args["explain"] else None
        guesses: list[Prediction] = []
        for start in range(0, len(texts), BATCH):
            part = texts[start : start + BATCH]
            batch = [self._passage(words, text, f"texts[{start + n}]") for n, text in enumerate(part)]
            rows = model.probabilities([passage.words for passage in batch])
            guesses += [self._prediction(model, passage, p, by) for passage, p in zip(batch, rows, strict=True)]
        return guesses

    def _passage(self, words: preprocessing.Preprocessor, text: object, name: str) -> Passage:
        """What the model reads of a text, or of a tune."""
        if words.midi is None:
            if not isinstance(text, str):
                raise UserError(f"{name}: is {text!r}, must be a string")
            return words.passage(text)
        if isinstance(text, Piece):
            return words.tune(convert.convert_file(text.name, text.midi(), words.midi).pieces[0])
        if not isinstance(text, str | os.PathLike):
            raise UserError(f"{name}: is {text!r}, must be a piece or the path of a MIDI file")
        tunes, _ = words.tunes([os.fspath(text)])
        if len(tunes) > 1:
            raise UserError(f"{os.fspath(text)}: holds {len(tunes)} tunes, must be one")
        return tunes[0]

    def _prediction(self, model: Predictor, passage: Passage, p: Any, by: str | None) -> Prediction:
        if p is None:
            return Prediction(passage.text, None, 0.0, dict.fromkeys(self.classes, 0.0), [] if by else None)
        guess = int(p.argmax())
        shares = None
        if by:
            values = model.shares(passage.words, guess, by).tolist()
            shares = list(zip(model.read(passage.words), values, strict=True))
        odds = dict(zip(self.classes, p.tolist(), strict=True))
        return Prediction(passage.text, self.classes[guess], float(p[guess]), odds, shares)

    def evaluate(
        self,
        examples: Path | Iterable[Path] | Iterable[tuple[str, str]] | None = None,
        **options: Unpack[EvaluateOptions],
    ) -> Evaluation:
        """How good it is on labeled examples, as ``train_classifier`` takes them; on those held out for test if None.

        The options are those of ``classify.py evaluate``. Raises ``UserError``.
        """
        given = read_options(classify.EVALUATE, dict(options))
        other = given.keys() & {"run", "corpus", "out"}
        if other:
            raise UserError(f"{min(other)}: not an option of evaluate, which takes examples and returns what it finds")
        paths, pairs = paths_or_pairs(examples)
        if examples is not None and not (paths or pairs):
            raise UserError("examples: are none: leave them out for those that were held out for test")
        with contextlib.ExitStack() as stack, options_in_python():
            if pairs is not None:
                check_given_as_pairs(given)
                given |= stack.enter_context(examples_as_file(pairs)).options
            elif paths:
                given |= read_options(classify.EVALUATE, {"corpus": paths})
            part = examples_to_evaluate(self._run, given)
            model = self._run.load_best()
            model.to_device(devices.choose(given.get("device", "cpu")))
        report, matrix = score(model, part, self.classes)
        return Evaluation(metrics.class_scores(matrix).accuracy, matrix.tolist(), self.classes, report)
