"""Makes ``docs/options.md`` from the commands' tables of options: ``python -m docs.options``, or ``make docs``."""

import pathlib

from tsuzuri.cli import classify, generate, read_midi, train, write_midi
from tsuzuri.cli import options as command_line
from tsuzuri.options import generate as generate_options
from tsuzuri.options import midi as midi_options
from tsuzuri.options import train as train_options
from tsuzuri.options.option import REQUIRED

PAGE = pathlib.Path(__file__).with_suffix(".md")
INTRODUCTION = """# Options

*Made from the commands' own tables by `make docs`; edit those, not this page.*

`python COMMAND --help` lists the same. Hyphens and underscores both work (`--top-p`, `--top_p`), and so do the names
after *or*, which users of other programs know. Options may stand before, between and after the other words, which keep
their own order: a run comes before the word to begin with, `train` and the like right after `classify.py`. An option
that takes several values, such as `--valid`, takes all words up to the next option; after `--` no word is an option or
its value. An option without a default is off, or has the default that its meaning names.
"""
SCRIPTS = {"train.py": train, "generate.py": generate, "read_midi.py": read_midi, "write_midi.py": write_midi}


def commands():
    """Every command's description and tables of options, by its name."""
    found = {
        "train.py": (train.DESCRIPTION, train_options.TABLES),
        "generate.py": (generate.DESCRIPTION, generate_options.TABLES),
        "read_midi.py": (read_midi.DESCRIPTION, midi_options.READ_MIDI),
        "write_midi.py": (write_midi.DESCRIPTION, midi_options.WRITE_MIDI),
    }
    return found | {f"classify.py {name}": (each.description, each.tables) for name, each in classify.COMMANDS.items()}


def usages():
    """What may follow each command's name, in short, and examples of it."""
    found = {name: (module.USAGE, module.EXAMPLES) for name, module in SCRIPTS.items()}
    return found | {f"classify.py {name}": (each.usage, each.examples) for name, each in classify.COMMANDS.items()}


def page():
    """The whole page, as Markdown."""
    return "\n".join([INTRODUCTION, *(section(name, *found) for name, found in commands().items())])


def section(name, description, tables):
    """A command's heading, what it does, and a table of its options in their groups."""
    lines = [f"## {name} {usages()[name][0]}", "", command_line.sentence(description), ""]
    lines += ["| option | default | meaning |", "|---|---|---|"]
    for title, rows in tables.items():
        lines.append(f"| *{title}* | | |")
        lines += map(row, rows)
    return "\n".join(lines) + "\n"


def row(option):
    """An option's line in the table."""
    names = " ".join(f"`{flag}`" for flag in option.spellings)
    if option.aliases:
        names += " or " + " ".join(f"`{flag}`" for flag in option.aliases.split())
    kinds = option.kind.choices
    choices = "" if all(name in option.help for name in kinds) else f" (one of {', '.join(kinds)})"
    default = "required" if option.default is REQUIRED else option.shown_default()
    return f"| {names} | {default} | {escaped(option.help + choices)} |"


def escaped(text):
    """Text as Markdown shows it: neither a tag nor the end of a cell."""
    return text.replace("<", r"\<").replace("|", r"\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
