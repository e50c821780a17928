"""Runs of text and of music as a notebook uses them: what their models write, and how well they predict it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from typing_extensions import Unpack

from tsuzuri.api.arguments import as_list, options_in_python, path_text, warn, whole_count
from tsuzuri.api.drawing import generating_options
from tsuzuri.api.music_copies import MusicCopies, new_events
from tsuzuri.api.music_generation import GeneratedMusic
from tsuzuri.api.novelty import Novelty
from tsuzuri.api.option_types import GenerateOptions
from tsuzuri.api.piece import Piece
from tsuzuri.api.prompts import Prompt
from tsuzuri.api.scored_inputs import words_of_bytes, words_of_file, words_of_text
from tsuzuri.api.scoring import ScoredText, score_words, scored_text
from tsuzuri.api.text_copies import TextCopies
from tsuzuri.api.text_generation import GeneratedTexts
from tsuzuri.api.trained_run import TrainedRun
from tsuzuri.errors import UserError
from tsuzuri.midi.compose import beginning_of_midi, read_beginning
from tsuzuri.midi.words.settings import settings_from_json
from tsuzuri.options.generate import TABLES
from tsuzuri.options.resolve import read_options
from tsuzuri.options.values import shown
from tsuzuri.text.tokenizers import tokenizer_of_run
from tsuzuri.training.run import Run

ELSEWHERE = {  # options of generate.py that have another place here, and where
    "run": "the run is this one",
    "model": "the run is this one",
    "word": "the prime is the first argument",
    "primetext": "the prime is the first argument",
    "prompts": "generate_each(primes, ...) takes several",
    "num_samples": "generate_many(count, ...) generates several",
    "out": "save what is returned",
    "novelty": "novelty(...) of the run tells of what is returned",
    "force": "save what is returned",
    "words": "a piece has its words",
    "plot": "a piece has plot() and save()",
    "wav": "a piece has save()",
    "soundfont": "a piece's save() takes it",
    "score": "score(text) scores a text",
    "adapt": "score(text, adapt=True) has it",
    "json": "score(text) returns what it says",
}


class TextRun(TrainedRun):
    """A language model of text.

    >>> run = tsuzuri.load("runs/novel")  # doctest: +SKIP
    >>> run.generate("ホームズ", sentences=5, temperature=0.8, seed=1)  # doctest: +SKIP
    'ホームズは…'
    """

    def generate(self, prime: str = "", **options: Unpack[GenerateOptions]) -> str:
        """A new text that begins with ``prime``.

        The options are those of ``generate.py`` with underscores: ``sentences``, ``length``, ``temperature``,
        ``top_k``, ``top_p``, ``seed``, ``unk`` ("skip" or "nearest" for words that the model does not know),
        ``stop``, ``best_of``, ``brackets``, ``signs``, ``escape``, ``device`` and so on. The same seed gives the
        same text. Raises ``UserError``.
        """
        return self.generate_many(1, prime, **options)[0]

    def generate_many(self, count: int, prime: str = "", **options: Unpack[GenerateOptions]) -> list[str]:
        """``count`` different texts, drawn side by side, which is faster than one after the other."""
        with options_in_python():
            return self._texts(prime, options, count).texts()

    def generate_each(self, primes: Sequence[str], **options: Unpack[GenerateOptions]) -> list[str]:
        """A new text for each of ``primes``, in their order, all drawn side by side. Raises ``UserError``.

        >>> run.generate_each(["ホームズ", "ワトソン"], sentences=1)  # doctest: +SKIP
        ['ホームズは…', 'ワトソンは…']
        """
        with options_in_python():
            args, listed = _options(self._run, options, 1), as_list(primes, "primes", "a list of texts")
            if not listed or not all(isinstance(prime, str) for prime in listed):
                raise UserError(f"primes: is {shown(listed)}, must be a list of one text or more")
            prompts = [Prompt(f"primes[{n}]", prime) for n, prime in enumerate(listed)]
            return GeneratedTexts(self._run, "", args, warn, prompts).texts()

    def stream(self, prime: str = "", **options: Unpack[GenerateOptions]) -> Iterator[str]:
        """Yield the text of ``generate`` word by word, each as soon as it is drawn, with the space before it."""
        with options_in_python():
            texts = self._texts(prime, options, 1)
        return _and_then(texts.stream(), texts.tell)

    def score(
        self, text: str | os.PathLike[str], *, cache: bool = False, adapt: bool = False, device: str = "auto"
    ) -> ScoredText:
        """How well the best model predicts a text, word by word; a ``pathlib.Path`` names a file that holds it.

        The text is read as one of the corpus, and every line end is predicted too. ``cache`` makes likelier what the
        text had lately, ``adapt`` lets the model learn from what it has read: docs/scoring.md. Raises ``UserError``.

        >>> tsuzuri.load("runs/novel").score("灯台は海にあった。").perplexity  # doctest: +SKIP
        84.3
        """
        with options_in_python():
            if not isinstance(text, str | os.PathLike):
                raise UserError(f"text: is {shown(text)}, must be a text, or a path as pathlib has it")
            run = self._run
            words = words_of_text(run, text) if isinstance(text, str) else words_of_file(run, path_text(text), warn)
            return scored_text(run, score_words(run, words, cache=cache, adapt=adapt, device=device), words)

    def novelty(self, text: str, prime: str = "") -> Novelty:
        """How new a text is: what of it the run was trained on, word by word; of its beginning ``prime`` nothing is.

        Raises ``UserError``, also where the run does not keep its corpus and the files of it are gone.

        >>> run.novelty(run.generate("ホームズ", seed=1), "ホームズ").longest.length  # doctest: +SKIP
        6
        """
        for name, value in (("text", text), ("prime", prime)):
            if not isinstance(value, str):
                raise UserError(f"{name}: is {shown(value)}, must be a text")
        words, begun = (self._copies.split(part) for part in (text, prime))
        if words[: len(begun)] != begun:
            raise UserError(f"prime: is {shown(prime)!r}, must be what the text begins with, in whole words")
        with options_in_python():
            return self._copies.novelty(words[len(begun) :])

    @functools.cached_property
    def _copies(self) -> TextCopies:
        return TextCopies(self._run, tokenizer_of_run(self._run.about, self._run.subwords))

    def _texts(self, prime: str, options: Mapping[str, object], count: int) -> GeneratedTexts:
        args = _options(self._run, options, count)
        if not isinstance(prime, str):  # a path neither: it would be taken for a text
            raise UserError(f"prime: is {shown(prime)}, must be a text")
        return GeneratedTexts(self._run, prime, args, warn)


class MusicRun(TrainedRun):
    """A language model of music.

    >>> tune = tsuzuri.load("runs/folk").generate(bars=16, seed=1)  # doctest: +SKIP
    >>> tune.save("tune.mid")  # doctest: +SKIP
    """

    def generate(self, prime: str | os.PathLike[str] | Piece = "", **options: Unpack[GenerateOptions]) -> Piece:
        """A new piece that begins with ``prime``: a ``Piece``, words, or the path of a MIDI file.

        The options are those of ``generate.py`` with underscores: ``bars``, ``seconds`` or ``length`` (words),
        ``tempo``, ``program``, ``max_note``, ``temperature``, ``top_k``, ``top_p``, ``seed``, ``unk``, ``device``. The
        same seed gives the same piece. Raises ``UserError``.
        """
        return self.generate_many(1, prime, **options)[0]

    def generate_many(
        self, count: int, prime: str | os.PathLike[str] | Piece = "", **options: Unpack[GenerateOptions]
    ) -> list[Piece]:
        """``count`` different pieces, drawn side by side, which is faster than one after the other."""
        with options_in_python():
            music, args = self._music(prime, options, count)
            drawn = music.pieces()
        look = {"tempo": args["tempo"], "program": args["program"], "primed": music.primed}
        made_by = settings_from_json(music.settings)
        return [Piece(piece, **look, made_by=made_by) for piece in drawn]

    def stream(self, prime: str | os.PathLike[str] | Piece = "", **options: Unpack[GenerateOptions]) -> Iterator[str]:
        """Yield the words of the piece that ``generate`` returns, each as soon as it is drawn."""
        with options_in_python():
            return self._music(prime, options, 1)[0].stream()

    def score(
        self, piece: str | os.PathLike[str] | Piece, *, cache: bool = False, adapt: bool = False, device: str = "auto"
    ) -> ScoredText:
        """How well the best model predicts a ``Piece``, or those in a MIDI file or a file of words, word by word.

        ``cache`` makes likelier what the piece had lately, ``adapt`` lets the model learn from what it has read:
        docs/scoring.md. Raises ``UserError``.

        >>> tsuzuri.load("runs/folk").score("a.mid").bits_per_note  # doctest: +SKIP
        4.2
        """
        with options_in_python():
            if not isinstance(piece, str | os.PathLike | Piece):
                raise UserError(f"piece: is {shown(piece)}, must be a piece, or the path of a MIDI file")
            run = self._run
            if isinstance(piece, Piece):
                words = words_of_bytes(run, piece.midi(), piece.name)
            else:
                words = words_of_file(run, path_text(piece), warn)
            return scored_text(run, score_words(run, words, cache=cache, adapt=adapt, device=device), words)

    def novelty(self, piece: str | os.PathLike[str] | Piece, prime: str | os.PathLike[str] | Piece = "") -> Novelty:
        """How new a piece is: which melodies of it the run was trained on, in whatever key; of its ``prime`` none is.

        Both are a ``Piece``, words, or the path of a MIDI file. Raises ``UserError``, also where the run does not keep
        its corpus and the files of it are gone.

        >>> print(run.novelty(run.generate("intro.mid", bars=16), "intro.mid"))  # doctest: +SKIP
        """
        _check_music("piece", piece)
        _check_music("prime", prime)
        with options_in_python():
            events = new_events(self._events(piece), self._events(prime))
            if events is None:
                named = prime.name if isinstance(prime, Piece) else shown(prime)
                raise UserError(f"prime: is {named}, must be what the piece begins with")
            return self._copies.novelty(events)

    def _events(self, piece: str | os.PathLike[str] | Piece) -> list[tuple[int, bytes]]:
        about = self._run.about["corpus"]["report"]["midi"]
        if isinstance(piece, Piece):
            return list(beginning_of_midi(piece.name, piece.midi(), about).events)
        return list(read_beginning(os.fspath(piece), about).events)

    @functools.cached_property
    def _copies(self) -> MusicCopies:
        return MusicCopies(self._run)

    def _music(self, prime: Any, options: Mapping[str, object], count: int) -> tuple[GeneratedMusic, dict[str, Any]]:
        args = _options(self._run, options, count)
        _check_music("prime", prime)
        if isinstance(prime, Piece):  # whose words may have been made by other settings than this run's
            return GeneratedMusic(self._run, prime.name, args, warn, prime.midi()), args
        return GeneratedMusic(self._run, os.fspath(prime), args, warn), args


def _options(run: Run, options: Mapping[str, object], count: object) -> dict[str, Any]:
    """All options of a generation, checked."""
    given = read_options(TABLES, options)
    for name, instead in ELSEWHERE.items():  # by its name in the table, whatever spelling was given
        if name in given:
            raise UserError(f"{name}: not an option of generate: {instead}")
    return generating_options(run, {**given, "num_samples": whole_count(count)})


def _check_music(name: str, value: object) -> None:
    """Raise ``UserError`` for an argument that is no music."""
    if not isinstance(value, str | os.PathLike | Piece):
        raise UserError(f"{name}: is {shown(value)}, must be a piece, words, or the path of a MIDI file")


def _and_then(words: Iterator[str], call: Callable[[], None]) -> Iterator[str]:
    """Yield the words, and then call."""
    yield from words
    call()
