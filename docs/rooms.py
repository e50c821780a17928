"""Makes the table of rooms in ``docs/architecture.md``, from the one that the imports are held to: ``make docs``."""

import pathlib
import re

from tests.layout.test_layout import ROOMS

PAGE = pathlib.Path(__file__).with_name("architecture.md")
REGION = re.compile(r"(?<=<!-- rooms -->\n).*?(?=<!-- end of rooms -->)", re.DOTALL)
HOLDS = {
    "printable": "foreign text with whatever steers a terminal escaped",
    "errors": "`UserError`: what a user can correct, as one line",
    "compat": "what Chainer 7.8.1 needs on today's Python, NumPy and CuPy, patch by patch",
    "rules": "validators: what a value may be, in words and as a test",
    "folders": "the files of a folder, in a fixed order",
    "overwriting": "which files that are there may be written over",
    "npz": "arrays of an .npz, of which nothing is unpacked that is not expected",
    "storage": "atomic writes, reads without trust",
    "text": "files, archives and folders of text to words and exactly back; vocabularies, word vectors, encoders",
    "midi": "MIDI files to events, words and back; grammar, composition, piano rolls, sound",
    "sampling": "logits to words: temperature, top-k, top-p, constraints, the escape from loops",
    "data": "words to what a model reads: corpora, splits, windows, labeled texts, packed sequences",
    "kernels": "what the time goes into: a reference in plain loops, NumPy, C++ and CUDA, as Chainer functions",
    "models": "the language model and the classifier, as Chainer chains",
    "training": "the training loop, the run directory, evaluation, optimizers, metrics, logs, plots",
    "options": "the options of all commands as tables, and their values from texts or from Python",
    "api": "what the commands and `import tsuzuri` both do: trainings, generation, and what they return",
    "tsuzuri": "the public names of `import tsuzuri`, each imported when it is first used",
    "cli": "one file per command: its command line, and what it prints",
    "__main__": "`python -m tsuzuri`",
}


def table():
    """The table of rooms, as Markdown."""
    lines = ["| room | holds | may import the rooms | and the packages |", "|---|---|---|---|"]
    for room, (rooms, packages) in ROOMS.items():
        lines.append(f"| `{room}` | {HOLDS[room]} | {cell(rooms)} | {cell(packages)} |")
    return "\n".join(lines) + "\n"


def cell(names):
    return ", ".join(f"`{name}`" for name in names) or "–"


if __name__ == "__main__":
    PAGE.write_text(REGION.sub(table(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
