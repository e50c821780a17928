"""What generate.py says of copies: two lines a text, and on a terminal the text itself with its copies in color."""

import signal
import sys

from tsuzuri.cli import console
from tsuzuri.printable import printable_text

COLORS = ((16, "31"), (8, "33"))  # copies of so many words or more, and their color: red, yellow


def print_text(generated, wanted, stop):
    """Print the only text of ``generated``, each word as soon as it is drawn, until it ends or ``stop()`` is true.

    With its copies in color it is printed once it has ended, since a copy is known by its end.
    """
    if wanted and console.in_color():
        generated.texts(stop)
        sys.stdout.write(colored(*generated.copied()) + "\n")  # in which the colors alone may steer a terminal
        sys.stdout.flush()
        return
    for piece in generated.stream(stop):
        console.write(piece)
    console.write("\n")
    generated.tell()


def report(generated, wanted):
    """Say how new each text or piece of ``generated`` is, where that is ``wanted``; returns the exit status.

    They are written by now: Ctrl-C ends no more than this.
    """
    try:
        found = generated.novelties() if wanted else []
    except KeyboardInterrupt:
        console.note("stopped  before it was known what is copied; all is kept")
        return 128 + signal.SIGINT
    for n, novelty in enumerate(found, 1):
        of = f"{n}  " if len(found) > 1 else ""
        for line in novelty.lines():
            console.note(f"novelty  {of}{line}")
    return 0


def colored(pieces, novelty):
    """A text in ``pieces``, of which the last are its new words, one each: those of copies in color.

    Nothing else in it can steer a terminal.
    """
    pieces = [printable_text(piece) for piece in pieces]
    first = len(pieces) - novelty.count
    for place, length in enumerate(novelty.lengths(), first):
        color = next((color for least, color in COLORS if length >= least), None)
        if color:
            pieces[place] = f"\x1b[{color}m{pieces[place]}\x1b[0m"
    return "".join(pieces)
