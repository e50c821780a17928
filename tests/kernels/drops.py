"""Ratios of dropout at which a mask would show a threshold that is one step wrong."""

from tsuzuri.kernels import reference

GOLDEN, STEP = 0x9E3779B97F4A7C15, 2**-16


def ratio_at(key, position):
    """The ratio whose threshold is the value that decides about a position: it is kept, and a step above it dropped."""
    draw = reference.splitmix64(key + (position // 4 + 1) * GOLDEN)
    return (draw >> 16 * (position % 4)) % 2**16 * STEP
