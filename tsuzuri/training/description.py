"""run.json: what it says of a new run, and how it is read, whatever version of the program wrote it."""

import json
import platform

import numpy

from tsuzuri import storage
from tsuzuri.compat import chainer
from tsuzuri.errors import UserError
from tsuzuri.rules import check_value
from tsuzuri.training import expected
from tsuzuri.training.identity import digest, run_identity
from tsuzuri.training.schemas import SCHEMAS, check_marks

FORMAT = 2  # runs of format 1 have no id


def new_description(about, vocabulary, subwords):
    """The run.json of a new run; ``about`` is all but format, id, digests and versions.

    ``vocabulary`` and ``subwords`` are the bytes of these files, of which the latter may be none.
    """
    about = {"vocabulary": digest(vocabulary), "subwords": digest(subwords) if subwords else None, **about}
    return {"format": FORMAT, "id": run_identity(about), **about, "versions": _versions()}


def _versions():
    """What the run was made with, for the record."""
    return {"python": platform.python_version(), "numpy": numpy.__version__, "chainer": chainer.__version__}


def read_description(path, name, schemas):
    """The run.json ``name`` of the run at ``path``, with what older versions left out, and its schema.

    Raises ``UserError`` for a run of a newer program, or of none of the ``schemas``, and ``OSError``, ``ValueError``,
    ``KeyError``, ``TypeError`` or ``RecursionError`` for one that is damaged.
    """
    about = json.loads(storage.read_regular(name, expected.ABOUT))
    if not isinstance(about, dict) or "format" not in about:
        raise ValueError("format is missing")
    version = about["format"]
    if isinstance(version, int) and version > FORMAT:
        raise UserError(f"{name}: of format {version}, newer than this program's {FORMAT}: update Tsuzuri")
    schema = _schema_of(path, about["kind"], schemas)
    about = _with_defaults(about, schema.defaults)
    check_value(about, schema.rules)
    check_marks(about)
    schema.check(about)
    return about, schema


def _schema_of(path, kind, schemas):
    """The one of the ``schemas`` that a kind of run is of; the first for a kind that nobody knows."""
    schema = next((schema for schema in SCHEMAS if kind in schema.kinds), schemas[0])
    if schema not in schemas:
        raise UserError(f"{path}: holds {schema.noun}, and {schemas[0].noun} is needed")
    return schema


def _with_defaults(about, defaults):
    filled = dict(about)
    for name, default in defaults.items():
        if not isinstance(default, dict):
            filled.setdefault(name, default)
        elif isinstance(filled.get(name), dict):
            filled[name] = default | filled[name]
    return filled
