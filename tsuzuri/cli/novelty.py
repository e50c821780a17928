"""What generate.py says of copies: two lines a text, and on a terminal the text itself with its copies in color."""

import sys

from tsuzuri.cli import console, signals
from tsuzuri.printable import printable_text

COLORS = ((16, "31"), (8, "33"))  # copies of so many words or more, and their color: red, yellow


def print_text(generated, wanted):
    """Print the only text of ``generated``, each word as soon as it is drawn; returns the exit status.

    With its copies in color it is printed once it is whole, since a copy is known by its end.
    """
    if not (wanted and console.in_color()):
        print_pieces(generated.stream())
        generated.tell()
        report(generated, wanted)
        return 0
    with signals.Interrupt() as interrupt:  # what was drawn until then is shown
        generated.texts(interrupt.requested)
    pieces, novelty = generated.copied()
    sys.stdout.write(colored(pieces, novelty) + "\n")
    sys.stdout.flush()
    report(generated, wanted)
    return 128 + interrupt.signal if interrupt.requested() else 0


def print_pieces(pieces):
    """Print a text on standard output, each word as soon as it is drawn; Ctrl-C ends the line."""
    try:
        for piece in pieces:
            console.write(piece)
    except KeyboardInterrupt:
        console.write("\n")
        raise
    console.write("\n")


def report(generated, wanted):
    """Say how new each text or piece of ``generated`` is, where that is ``wanted``."""
    found = generated.novelties() if wanted else []
    for n, novelty in enumerate(found, 1):
        of = f"{n}  " if len(found) > 1 else ""
        for line in novelty.lines():
            console.note(f"novelty  {of}{line}")


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
