"""Scoring on the terminal: ``python generate.py runs/novel --score text.txt`` shows how a text surprises a model."""

import sys

from tsuzuri.cli import console
from tsuzuri.errors import UserError
from tsuzuri.options.values import shown
from tsuzuri.printable import printable_json, printable_text

ITS_OWN = ("adapt", "json")  # options that are for scoring alone
ALLOWED = {"score", *ITS_OWN, "cache", "device", "run", "model"}
INPUT = "-"
# Bits from which a word has a background, and its color in the palette of 256: from a pale yellow to a red, of falling
# brightness, so that the color-blind tell them apart, and none so dark that black is not readable on it.
COLORS = ((4, 230), (7, 222), (10, 215), (13, 209), (16, 203))
BLACK = 16  # of the palette's cube, which no theme changes
LINE_END = "⏎"  # in front of a line end, which is a word too


def check_score_options(given):
    """Refuse options that do not go together; ``given`` are those that were given."""
    own = [name for name in ITS_OWN if name in given]
    if "score" not in given and own:
        raise UserError(f"--{own[0]}: is for --score FILE, which is not given")
    foreign = sorted(given.keys() - ALLOWED - {"word", "primetext"})
    if "score" in given and foreign:
        raise UserError(f"--{foreign[0].replace('_', '-')}: is for generating: cannot be given with --score")


def score_file(run, prime, given):
    """Print how a run's model predicts the file that --score names, word by word and in all; returns 0."""
    from tsuzuri.api import scored_inputs, scoring

    if prime:
        raise UserError(f"{shown(prime)}: is a text to begin with: --score takes one file, and generates nothing")
    console.check_output()
    path = given["score"]
    if path == INPUT:
        words = scored_inputs.words_of_stream(run, sys.stdin.buffer)
    else:
        words = scored_inputs.words_of_file(run, path, console.note)
    options = {name: given[name] for name in ("cache", "adapt", "device") if name in given}
    scored = scoring.score_words(run, words, **options)
    if given.get("json"):
        score = scoring.scored_text(run, scored, words)
        console.show(printable_json(json_fields(path, score)))
        return 0
    score = scoring.scored_text(run, printed_words(scored), words)
    console.show(summary_line(score))
    return 0


def printed_words(scored):
    """The words, each printed as soon as it is scored."""
    color = console.in_color()
    try:
        for word in scored:
            sys.stdout.write(shown_word(word, color))  # in which the colors alone may steer a terminal
            sys.stdout.flush()
            yield word
    except KeyboardInterrupt:
        console.write("\n")
        raise


def shown_word(word, color):
    """A word with its surprisal: as a background of the color that its bits have, or behind it in bits.

    >>> shown_word(ScoredWord(" sea", 7.25, known=False), color=False)
    ' sea(7.2 unknown)'
    """
    bare = word.text.lstrip() or word.text
    before = word.text.removesuffix(bare)
    shown_text, after = (LINE_END, "\n") if word.text == "\n" else (printable_text(bare), "")
    if not color:
        return f"{before}{shown_text}({word.surprisal:.1f}{'' if word.known else ' unknown'}){after}"
    hue = next((hue for least, hue in reversed(COLORS) if word.surprisal >= least), None)
    if hue is None:
        return before + ("" if after else shown_text) + after
    underline = "" if word.known else ";4"
    return f"{before}\x1b[38;5;{BLACK};48;5;{hue}{underline}m{shown_text}\x1b[0m{after}"


def summary_line(score):
    """All words together, for people."""
    count = len(score.words)
    unknown = f"{score.unknown:,} unknown ({score.unknown / count:.1%})"
    line = f"score    {count:,} words, {unknown}; loss {score.loss:.3f} perplexity {score.perplexity:.1f}"
    if score.bits_per_note is not None:
        return f"{line}, {score.bits_per_note:.2f} bits a note"
    return line if score.bits_per_character is None else f"{line}, {score.bits_per_character:.3f} bits a character"


def json_fields(path, score):
    """All that is known of a scored file, as JSON has it: the figures, and each word with its bits."""
    words = [
        {"word": word.text, "surprisal": round(word.surprisal, 6)}
        | ({} if word.known else {"unknown": True, "spelling": round(word.spelling, 6)})
        for word in score.words
    ]
    return {"file": path, **score.summary(), "surprisals": words}
