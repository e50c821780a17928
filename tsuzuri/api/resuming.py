"""What may be said when a training goes on: the same again, what can change, and where its files lie by now."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from tsuzuri import storage
from tsuzuri.api.given_texts import EXAMPLES, TEXTS
from tsuzuri.errors import UserError, read_failure
from tsuzuri.midi.words.settings import LATER
from tsuzuri.options.option import Tables
from tsuzuri.options.resolve import option_labels
from tsuzuri.options.values import shown
from tsuzuri.training.run import Run

OWN = (TEXTS, EXAMPLES)  # files that a run keeps itself
Stored = Mapping[str, tuple[Any, ...]]  # for each option the values that say what the run does already


def check_resume_options(
    tables: Tables, given: Mapping[str, Any], free: Collection[str], run: Run, stored: Stored, files: Collection[str]
) -> None:
    """Raise ``UserError`` for an option that says other than the run, and that --resume cannot change.

    ``free`` are those that can change, ``files`` those that name files, which may have moved.
    """
    labels = option_labels(tables)
    only = f"only {', '.join(labels[name] for name in sorted(free))} can change"
    for name in sorted({*given} - {*free, *files, "out", "resume"}):
        if name not in stored:
            raise UserError(f"{labels[name]} cannot be given with --resume: {only}")
        if not any(_same(given[name], value) for value in stored[name]):
            has = f"{run.path} has {_shown(stored[name][0])}"
            raise UserError(f"{labels[name]} {_shown(given[name])}: {has}, and with --resume {only}")


def _same(given: Any, value: Any) -> bool:
    plain = [list(one) if isinstance(one, list | tuple) else one for one in (given, value)]
    return type(plain[0]) in (type(plain[1]), int, float) and bool(plain[0] == plain[1])


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return ",".join(map(str, value)) or "none"
    return "none" if value is None else shown(value)


def stored_options(run: Run, names: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """Those that both kinds of training have, and those of the recipe that ``names`` names; see ``Stored``."""
    recipe, corpus = run.about["recipe"], run.about["corpus"]
    stored: dict[str, tuple[Any, ...]] = {name: (recipe[name],) for name in names}
    if run.about["tokens"] == "midi":
        stored |= {name: (value,) for name, value in {**LATER, **corpus["midi"]}.items()}
    else:
        stored |= {name: (value,) for name, value in corpus["text"].items()}
        stored["tokens"] = run.about["tokens"], corpus["text"]["tokens"]
    stored["freeze_epochs"], stored["freeze_vectors"] = (recipe["freeze_epochs"],), (recipe["freeze_epochs"] is None,)
    return stored | {"min_count": (corpus["min_count"],)}


def relative_places(out: str, source: Mapping[str, Any], names: Iterable[str]) -> dict[str, list[str | None]]:
    """The files of a source seen from the run directory ``out``, so that both can be moved together.

    None stands for one that shares no folder with it but the root.
    """
    return {name: [_relative(path, os.path.realpath(out)) for path in source[name]] for name in names}


def _relative(path: str, folder: str) -> str | None:
    try:
        shared = os.path.commonpath([path, folder])
    except ValueError:  # another drive, or a file of the run's own
        return None
    if os.path.dirname(shared) == shared:
        return None
    return os.path.relpath(path, folder).replace(os.sep, "/")


def source_files(run: Run, name: str) -> list[str]:
    """The files of one part of what a run was trained on, by where they lie now.

    Those that it keeps itself go with it; others are looked for where they lay as seen from it, then where they were.
    """
    paths, near = run.about["corpus"][name], run.about["corpus"]["relative"].get(name)
    beside = near if isinstance(near, list) and len(near) == len(paths) else [None] * len(paths)
    return [_place(run, path, relative) for path, relative in zip(paths, beside, strict=True)]


def _place(run: Run, path: str, relative: object) -> str:
    if path in OWN:
        return _kept_file(run.file(path))
    if isinstance(relative, str):
        moved = os.path.normpath(os.path.join(os.path.realpath(run.path), relative))
        if os.path.exists(moved):
            return moved
    return path


def resumed_files(run: Run, given: Mapping[str, list[str]], names: Iterable[str]) -> dict[str, list[str]]:
    """All files to go on with: those ``given`` in place of the run's; raises ``UserError`` for one that is gone."""
    files = {name: given[name] if name in given else source_files(run, name) for name in names}
    for name, paths in files.items():
        for path in paths:
            if name not in given and not os.path.exists(path):
                option = "" if name == "corpus" else f"--{name} "
                raise UserError(
                    f"{path}: is gone, and {run.path} learns from it: {option}PATH with --resume says where"
                )
    return files


def moved_source(run: Run, files: Mapping[str, list[str]], given: Mapping[str, Any]) -> dict[str, Any] | None:
    """What run.json is to keep of the corpus where other ``files`` were given than before; None where none were."""
    source: dict[str, Any] = run.about["corpus"]
    kept = {name: files[name] if name in given else source[name] for name in files}
    if all(kept[name] == source[name] for name in kept):
        return None
    return source | kept | {"relative": relative_places(run.path, kept, kept)}


def check_same_vectors(run: Run, path: str, before: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Raise ``UserError`` unless a file of word vectors is, by its report, the one that a run began with."""
    if {**before, "file": ""} != {**found, "file": ""}:
        raise UserError(f"{path}: not the word vectors that {run.path} began with, {before['file']}")


def _kept_file(path: str) -> str:
    """The path of a file that a run keeps; raises ``UserError`` for what is none, such as a pipe, which may not end."""
    try:
        storage.open_regular(path).close()
    except OSError as error:
        raise UserError(f"{path}: {read_failure(error)}") from None
    return path
