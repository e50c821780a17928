"""No field of a file is taken on trust: its places, values of every kind to put there, and the line that refuses."""

import functools
import json
import math
import operator

from tsuzuri.errors import UserError
from tsuzuri.rules import MAY_LACK, OTHERS


def changed(about, where, value):
    """A copy of nested dicts and lists with one value put in or, for ``...``, taken out at a path such as a.b.0."""
    about = json.loads(json.dumps(about))
    *path, last = (int(key) if key.isdigit() else key for key in where.split("."))
    inner = functools.reduce(operator.getitem, path, about)
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return about


def paths(table, prefix=""):
    """Every path of a table of rules, those of the tables in it before their own fields."""
    for key in table if isinstance(table, dict) else range(len(table)):
        if key is MAY_LACK:
            yield from paths(table[key], prefix)
        elif key is not OTHERS:
            yield f"{prefix}{key}"
            yield from paths(table[key], f"{prefix}{key}.") if type(table[key]) in (dict, list) else ()


def attempt(function, *args):
    """What a function returns, and the line with which it refused: one of the two is None."""
    try:
        return function(*args), None
    except UserError as error:
        return None, str(error)


NONSENSE = [
    ...,
    None,
    True,
    -1,
    0.5,
    -(10**400),
    10**400,
    math.nan,
    math.inf,
    "x",
    "\ud800\n",
    [],
    [None],
    {},
    {"x": [[]]},
]
