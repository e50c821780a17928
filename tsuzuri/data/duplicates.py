"""Texts that are the same as others, and lines on both sides of a split: told by digests, not by their words."""

import hashlib
from collections.abc import Sequence

import numpy

LONG = 30  # characters: what is no longer may well be said twice


def text_digest(pieces: Sequence[str]) -> bytes | None:
    """The same for texts whose lines are equal but for white space around them; None for one that is not ``LONG``."""
    lines = [line for piece in pieces if (line := piece.strip())]
    if sum(map(len, lines)) <= LONG:
        return None
    return hashlib.blake2b("\n".join(lines).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def line_key(line: str) -> int:
    """A number of 64 bits that equal lines have in common, within this process; 0 for a line that is not ``LONG``."""
    line = line.strip()
    return hash(line) if len(line) > LONG else 0


def share_of_known(keys: numpy.ndarray, known: numpy.ndarray, least: int = 3) -> float:
    """How much of the long lines with these keys is among the ``known`` ones; 0 where fewer than ``least`` are long."""
    keys = keys[keys != 0]
    return float(numpy.isin(keys, known).mean()) if len(keys) >= least else 0.0
