"""How the time of what a user may hand over grows with its size: the last column is 1 where it is in proportion.

python -m benchmarks.growth_speed
"""

import contextlib
import io
import math
import tempfile
from pathlib import Path

from benchmarks.rounds import best_seconds
from tsuzuri.cli import write_midi
from tsuzuri.text import vocabulary
from tsuzuri.training import metrics


def mend(place, count):
    """A line of a file of words, half of them faulty, as MIDI."""
    path = place / "a.words"
    path.write_text("00_90_4050 60_80_4000 oops oops " * (count // 4) + "\n")
    with contextlib.redirect_stderr(io.StringIO()):
        return best_seconds(write_midi.main, [str(path), "-o", str(place / "a.mid")])


def label(_, count):
    """A class's name of so many letters, as it is shown."""
    return best_seconds(metrics.legible_name, "\u5b09" * count)


def words(place, count):
    """A vocabulary of so many words, read."""
    path = place / "vocabulary.txt"
    path.write_bytes(vocabulary.Vocabulary([*vocabulary.SPECIAL, *map(str, range(count - 2))]).dump())
    return best_seconds(vocabulary.load_vocabulary, path, count)


MEASURED = {  # what, and its sizes
    "words of a line, half of them mended": (mend, (10_000, 20_000, 40_000, 80_000)),
    "letters of a class's label": (label, (1_000, 10_000, 100_000)),
    "words of a vocabulary": (words, (100_000, 1_000_000, 4_000_000)),
}


def main():
    print("| what | size | seconds | grows as its power |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        for name, (measure, sizes) in MEASURED.items():
            before = None
            for size in sizes:
                took = measure(Path(place), size)
                power = f"{math.log(took / before[1]) / math.log(size / before[0]):.2f}" if before else ""
                print(f"| {name} | {size:,} | {took:.5f} | {power} |", flush=True)
                before = size, took


if __name__ == "__main__":
    main()
