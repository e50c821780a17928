"""The rooms of the house and what each may import: the table of docs/architecture.md, held against the code."""

import ast
import collections
import graphlib
import pathlib
import sys

import pytest

from tests.conftest import ROOT
from tsuzuri.folders import walk_files

# Room: which rooms it may import, and which packages. A room may import only those above it, so there is no cycle.
ROOMS = {
    "printable": ((), ()),
    "errors": (("printable",), ()),  # whose lines name what is foreign
    "compat": (("errors",), ("chainer", "numpy")),
    "rules": ((), ()),
    "folders": (("errors",), ()),
    "overwriting": (("errors", "folders"), ()),  # all files of a folder that is read
    "npz": ((), ("numpy",)),
    "storage": (("errors", "rules", "npz"), ("numpy",)),
    "text": (("errors", "rules", "folders", "storage"), ("numpy", "MeCab", "sentencepiece", "regex", "scipy")),
    "midi": (
        ("errors", "overwriting", "rules", "folders", "storage", "text"),
        ("numpy", "matplotlib", "tinysoundfont"),
    ),
    "sampling": (("errors",), ("numpy",)),
    "data": (("errors", "folders", "storage", "text", "midi"), ("numpy",)),
    "kernels": (("errors", "compat"), ("numpy", "cupy")),
    "models": (("compat", "data", "kernels"), ("numpy",)),
    "training": (
        ("printable", "errors", "compat", "storage", "rules", "text", "midi", "data", "kernels", "models"),
        ("numpy", "tqdm", "matplotlib", "filelock", "tensorboardX"),
    ),
    "options": (("errors", "rules", "text", "midi", "data", "kernels", "models", "training"), ()),
    "api": (
        (
            *("printable", "errors", "compat", "overwriting", "storage", "rules", "text", "midi", "sampling"),
            *("data", "kernels", "models", "training", "options"),
        ),  # compat and CuPy for the check of what is installed
        ("numpy", "cupy", "typing_extensions"),
    ),
    "tsuzuri": (("errors", "training", "api"), ()),
    "cli": (
        (
            *("printable", "errors", "overwriting", "storage", "text", "midi"),
            *("data", "kernels", "training", "options", "api"),
        ),
        (),
    ),
    "__main__": (("cli",), ()),
}
# What stands at the root: of the rooms only these, and any package.
ROOT_FILES = {
    "train": ("cli",),
    "generate": ("cli",),
    "read_midi": ("cli",),
    "write_midi": ("cli",),
    "classify": ("cli",),
    "rnn": ("models",),
    "setup": (),
    "tools": (),
    "corpus": ("errors", "midi"),
    "docs": ("midi", "options", "cli"),
    "examples": ("tsuzuri",),
    "benchmarks": tuple(ROOMS),
    "tests": tuple(ROOMS),
}
ROOMS_OF_WEIGHT = {"compat", "text", "data", "sampling", "kernels", "models", "training", "api"}
HEAVY = {"numpy", "chainer", "MeCab", "matplotlib", *ROOMS_OF_WEIGHT}


def sources():
    """(room, path) of every source file; the room of a file at the root is its name."""
    for path in sorted(map(pathlib.Path, walk_files(ROOT))):
        parts = path.relative_to(ROOT).parts
        if path.suffix != ".py" or parts[0] == "build":
            continue
        if parts[:2] == ("tsuzuri", "__init__.py"):
            yield "tsuzuri", path
        else:
            yield parts[parts[0] == "tsuzuri"].removesuffix(".py"), path


SOURCES = list(sources())
PACKAGE = [(room, path) for room, path in SOURCES if ROOT / "tsuzuri" in path.parents]


def module_of(path):
    """Its dotted name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path) for _, path in SOURCES}


def imported(tree):
    """The modules that a syntax tree imports: ours by their full names, of packages the first name."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else node.module for name in inner]
        for name in names:
            yield name if name.split(".")[0] in ("tsuzuri", *ROOT_FILES) else name.split(".")[0]


def room_of(module):
    parts = module.split(".")
    return parts[1] if parts[0] == "tsuzuri" and len(parts) > 1 else parts[0]


