"""Embedding lookup's gradient, all rows in one scatter; twin of ``reference.embedding_gradient``."""

import numpy

from tsuzuri.compat import chainer


def gradient(g, ids, size):
    """Add each row of g (R, N) to row ids[r] of a matrix (size, N)."""
    xp = chainer.backend.get_array_module(g)
    g_w = xp.zeros((size, g.shape[1]), g.dtype)
    if xp is numpy:  # over single values, which NumPy adds several times faster than rows
        places = ids.astype(numpy.intp)[:, None] * g.shape[1] + numpy.arange(g.shape[1])
        numpy.add.at(g_w.reshape(-1), places.reshape(-1), g.reshape(-1))
    else:
        xp.add.at(g_w, ids, g)
    return g_w
