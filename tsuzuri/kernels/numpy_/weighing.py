"""Rows weighed value by value and added up; twin of ``reference.weigh_rows``."""

from tsuzuri.compat import chainer


def weigh(x, w):
    """The sum over K of x (..., K, N) times w (K, N): (..., N)."""
    xp = chainer.backend.get_array_module(x)
    return xp.einsum("...kn,kn->...n", x, w)


def gradients(g, x, w):
    """Of both, from g (..., N)."""
    xp = chainer.backend.get_array_module(x)
    rows, wide = x.reshape(-1, *w.shape), g.reshape(-1, 1, g.shape[-1])
    return wide.reshape(*g.shape[:-1], 1, -1) * w, xp.einsum("rkn,rn->kn", rows, wide[:, 0])
