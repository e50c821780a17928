"""Music from a model: a grammar that lets only legal music through, and pieces grown by it to their end."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy

from tsuzuri.api.corpora import run_forms
from tsuzuri.api.drawing import Note, best_rows, draw_ids, no_choice_line, rows_for_each
from tsuzuri.api.music_copies import MelodyRun, MusicCopies, striking_words
from tsuzuri.api.music_opening import PieceOpening
from tsuzuri.api.novelty import Novelty, gave_way_line, trained_on
from tsuzuri.errors import UserError
from tsuzuri.midi import compose, timing
from tsuzuri.midi.compose import Beginning, MusicVocabulary
from tsuzuri.midi.following import FollowForm
from tsuzuri.midi.forms import unpack_forms
from tsuzuri.midi.grammar import Grammar, Lexicon
from tsuzuri.midi.words import codec, collect
from tsuzuri.midi.words.about import Opening
from tsuzuri.midi.words.convert import PieceWords
from tsuzuri.midi.words.settings import ONE, settings_from_json
from tsuzuri.sampling.novelty import CopyLimit
from tsuzuri.sampling.primes import Primes
from tsuzuri.sampling.scores import WordScores
from tsuzuri.training.run import Run

LIMITS = ("length", "bars", "seconds")


class GeneratedMusic:
    """Pieces that follow ``prime``, words or the path of a file, drawn from a ``run``'s model as ``args`` say.

    With ``midi``, the bytes of a MIDI file, ``prime`` is only its name. ``note`` is told of what the model does not
    know. ``primed`` is the tick up to which a piece is its prime, and ``settings`` those of the run's MIDI as JSON has
    them. Raises ``UserError`` for what is no prime.
    """

    def __init__(self, run: Run, prime: str, args: Mapping[str, Any], note: Note, midi: bytes | None = None) -> None:
        check_limits(args)
        try:
            about = collect.check_midi_report(run.about["corpus"]["report"]["midi"])
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{run.file('run.json')}: damaged, or not a run of this program: {error}") from None
        vocabulary, eos = MusicVocabulary(run.vocabulary.words), run.vocabulary.ids["<eos>"]
        if midi is None:
            self._beginning = compose.read_beginning(prime, about)
        else:
            self._beginning = compose.beginning_of_midi(prime, midi, about)
        self.primed = (self._beginning.events[-1][0] if self._beginning.events else 0) + self._beginning.rest
        self.settings = about["settings"]
        self._opening = PieceOpening(about, vocabulary, self._beginning, args)
        self._beginning = self._beginning._replace(events=self._opening.begun(self._beginning, about["division"]))
        opening = self._opening.opening
        self._grammar, self._length = start_grammar(args, about, self._beginning, vocabulary, eos, opening)
        if self._beginning.taken:
            note(f"note: the piece begins with a part of the file: {self._beginning.taken}")
        unknown = "nearest" if self._beginning.from_file else args["unk"]
        begun = compose.events_in_form(self._beginning.events, self._opening.settings.words)
        prime_ids, unlike = compose.beginning_ids(begun, vocabulary, unknown, run.path, self._opening.own_event)
        if unlike:
            note(f"note: the model does not know {unlike} of the {len(begun)} words to begin with")
        each = rows_for_each(args)
        self._best_of, self._sums, self._counts = args["best_of"], numpy.zeros(each), numpy.zeros(each)
        self._scores = WordScores() if self._best_of > 1 else None
        self._begun = [len(events) for events in self._grammar.events]
        self._copies = MusicCopies(run) if args["novelty"] or args["max_copy"] else None
        self._most, self._note, self._args, self._run = args["max_copy"], note, args, run
        self._limit = self._copy_limit(vocabulary)
        primes = Primes([[eos, *prime_ids]] * each)
        constrain = self._limit or self._grammar.mask
        if args["form"] or (args["form"] is None and about.get("forms")):
            constrain = self._following(constrain, vocabulary, about)
        rows = draw_ids(args, run, primes, constrain, vocabulary.onset_keys(), self._scores)
        self._rows: Iterator[Sequence[int]] = self._limit.follow(rows) if self._limit else rows

    def _copy_limit(self, vocabulary: MusicVocabulary) -> Any:
        """A ``CopyLimit`` of at most as many notes as ``args`` say, or None."""
        if not self._most or not self._copies:
            return None
        words, grammar = striking_words(vocabulary), self._grammar

        def run_of(row: int) -> MelodyRun:
            assert self._copies
            return MelodyRun(self._copies, self._most, grammar.piece(row), words)

        runs = [run_of(row) for row in range(len(self._begun))]
        return CopyLimit(grammar.mask, runs, growing=lambda row: not grammar.ended[row])

    def _following(self, inner: Any, vocabulary: MusicVocabulary, about: Mapping[str, Any]) -> FollowForm:
        """The constraint ``inner`` on pieces that take the forms of those that the run was trained on.

        A run of an older version has not kept them, and its corpus is looked at.
        """
        if self._grammar.lexicon.by_note:
            raise UserError(f"--form on: is for runs of --words events, and {self._run.path} is of --words notes")
        kept, args = about.get("forms"), self._args
        forms = unpack_forms(kept) if kept else run_forms(trained_on(self._run).ids, self._run.vocabulary.words, about)
        bars = (args["bars"] or 0) if any(args[name] for name in LIMITS) else None
        rng = numpy.random.default_rng([args["seed"], 1])
        meter = args["meter"] or self._beginning.meter
        common = settings_from_json(about["settings"]).keys == ONE
        looks_back = self._run.sizes.lookback
        return FollowForm(inner, self._grammar, forms, vocabulary.ids, meter, rng, bars, common, looks_back)

    def novelties(self) -> list[Novelty]:
        """How new each of the pieces is, after its prime, where ``args`` asked for it."""
        assert self._copies is not None
        kept = self._kept()
        return [self._copies.novelty(self._grammar.events[row], self._begun[row]) for row in kept]

    def stream(self) -> Iterator[str]:
        """Yield the words of the only piece, each as soon as it is drawn: the prime's come first.

        Those of the best of several come once it is known.
        """
        if self._best_of > 1:
            yield from self.pieces()[0].words
            return
        last, taken = 0, 0
        for _ in compose.grow_pieces(self._rows, self._grammar, self._length):
            events = self._grammar.events[0]
            for tick, message in self._opening.written(events, taken, self._grammar.piece(0).ends):
                yield codec.encode_word(tick - last, message)
                last = tick
            taken = len(events)
        self._say_what_was_cut()

    def pieces(self, stop: Callable[[], bool] = lambda: False) -> list[PieceWords]:
        """The pieces, once they have all ended: those that have not when ``stop()`` becomes true are closed then."""
        stopped = False
        for _ in compose.grow_pieces(self._scored(), self._grammar, self._length):
            if not stopped and stop():
                self._grammar.close()
                stopped = True
        if self._limit and self._limit.gave_way:
            self._note(gave_way_line(self._most, self._limit.gave_way))
        if not stopped:
            self._say_what_was_cut()
        line = "" if stopped else no_choice_line(self._grammar.events, self._args)
        if line:
            self._note(line)
        pieces: list[PieceWords] = compose.finished_pieces(self._grammar, self._beginning, self._opening)
        kept = self._kept()
        return [pieces[row]._replace(name=compose.piece_name(n)) for n, row in enumerate(kept)]

    def _say_what_was_cut(self) -> None:
        """Note how many pieces were brought to an end before their time, where no number of words was asked for."""
        cut = 0 if self._args["length"] else self._grammar.cut_short
        if cut:
            of = f"{cut} of {len(self._begun)} pieces" if len(self._begun) > 1 else "the piece"
            notes = self._length // compose.WORDS
            self._note(f"note: {of} had to be cut short: at {notes:,} notes a piece is brought to its end")

    def means(self) -> list[float]:
        """The mean log-probability of each kept piece's words in nats, where the best of several is kept."""
        means = self._row_means()
        return [means[row] for row in self._kept()]

    def _row_means(self) -> list[float]:
        means: list[float] = (self._sums / numpy.maximum(self._counts, 1)).tolist()
        return means

    def _kept(self) -> list[int]:
        return best_rows(self._row_means(), self._best_of)

    def _scored(self) -> Iterator[Sequence[int]]:
        """The rows, each counted for the pieces that have not ended."""
        for row in self._rows:
            if self._scores and self._scores.last is not None:
                growing = ~self._grammar.ended
                self._counts += growing
                self._sums += numpy.where(growing, self._scores.last, 0)
            yield row