@pytest.fixture(scope="module")
def trees():
    """The syntax tree of every source file by its path."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for _, path in SOURCES}


@pytest.fixture(scope="module")
def imports(trees):
    """The modules that each source file imports, by its path."""
    return {path: set(imported(tree)) for path, tree in trees.items()}


def test_imports_go_one_way(imports):
    wrong = []
    for room, path in PACKAGE:
        assert room in ROOMS, f"{path}: {room} is not in the plan"
        rooms, packages = ROOMS[room]
        for name in sorted(imports[path]):
            ours = name.split(".")[0] in ("tsuzuri", *ROOT_FILES)
            allowed = room_of(name) in (room, *rooms) if ours else name in sys.stdlib_module_names or name in packages
            if ours and name.split(".")[0] != "tsuzuri":
                allowed = False  # a module of the package never imports what stands at the root
            if not allowed:
                wrong.append(f"{path.relative_to(ROOT)} may not import {name}")
    assert wrong == []


def test_what_stands_at_the_root_imports_only_what_it_may(imports):
    wrong = []
    for room, path in SOURCES:
        if (room, path) in PACKAGE:
            continue
        assert room in ROOT_FILES, f"{path}: {room} is not in the plan"
        for name in sorted(imports[path]):
            if name.startswith("tsuzuri.") and room_of(name) not in ROOT_FILES[room]:
                wrong.append(f"{path.relative_to(ROOT)} may not import {name}")
    assert wrong == []


def test_each_room_imports_only_rooms_above_it():
    above = []
    for room, (rooms, _) in ROOMS.items():
        assert set(rooms) <= set(above), room
        above.append(room)


def test_no_module_imports_itself_by_way_of_others(imports):
    graph = {module_of(path): imports[path] & MODULES - {module_of(path)} for _, path in PACKAGE}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules


LIGHT = [
    *("generate.py", "tsuzuri/cli/generate.py", "tsuzuri/cli/options.py", "tsuzuri/midi/words/settings.py"),
    "tsuzuri/cli/program.py",
    *(f"tsuzuri/options/{name}.py" for name in ("__init__", "generate", "midi", "option", "resolve", "values")),
]


@pytest.mark.parametrize("script", LIGHT)
def test_generate_reads_its_options_before_it_loads_anything_heavy(script):
    tree = ast.parse((ROOT / script).read_text(encoding="utf-8"))
    top = ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
    assert not HEAVY & {room_of(name) for name in imported(top)}


def test_only_one_file_calls_mecab(imports):
    calling = [path.name for path, names in imports.items() if "MeCab" in names]
    assert [name for name in calling if name != "corpus_speed.py"] == ["dictionaries.py"]


def test_only_compat_imports_chainer_itself(imports):
    assert [path.name for path, names in imports.items() if "chainer" in names] == ["compat.py"]


def test_every_file_says_what_it_is(trees):
    silent = [path for path, tree in trees.items() if not ast.get_docstring(tree)]
    assert [str(path) for path in silent if path.name != "__init__.py" or "tests" not in path.parts] == []


def test_each_room_names_its_files(trees):
    """The docstring of a room's ``__init__`` says what each of its files is."""
    missing = []
    for room, path in PACKAGE:
        start = path.parent / "__init__.py"
        if path != start and path.parent != ROOT / "tsuzuri" and path.name not in ast.get_docstring(trees[start]):
            missing.append(f"{start.relative_to(ROOT)} does not name {path.name} ({room})")
    assert missing == []


def test_only_the_commands_print_exit_and_handle_signals(trees):
    wrong = []
    for room, path in PACKAGE:
        if room == "cli":
            continue
        calls = {ast.unparse(node.func) for node in ast.walk(trees[path]) if isinstance(node, ast.Call)}
        wrong += [f"{path.relative_to(ROOT)}: {name}" for name in calls & {"print", "sys.exit", "exit", "input"}]
        wrong += [f"{path.relative_to(ROOT)}: signal"] * ("signal" in set(imported(trees[path])))
    assert wrong == []


def public_definitions(body):
    """The names of the public functions and classes that a module defines, whatever ``if`` or ``try`` they stand in."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not node.name.startswith("_"):
                yield node.name
        else:
            for field in ("body", "orelse", "finalbody", "handlers"):
                yield from public_definitions(getattr(node, field, []))


def test_no_two_public_functions_share_a_name(trees):
    """A name says what it means without its module's.

    The engines of ``kernels`` are twins that offer the same interface, and each command of ``cli`` has a ``main``.
    """
    places = collections.defaultdict(set)
    for room, path in PACKAGE:
        if room != "kernels":
            for name in public_definitions(trees[path].body):
                if (room, name) != ("cli", "main"):
                    places[name].add(module_of(path))
    assert {name: sorted(modules) for name, modules in places.items() if len(modules) > 1} == {}
