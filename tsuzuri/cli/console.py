"""What commands say beside their results: lines on standard error."""

import sys


def note(line):
    """Print a line on standard error, at once."""
    print(line, file=sys.stderr, flush=True)
