"""Makes ``docs/options.md`` from the commands' tables of options: ``python -m docs.options``, or ``make docs``."""

import pathlib

from tsuzuri.cli import classify, generate, options, read_midi, train, write_midi

PAGE = pathlib.Path(__file__).with_suffix(".md")
INTRODUCTION = """# Options

*Made from the commands' own tables by `make docs`; edit those, not this page.*

`python COMMAND --help` lists the same. Hyphens and underscores both work (`--top-p`, `--top_p`). An option without a
default is off, or has the default that its meaning names.
"""
USAGE = {  # what follows a command's name, as a heading shows it
    "train.py": "CORPUS... -o RUN",
    "generate.py": "RUN [WORD]",
    "read_midi.py": "FILES... [-o WORDS]",
    "write_midi.py": "WORDS -o OUT",
    "classify.py train": "CORPUS... -o RUN",
    "classify.py predict": "RUN [FILES...]",
    "classify.py evaluate": "RUN [CORPUS...]",
}


def commands():
    """Every command's description and tables of options, by its name."""
    modules = {"train": train, "generate": generate, "read_midi": read_midi, "write_midi": write_midi}
    found = {f"{name}.py": (module.DESCRIPTION, module.TABLES) for name, module in modules.items()}
    for name, (_, tables, description) in classify.COMMANDS.items():
        found[f"classify.py {name}"] = description, tables
    return found


def page():
    """The whole page, as Markdown."""
    return "\n".join([INTRODUCTION, *(section(name, *found) for name, found in commands().items())])


def section(name, description, tables):
    """A command's heading, what it does, and a table of its options in their groups."""
    lines = [f"## {name} {USAGE[name]}", "", options.sentence(description), ""]
    lines += ["| option | default | meaning |", "|---|---|---|"]
    for title, rows in tables.items():
        lines.append(f"| *{title}* | | |")
        lines += [row(*fields) for fields in rows]
    return "\n".join(lines) + "\n"


def row(flags, kind, default, meaning):
    """An option's line in the table."""
    names = " ".join(f"`{flag}`" for flag in flags.split())
    choices = ""
    if isinstance(kind, tuple) and not all(name in meaning for name in kind):
        choices = f" (one of {', '.join(kind)})"
    return f"| {names} | {shown(kind, default)} | {escaped(meaning + choices)} |"


def shown(kind, default):
    """A default as a cell: empty where there is none."""
    return "required" if default is options.REQUIRED else options.shown_default(kind, default)


def escaped(text):
    """Text as Markdown shows it: neither a tag nor the end of a cell."""
    return text.replace("<", r"\<").replace("|", r"\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
