"""Dropout from a counter-based generator; twin of ``reference.dropout_mask``.

A mask is a function of a 64-bit key and a position alone, computed with integer arithmetic: the same on NumPy and
CuPy, remade instead of stored, and the same after a resume. The key comes from the model's own random generator.
"""

from tsuzuri.compat import chainer

GOLDEN = 0x9E3779B97F4A7C15
MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def keep(xp, shape, ratio, key):
    """Booleans of ``shape``, False with probability ``ratio`` (in steps of 2**-16): SplitMix64 from ``key``."""
    size = 1
    for length in shape:
        size *= length
    z = xp.arange(1, -(-size // 4) + 1, dtype="u8")
    z *= xp.uint64(GOLDEN)
    z += xp.uint64(key)
    for shift, factor in MIX:
        z ^= z >> xp.uint64(shift)
        z *= xp.uint64(factor)
    z ^= z >> xp.uint64(31)
    lanes = z.view("u2")[:size]  # four values of 16 bits a draw, lowest bits first
    return (lanes >= round(ratio * 2**16)).reshape(shape)


def mask(xp, shape, ratio, key, dtype):
    """What dropout multiplies by: 0 with probability ``ratio``, else 1 / (1 - ratio) (inverted dropout)."""
    return keep(xp, shape, ratio, key) * chainer.get_dtype(dtype).type(1 / (1 - ratio))


def drop_words(x, ids, size, ratio, key):
    """Rows x (..., N) of the ids (...,) with all of a word's dropped or kept; ``size`` is the number of words."""
    xp = chainer.backend.get_array_module(x)
    return x * mask(xp, (size,), ratio, key, x.dtype)[xp.asarray(ids)][..., None]
