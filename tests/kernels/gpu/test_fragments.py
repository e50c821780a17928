"""Tensor cores: what the emulator and our own stand-in take them for, against the matrices that fragments stand for.

The places of values in a warp's registers are those of the PTX ISA's chapters on mma.m16n8k16 and mma.m16n8k8, written
down here once more, value by value.
"""

import numpy
import pytest

from tests.conftest import relative_error

BFLOAT16, TF32 = 0, 1


def places(kind):
    """For each value of a (16, K) and b (K, 8): (lane, register, upper half), K being 16 pairs' or 8 single values'."""
    if kind == BFLOAT16:
        a = {(r, k): (r % 8 * 4 + k % 8 // 2, r // 8 + 2 * (k // 8), k % 2) for r in range(16) for k in range(16)}
        b = {(k, n): (n * 4 + k % 8 // 2, k // 8, k % 2) for k in range(16) for n in range(8)}
    else:
        a = {(r, k): (r % 8 * 4 + k % 4, r // 8 + 2 * (k // 4), 0) for r in range(16) for k in range(8)}
        b = {(k, n): (n * 4 + k % 4, k // 4, 0) for k in range(8) for n in range(8)}
    return a, b


def registers(matrix, where, count, kind):
    """A matrix as each lane's registers (32, count), and its values as they are then."""
    bits = matrix.astype("f").view("u4") & (0xFFFF0000 if kind == BFLOAT16 else 0xFFFFE000)
    packed = numpy.zeros((32, count), "u4")
    for place, (lane, register, upper) in where.items():
        packed[lane, register] |= bits[place] >> (0 if upper or kind == TF32 else 16)
    return packed, bits.view("f")


@pytest.mark.parametrize("kind", [BFLOAT16, TF32], ids=["bfloat16", "tf32"])
def test_fragments(rng, emulated, kind):
    a_places, b_places = places(kind)
    depth = 16 if kind == BFLOAT16 else 8
    a, x = registers(rng.normal(size=(16, depth)), a_places, 4, kind)
    b, y = registers(rng.normal(size=(depth, 8)), b_places, 2, kind)
    engine = emulated()
    d = engine.empty((2, 32, 4))
    engine.kernel("fragments", "fragments")(1, 32, engine.asarray(a), engine.asarray(b), numpy.int32(kind), d)
    wanted = x.astype("d") @ y
    for found in d:
        tile = numpy.empty((16, 8))
        for lane in range(32):
            for e in range(4):
                tile[lane // 4 + 8 * (e // 2), 2 * (lane % 4) + e % 2] = found[lane, e]
        assert relative_error(tile, wanted) < 1e-6
