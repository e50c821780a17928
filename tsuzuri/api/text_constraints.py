"""What a text must not have, by what its run knows: unknown words, idle blank lines, open brackets, odd signs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tsuzuri.errors import UserError
from tsuzuri.rules import FLAG, check_value, one_of, whole
from tsuzuri.sampling.constraints import ClosedBrackets, Constraints, NeverAfter, SingleBlankLines
from tsuzuri.sampling.nesting import Nesting
from tsuzuri.sampling.primes import Primes
from tsuzuri.text.brackets import NESTS, PAIRS, BracketHabits, bracket_signs, signs_of_words
from tsuzuri.text.sentences import is_sentence_end
from tsuzuri.text.settings import DROP
from tsuzuri.text.sign_pairs import FOLLOWERS, Followers, never_after
from tsuzuri.text.subwords import is_byte
from tsuzuri.text.vocabulary import EOS, SPECIAL, UNK
from tsuzuri.training.run import Run

# As ``BracketHabits.report`` has them
HABITS = {"pairs": [one_of(*PAIRS)], "lines": FLAG, "again": FLAG, "longest": whole(1)}
NEWER_HABITS = {"inside": [one_of(*NESTS)]}  # which the first runs that knew of brackets do not have
Signs = Mapping[int, tuple[int, ...]]  # of the ids that have any


def text_constraints(run: Run, primes: Primes, length: int, signs: Signs, followers: Followers) -> Constraints:
    """What texts of a run that begin with ``primes``, and go on for ``length`` words, may have.

    ``signs`` are those of ``run_brackets``, ``followers`` of ``run_followers``; where there are none, brackets or other
    signs come as they do.
    """
    as_they_come = text_lines(run) == DROP or len(run.vocabulary.words) == len(SPECIAL)  # of which no other is known
    # bytes are read, not written: what they spell are characters too rare to have been learned
    never = [UNK, *(i for i, word in enumerate(run.vocabulary.words) if run.subwords and is_byte(word))]
    lines = SingleBlankLines(never, None if as_they_come else EOS, primes.common(), len(primes))
    parts: list[Any] = [lines]
    if signs:
        parts.append(_closed_brackets(run, primes, length, signs))
    if followers:
        parts.append(NeverAfter(*never_after(followers, run.vocabulary.words), primes.common()))
    return Constraints(*parts)


def _closed_brackets(run: Run, primes: Primes, length: int, signs: Signs) -> ClosedBrackets:
    habits, words = bracket_habits_of_run(run), run.vocabulary.words
    line_end = None if habits.lines else EOS
    budgets = length + primes.extra
    inside = None if habits.inside is None else {bracket_signs(nest) for nest in habits.inside}
    settings = habits.longest, line_end, habits.again, lambda i: is_sentence_end(words[i]), inside
    return ClosedBrackets(signs, primes.common(), budgets, *settings)


def knows_brackets(run: Run) -> bool:
    """Whether a run knows how its corpus uses brackets; an older one does not, and goes on writing as it did."""
    return "brackets" in run.about["corpus"]["report"]


def run_brackets(run: Run) -> Signs:
    """The brackets of a run's words, of the pairs that its corpus uses as such."""
    words = run.vocabulary.words
    signs = signs_of_words(words, bracket_habits_of_run(run).pairs)
    return signs if len(signs) < len(words) - len(SPECIAL) else {}  # a text is not of brackets alone


def depth_counter(run: Run, signs: Signs) -> Callable[[str], int]:
    """A function that is told of a text's words one by one, and says how many brackets are open after each."""
    take: Callable[[str], int] = Nesting({run.vocabulary.words[i]: found for i, found in signs.items()}).take
    return take


def bracket_habits_of_run(run: Run) -> BracketHabits:
    """How the corpus of a run uses brackets; raises ``UserError`` where run.json is damaged.

    Of an older run it is not known, and is as in most: all pairs, and none open at the end of a line that is whole.
    """
    report = run.about["corpus"]["report"]
    if not knows_brackets(run):
        return BracketHabits(lines=bool(report.get("wrapped")))
    newer = NEWER_HABITS if "inside" in run.about["corpus"]["report"]["brackets"] else {}
    held = _checked_report(run, "brackets", HABITS | newer)
    inside = tuple(held["inside"]) if newer else None
    return BracketHabits(tuple(held["pairs"]), held["lines"], held["again"], held["longest"], inside)


def run_followers(run: Run, asked: bool | None = None) -> Followers:
    """Which signs come after which in a run's corpus; none where that is not ``asked`` for.

    Unless it is said, a run that knows them is asked; an older one writes as it did. Raises ``UserError`` where such a
    run is asked, and where run.json is damaged.
    """
    known = "signs" in run.about["corpus"]["report"]
    if asked and not known:
        raise UserError(f"--signs: on is for runs that know their corpus's signs, and {run.path} is older: must be off")
    held: Followers = _checked_report(run, "signs", FOLLOWERS) if known and asked is not False else {}
    return held


def _checked_report(run: Run, name: str, rule: Any) -> Any:
    """What a run keeps of its corpus under a name; raises ``UserError`` unless it is as its rule says."""
    held = run.about["corpus"]["report"][name]
    try:
        check_value(held, rule, f"corpus.report.{name}")
    except ValueError as error:
        raise UserError(f"{run.file('run.json')}: damaged, or not a run of this program: {error}") from None
    return held


def text_lines(run: Run) -> str:
    """What a run's settings say of lines."""
    return str(run.about["corpus"]["text"]["lines"])
