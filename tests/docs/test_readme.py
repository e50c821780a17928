"""The README and the pages of docs/: their size, their links, the files they name, and the commands they show.

A block after the line ``<!-- tested -->`` is run as it stands, all such blocks of a page one after another in one
folder, but with the options of ``SMALL`` at the end of a command that trains, and an epoch more where it resumes.
"""

import importlib
import os
import re
import shlex
import subprocess
import sys

import pytest

from docs import options as options_page
from tests.conftest import ROOT
from tsuzuri.cli import options

MOST_LINES = 180  # of the README
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/RESULTS.md"]
PAGES += sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*.md"))
each_page = pytest.mark.parametrize("page", PAGES)

BLOCK = re.compile(r"^(<!-- tested -->\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
SOURCE = re.compile(r"(?<![\w/.])((?:tsuzuri|tests|benchmarks|docs|corpus)/[\w/-]+\.(?:pyi?|cuh?|[ch]pp|md|png))\b")
COMMANDS = options_page.commands()  # description and tables, by name
FLAGS = {
    flag for _, tables in COMMANDS.values() for rows in tables.values() for row in rows for flag in row.all_spellings
}
OTHERS = {"--help", "--doctor", "--no-deps", "--extra", "--dim_proj"}  # of other programs, or in another spelling
SMALL = {name: ["-e", "1", "-u", "16", "-d", "cpu"] for name in ("train.py", "classify.py train")}


def read(page):
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page):
    """A page without its blocks."""
    return BLOCK.sub("", read(page))


def shown(language, block):
    """The command lines of a block: of a console those after a dollar sign, of a script all."""
    lines = block.replace("\\\n", " ").split("\n")
    if language == "console":
        return [line[2:] for line in lines if line.startswith("$ ")]
    return [line for line in lines if language == "sh" and line.strip()]


def simple_commands(line):
    """The words of each simple command in a line, without settings of the environment and redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    commands = [[]]
    for word in lexer:
        if word in ("|", "&&", ";"):
            commands.append([])
        else:
            commands[-1].append(word)
    for words in commands:
        while words and re.match(r"\w+=", words[0]):
            del words[0]
        for i, word in enumerate(words):
            if word in ("<", ">", ">>"):
                del words[i:]
                break
    return [words for words in commands if words]


def command_of(words):
    """Which of our commands the words call, and with which arguments; None where they call something else."""
    words = words[2:] if words[:2] == ["uv", "run"] else words
    words = words[1:] if words[0].endswith("python") else words
    if not words or words[0] not in {name.split()[0] for name in COMMANDS}:
        return None
    length = 2 if words[0] == "classify.py" else 1
    return " ".join(words[:length]), words[length:]


def all_commands(page):
    """(words, whether the line is whole) of what a page's blocks and its text show; in a text it may be a mention."""
    for _, language, block in BLOCK.findall(read(page)):
        for line in shown(language, block):
            yield from ((words, True) for words in simple_commands(line))
    for code in CODE.findall(prose(page)):
        if re.match(r"(\w+=\S+ )*(python |uv run |make |\w+\.py )", code):
            yield from ((words, False) for words in simple_commands(code.replace("…", "")))


def slug(heading):
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors(path):
    return {slug(heading) for heading in HEADING.findall(path.read_text(encoding="utf-8"))}


def test_the_readme_is_short():
    assert len(read("README.md").splitlines()) <= MOST_LINES


@each_page
def test_links_lead_somewhere(page):
    dead = []
    for link in LINK.findall(prose(page)):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / name).resolve() if name else ROOT / page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])  # which names what is gone
def test_the_files_that_are_named_are_there(page):
    assert [name for name in SOURCE.findall(read(page)) if not (ROOT / name).exists()] == []


@each_page
def test_commands_have_the_options_that_are_shown(page):
    for words, whole in all_commands(page):
        found = command_of(words)
        if not found:
            continue
        name, arguments = found
        assert name in COMMANDS, f"{page}: {' '.join(words)}"
        if "--help" in arguments or not (whole or arguments[1:]):
            continue
        description, tables = COMMANDS[name]
        options.Parser(description, tables, name).parse_args(arguments)  # raises UserError, which names the option


@each_page
def test_the_targets_of_make_are_there(page):
    targets = set(re.findall(r"^([\w-]+):", read("Makefile"), re.MULTILINE))
    for words, _ in all_commands(page):
        if words[0] == "make":
            assert {word for word in words[1:] if "=" not in word} <= targets, page


@pytest.mark.parametrize("page", [page for page in PAGES if page == "README.md" or page.startswith("docs/")])
def test_the_options_that_are_named_are_there(page):
    unknown = []
    for code in CODE.findall(prose(page)):
        for flag in re.findall(r"^--?[a-zA-Z][\w-]*", code.split("/")[0]) + re.findall(r"/(--[a-z-]+)$", code):
            if flag not in FLAGS | OTHERS and flag.replace("_", "-") not in FLAGS:
                unknown.append(flag)
    assert unknown == []


def run(line, folder):
    """Run a line of a block: a single command of ours in this process, which starts no other, the rest in a shell."""
    commands = simple_commands(line)
    found = command_of(commands[0])
    if not found or len(commands) > 1 or re.search("[<>]", line):
        environment = os.environ | {"PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}
        subprocess.run(["bash", "-c", line], cwd=folder, env=environment, check=True, timeout=300)
        return
    script, *subcommand = found[0].split()
    small = SMALL.get(found[0], [])
    if "--resume" in found[1]:
        small = ["-e", "2"]
    main = importlib.import_module(f"tsuzuri.cli.{script.removesuffix('.py')}").main
    assert not main([*subcommand, *found[1], *small]), line


@pytest.mark.parametrize("page", [page for page in PAGES if "<!-- tested -->\n" in read(page)])
def test_what_is_marked_as_tested_runs(page, tmp_path, monkeypatch):
    for path in [*ROOT.glob("*.py"), ROOT / "corpus"]:
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    for tested, language, block in BLOCK.findall(read(page)):
        for line in shown(language, block) if tested else []:
            run(line, tmp_path)
