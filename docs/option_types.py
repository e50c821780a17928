"""Writes ``tsuzuri/api/option_types.py``, the options of Python functions as types: ``python -m docs.option_types``."""

import pathlib

from tsuzuri.midi.words.settings import ALLOWED
from tsuzuri.options import classify, generate, midi, train
from tsuzuri.options.option import Option
from tsuzuri.options.values import AUTO, DEVICE, FILE, FLAG, FOLDER, NAME, RUN, SOME_TEXT, SWITCH, TEXT

PATH = pathlib.Path(__file__).parent.parent / "tsuzuri" / "api" / "option_types.py"
HEAD = '''"""The options of the Python functions as types, for editors and type checkers: written by ``make docs``.

What each of them means is in ``docs/options.md``; the tables are in ``tsuzuri/options``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, TypedDict

Path = str | os.PathLike[str]
'''
OWN = ("corpus", "files", "run", "word", "model", "primetext", "num_samples", "out", "words", "plot", "list", "force")
SCORED = ("score", "cache", "adapt", "json")
CLASSES = {  # name of the class: the command, its tables, and the options that are no keywords
    "TrainOptions": ("train.py", train.TABLES, ("corpus", "out")),
    "ClassifierOptions": ("classify.py train", classify.TRAIN, ("corpus", "out")),
    "GenerateOptions": ("generate.py", generate.TABLES, (*OWN, "prompts", "wav", "soundfont", *SCORED, "novelty")),
    "ReadMidiOptions": ("read_midi.py", midi.READ_MIDI, (*OWN, "transpose", "stretch")),
    "PredictOptions": ("classify.py predict", classify.PREDICT, (*OWN, "encoding", "json", "color")),
    "EvaluateOptions": ("classify.py evaluate", classify.EVALUATE, ("run", "corpus", "out")),
}
FILES = {"corpus", "valid", "test", "vectors"}  # which may lie in another place by now
RESUME = {  # what either kind of training can change when it goes on
    "train.py": [
        option for rows in train.TABLES.values() for option in rows if option.name in train.MAY_CHANGE | FILES
    ],
    "classify.py": [
        option
        for rows in classify.TRAIN.values()
        for option in rows
        if option.name in (classify.MAY_CHANGE - train.MAY_CHANGE) | {"pos", "neg"}
    ],
}
CLASSES["ResumeOptions"] = ("--resume", RESUME, ())
PLACEHOLDERS = {"N": "int", "X": "float", "A..B": "int | tuple[int, int] | str", "X,Y": "float | Sequence[float] | str"}
PLACEHOLDERS |= {"KEY": "str", "N/M": "tuple[int, int] | str"}


def annotation(option: Option) -> str:
    """The type of an option's value in Python."""
    kind = option.kind
    if kind in (FLAG, SWITCH):
        return "bool"
    if kind.choices:
        return f"Literal[{', '.join(map(repr, kind.choices))}]".replace("'", '"')
    if kind in (FILE, FOLDER, RUN):
        return "Path | Sequence[Path]" if option.several else "Path"
    if kind is SOME_TEXT and option.several:
        return "str | Sequence[str]"
    if kind in (TEXT, DEVICE):
        return "str"
    if kind is NAME:
        return "int | str"
    plain = PLACEHOLDERS[kind.placeholder]
    if option.default == AUTO and plain == "float":
        return f'float | Literal["{AUTO}"]'
    return "int | str" if option.name in ALLOWED and plain == "int" else plain  # a number or a word, such as keep


def source() -> str:
    """The text of the module."""
    parts = [HEAD]
    for name, (command, tables, left_out) in CLASSES.items():
        parts.append(f'\n\nclass {name}(TypedDict, total=False):\n    """Those of ``{command}``."""\n\n')
        options = [option for rows in tables.values() for option in rows if option.name not in left_out]
        parts += [f"    {option.name}: {annotation(option)} | None\n" for option in options]
    return "".join(parts)


if __name__ == "__main__":
    PATH.write_text(source(), encoding="utf-8")
