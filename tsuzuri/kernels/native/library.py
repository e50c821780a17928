"""The extension module ``_native``: loads it, checks that it was built from these sources, says why there is none.

It is built by setup.py beside these files. ``TSUZURI_NATIVE=0`` leaves it out, with 1 it must be there, and with the
path of another build of it that one is loaded.
"""

import hashlib
import importlib.machinery
import importlib.util
import os
import pathlib

from tsuzuri.errors import UserError, lacks_memory

NAME = "tsuzuri.kernels.native._native"
BUILD = "make native builds them, with GCC or Clang"
BUILD_INSTALLED = "installing Tsuzuri anew where there is GCC or Clang builds them"


def load_extension():
    """The extension module, or None where it is left out or was not built.

    Raises ``UserError`` for one that must be there and is not, and for one that is there and cannot be used.
    """
    wanted = os.environ.get("TSUZURI_NATIVE") or None
    if wanted == "0":
        return None
    try:
        module = _of_path(wanted) if wanted not in (None, "1") else importlib.import_module(NAME)
    except ModuleNotFoundError:
        if wanted is None:
            return None
        raise UserError(f"TSUZURI_NATIVE={wanted}: there are no native kernels: {how_to_build()}") from None
    except ImportError as error:
        if lacks_memory(error):
            raise UserError(f"the native kernels do not load: not enough memory: {error}") from None
        raise UserError(
            f"the native kernels do not load: {error}: {how_to_build()}, TSUZURI_NATIVE=0 goes without"
        ) from None
    if sources() and getattr(module, "source", None) != fingerprint():
        raise UserError(f"{module.__file__}: built from other sources than tsuzuri/kernels/native has now: {BUILD}")
    return module


def _of_path(path):
    if not path.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES)) or not os.path.isfile(path):
        raise UserError(f"TSUZURI_NATIVE={path}: must be 0, 1 or the path of an extension module")
    spec = importlib.util.spec_from_file_location(NAME, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sources():
    """The paths of the sources in C++; there are none in a package that was installed from a wheel."""
    return sorted(pathlib.Path(__file__).parent.glob("*.?pp"))


def fingerprint():
    """Of the sources in C++, as setup.py builds it in: a build that is out of date might compute something else."""
    digest = hashlib.sha256()
    for path in sources():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def how_to_build():
    """What builds the kernels, for the end of a message."""
    return BUILD if sources() else BUILD_INSTALLED


def why_missing():
    """What leaves the kernels out, or else what builds them, where ``load_extension`` gives None."""
    return "TSUZURI_NATIVE=0" if os.environ.get("TSUZURI_NATIVE") == "0" else how_to_build()