def check_limits(args: Mapping[str, Any]) -> None:
    """Raise ``UserError`` where more than one option says how long a piece is to be."""
    limits = [name for name in LIMITS if args[name]]
    if len(limits) > 1:
        raise UserError(f"--{limits[0]} and --{limits[1]}: give one of --length, --bars and --seconds")


def start_grammar(
    args: Mapping[str, Any],
    about: Mapping[str, Any],
    beginning: Beginning,
    vocabulary: MusicVocabulary,
    eos: int,
    opening: Opening | None = None,
) -> tuple[Grammar, int]:
    """The ``Grammar`` of the pieces, which has taken their beginning, and after how many words it is to close them.

    Unless a number of words was asked for, a piece's length is one of notes.
    """
    meter: tuple[int, int] = args["meter"] or beginning.meter
    longest = args["max_note"] * timing.bar_length(*meter, about["division"])
    lexicon, may_end = Lexicon(vocabulary.parsed, eos), args["length"] is None
    rows = rows_for_each(args)
    grammar = Grammar(lexicon, about["division"], longest, about["voices"], rows, may_end, opening, meter)
    learned = settings_from_json(about["settings"])
    whole = beginning.from_file or beginning.rest > 0  # what follows does not begin before it is over
    begun = compose.events_in_form(beginning.events, learned.words)
    usual = compose.usual_messages(beginning, learned.events)
    grammar.begin(begun, beginning.rest if whole else None, usual)
    tempo = round(60 * timing.SECOND / args["tempo"]) if args["tempo"] else beginning.tempo
    notes = compose.LONGEST
    for unit in ("bars", "seconds"):
        if args[unit]:
            may_rest = learned.rules < 2
            steady = args["tempo"] is not None or bool(opening and beginning.events)  # that of the beginning's file
            grammar.end_after(args[unit], unit, meter, tempo, steady, may_rest)
            notes = math.ceil(args[unit]) * compose.DENSEST
    if args["length"]:
        return grammar, args["length"]
    grammar.end_after_notes(notes)
    return grammar, notes * compose.WORDS
