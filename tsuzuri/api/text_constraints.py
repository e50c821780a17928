"""What a text must not have, by what its run knows of its corpus: unknown words, idle blank lines, open brackets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tsuzuri.errors import UserError
from tsuzuri.rules import FLAG, check_value, one_of, whole
from tsuzuri.sampling.constraints import ClosedBrackets, Constraints, SingleBlankLines
from tsuzuri.sampling.nesting import Nesting
from tsuzuri.sampling.primes import Primes
from tsuzuri.text.brackets import PAIRS, BracketHabits, signs_of_words
from tsuzuri.text.sentences import is_sentence_end
from tsuzuri.text.settings import DROP
from tsuzuri.text.subwords import is_byte
from tsuzuri.text.vocabulary import EOS, SPECIAL, UNK
from tsuzuri.training.run import Run

# As ``BracketHabits.report`` has them
HABITS = {"pairs": [one_of(*PAIRS)], "lines": FLAG, "again": FLAG, "longest": whole(1)}
Signs = Mapping[int, tuple[int, ...]]  # of the ids that have any


def text_constraints(run: Run, primes: Primes, length: int, signs: Signs) -> Constraints:
    """What texts of a run that begin with ``primes``, and go on for ``length`` words, may have.

    ``signs`` are those of ``run_brackets``; where there are none, brackets come as they do.
    """
    as_they_come = text_lines(run) == DROP or len(run.vocabulary.words) == len(SPECIAL)  # of which no other is known
    # bytes are read, not written: what they spell are characters too rare to have been learned
    never = [UNK, *(i for i, word in enumerate(run.vocabulary.words) if run.subwords and is_byte(word))]
    lines = SingleBlankLines(never, None if as_they_come else EOS, primes.common(), len(primes))
    if not signs:
        return Constraints(lines)
    habits, words = bracket_habits_of_run(run), run.vocabulary.words
    line_end = None if habits.lines else EOS
    budgets = length + primes.extra
    brackets = ClosedBrackets(
        signs, primes.common(), budgets, habits.longest, line_end, habits.again, lambda i: is_sentence_end(words[i])
    )
    return Constraints(lines, brackets)


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
    held = report["brackets"]
    try:
        check_value(held, HABITS, "corpus.report.brackets")
    except ValueError as error:
        raise UserError(f"{run.file('run.json')}: damaged, or not a run of this program: {error}") from None
    return BracketHabits(tuple(held["pairs"]), held["lines"], held["again"], held["longest"])


def text_lines(run: Run) -> str:
    """What a run's settings say of lines."""
    return str(run.about["corpus"]["text"]["lines"])
