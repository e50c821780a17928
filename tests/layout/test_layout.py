"""The rooms of the house and what each may import: the table of the plan, held against the code."""

import ast
import sys

import pytest

import classify
import generate
import options
import read_midi
import train
import write_midi
from tests.conftest import ROOT

# room: what of ours it may import, and which packages
ROOMS = {
    "setup": ((), ("setuptools", "pybind11")),
    "errors": ((), ()),
    "options": (("errors",), ()),
    "compat": ((), ("chainer", "numpy")),
    "corpus": (
        ("midi", "errors"),
        ("numpy", "MeCab", "unidic_lite", "scipy"),
    ),  # midi: the samples' maker, labelled tunes
    "midi": (("errors",), ("numpy", "matplotlib", "tinysoundfont")),
    "sampling": ((), ("numpy",)),
    "kernels": (("compat", "errors"), ("numpy", "cupy")),
    "rnn": (("compat", "kernels"), ("numpy",)),
    "classifier": (("compat", "kernels", "corpus"), ("numpy",)),
    "training": (("rnn", "classifier", "corpus", "kernels", "compat", "errors"), ("numpy", "tqdm", "matplotlib")),
    "train": (("corpus", "midi", "rnn", "kernels", "training", "compat", "options", "errors"), ("numpy",)),
    "classify": (
        ("corpus", "midi", "classifier", "kernels", "training", "compat", "options", "errors"),
        ("numpy",),
    ),
    "generate": (("corpus", "midi", "sampling", "kernels", "training", "options", "errors"), ("numpy",)),
    "read_midi": (("midi", "training", "options", "errors"), ()),
    "write_midi": (("midi", "training", "options", "errors"), ()),
    "benchmarks": (None, None),
    "tests": (None, None),
}
HEAVY = {"numpy", "chainer", "compat", "MeCab", "matplotlib", "rnn", "kernels", "training", "corpus", "sampling"}


def sources():
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).parts
        if not any(part.startswith(".") for part in parts):
            yield parts[0].removesuffix(".py"), path


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module.split(".")[0]


@pytest.mark.parametrize(("room", "path"), list(sources()), ids=lambda value: getattr(value, "name", value))
def test_imports_go_one_way(room, path):
    assert room in ROOMS, f"{room} is not in the plan"
    ours, packages = ROOMS[room]
    if ours is None:
        return
    for name in imported(ast.parse(path.read_text())):
        if name in ROOMS:
            assert name == room or name in ours, f"{room} may not import {name}"
        else:
            assert name in sys.stdlib_module_names or name in packages, f"{room} may not import {name}"


def test_generate_reads_its_options_before_it_loads_anything_heavy():
    tree = ast.parse((ROOT / "generate.py").read_text())
    top = ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
    assert not HEAVY & set(imported(top))


def test_only_one_file_calls_mecab():
    trees = ((path.name, ast.parse(path.read_text())) for room, path in sources() if room != "benchmarks")
    assert [name for name, tree in trees if "MeCab" in set(imported(tree))] == ["tokenise.py"]


def test_only_compat_imports_chainer_itself():
    callers = [path.name for _, path in sources() if "chainer" in set(imported(ast.parse(path.read_text())))]
    assert callers == ["compat.py"]


def test_every_file_says_what_it_is():
    assert [str(path) for _, path in sources() if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_the_readme_lists_every_file():
    readme = (ROOT / "README.md").read_text()
    listed = [path.relative_to(ROOT) for room, path in sources() if room != "tests" and path.name != "__init__.py"]
    assert [str(path) for path in listed if path.name not in readme] == []


TABLES = {script.__name__: script.TABLES for script in (train, generate, read_midi, write_midi)}
TABLES |= {f"classify {name}": tables for name, (_, tables, _) in classify.COMMANDS.items()}


@pytest.mark.parametrize("tables", TABLES.values(), ids=TABLES)
def test_the_readme_has_every_option_with_its_default(tables):
    readme = (ROOT / "README.md").read_text()
    for rows in tables.values():
        for flags, _, default, meaning in rows:
            name = " ".join(f"`{flag}`" for flag in flags.split())
            shown = "" if default in (None, False, [], options.REQUIRED) else default
            assert f"| {name} | {shown} | {meaning} |" in readme
