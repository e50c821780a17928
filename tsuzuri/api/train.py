"""``tsuzuri.train`` and ``tsuzuri.train_classifier``: from files or strings to a run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from typing_extensions import Unpack

from tsuzuri.api.arguments import options_in_python
from tsuzuri.api.classifier import Classifier
from tsuzuri.api.given_texts import paths_or_pairs
from tsuzuri.api.listening import Stop, call_interruptibly, listening, wish_to_stop
from tsuzuri.api.loading import load
from tsuzuri.api.option_types import ClassifierOptions, ResumeOptions, TrainOptions
from tsuzuri.api.preparation import CORPUS, Preparation
from tsuzuri.api.prepare_classifier import CLASSIFIER_PREPARATION
from tsuzuri.api.prepare_language_model import LANGUAGE_MODEL_PREPARATION
from tsuzuri.api.runs import MusicRun, TextRun
from tsuzuri.errors import UserError, enough_memory
from tsuzuri.options import classify
from tsuzuri.options.resolve import read_options
from tsuzuri.options.train import TABLES
from tsuzuri.options.values import shown
from tsuzuri.training.log import Event

LONGEST_NAME = 255  # characters of a file's name
Path = str | os.PathLike[str]


def train(
    corpus: Path | Iterable[Path] = (),
    out: Path | None = None,
    *,
    texts: Iterable[str] | None = None,
    callback: Callable[[Event], object] | None = None,
    stop: Stop | None = None,
    **options: Unpack[TrainOptions],
) -> TextRun | MusicRun:
    """Train a language model on text or MIDI files, or on strings, and return its run.

    ``corpus`` names files, .zip archives of texts and folders; ``texts`` are strings in its place, which the run keeps.
    ``out`` is the run directory. The other options are those of ``train.py`` with underscores, such as ``epoch``,
    ``unit``, ``dropout``, ``lr``, ``seed``, ``transpose=(-5, 6)``; docs/options.md has them all. ``force=True``
    replaces a run that is there, ``resume=True`` goes on with it.

    A bar shows how far it is where there is a terminal or a notebook. ``callback(event)`` gets every ``Event``, in the
    thread that trains: with ``kind`` "epoch" ``event.entry`` has the losses. A training is stopped by ``stop``, a
    ``threading.Event`` or a function that returns true, by Ctrl-C, and by a notebook's stop button: all of them save
    first, and ``train(out=..., resume=True)`` goes on to the last bit.

    Raises ``tsuzuri.UserError``, with one line that says what is wrong and what is allowed.

    >>> run = tsuzuri.train(["novel.txt"], "runs/novel", epoch=20)  # doctest: +SKIP
    >>> print(run.generate("ホームズ", sentences=3))  # doctest: +SKIP
    ホームズは…
    """
    given = read_options(TABLES, _with(options, corpus=corpus, out=out))
    _check_paths(given.get("corpus", ()))
    run = _train(LANGUAGE_MODEL_PREPARATION, given, texts, callback, stop)
    assert isinstance(run, TextRun | MusicRun)
    return run


def train_classifier(
    examples: Path | Iterable[Path] | Iterable[tuple[str, str]] = (),
    out: Path | None = None,
    *,
    callback: Callable[[Event], object] | None = None,
    stop: Stop | None = None,
    **options: Unpack[ClassifierOptions],
) -> Classifier:
    """Train a classifier of texts or tunes on labeled examples, and return it.

    ``examples`` are (label, text) pairs, which the run keeps; or files of lines with a label, a tab and a text, tables,
    and folders that hold a folder for each class. ``out`` is the run directory. The other options are those of
    ``classify.py train`` with underscores, such as ``epoch``, ``unit``, ``dropout_words``, ``vectors``, ``seed``;
    docs/options.md has them all. The rest is as in ``train``.

    Raises ``tsuzuri.UserError``, with one line that says what is wrong and what is allowed.

    >>> mood = tsuzuri.train_classifier([("good", "a fine day"), ...], "runs/mood")  # doctest: +SKIP
    >>> mood.predict("what a fine evening").label  # doctest: +SKIP
    'good'
    """
    paths, pairs = paths_or_pairs(examples)
    given = read_options(classify.TRAIN, _with(options, corpus=paths, out=out))
    run = _train(CLASSIFIER_PREPARATION, given, pairs, callback, stop)
    assert isinstance(run, Classifier)
    return run


def resume(
    path: Path,
    *,
    callback: Callable[[Event], object] | None = None,
    stop: Stop | None = None,
    **options: Unpack[ResumeOptions],
) -> TextRun | MusicRun | Classifier:
    """Go on with a training that was stopped, or that is to have more epochs, and return its run.

    ``path`` is the run directory. The options are those that ``--resume`` can change: ``epoch``, ``patience``,
    ``device``, ``precision`` and a few more; and ``corpus``, ``valid``, ``test``, ``vectors`` where these files lie in
    another place by now. The rest is as in ``train``. Raises ``tsuzuri.UserError``.

    >>> run = tsuzuri.resume("runs/novel", epoch=40)  # doctest: +SKIP
    """
    for name in ("out", "resume"):
        if name in options:
            raise UserError(f"{name}: not an option of resume(), whose first argument is the run directory")
    again: dict[str, Any] = {**options, "out": path, "resume": True, "callback": callback, "stop": stop}
    if isinstance(load(path), Classifier):
        return train_classifier(again.pop("corpus", ()), **again)
    return train(**again)


def _train(
    kind: Preparation,
    given: Mapping[str, Any],
    strings: Any,
    callback: Callable[[Event], object] | None,
    stop: Stop | None,
) -> TextRun | MusicRun | Classifier:
    """Train until it ends or is stopped; ``given`` are options by name, ``strings`` stand in place of files."""
    stopped = wish_to_stop(stop)  # a wrong one is refused before the corpus is read
    with listening(callback) as listener, options_in_python():
        with enough_memory(CORPUS):
            prepared = kind.prepare(given, listener, strings)

        def work(either: Callable[[], bool]) -> None:
            with contextlib.closing(prepared):  # in the thread that trains: it may outlive a second Ctrl-C
                prepared.trainer(either, listener).train()

        call_interruptibly(work, stopped)
    return load(prepared.run.path)


def _with(options: Mapping[str, Any], **named: object) -> dict[str, Any]:
    """Options with those that have a parameter of their own, where they were given."""
    return {**options, **{name: value for name, value in named.items() if value is not None}}


def _check_paths(corpus: Iterable[str]) -> None:
    """Raise ``UserError`` for a text in place of a path."""
    for path in corpus:
        if "\n" in path or len(os.path.basename(path)) > LONGEST_NAME:
            raise UserError(f"corpus: {shown(path)!r} is no path of a file: texts=[...] takes strings")
