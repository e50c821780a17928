"""Adam in blocks that stay in a core's cache, one pass over memory instead of ten; twin of ``reference.adam``."""

import numpy

BLOCK = 1 << 16  # values


def update(param, grad, m, v, alpha_t, beta1, beta2, eps):
    """One step in place, on contiguous NumPy arrays of one shape; ``alpha_t`` has the bias correction in it."""
    arrays = [array.reshape(-1) for array in (param, grad, m, v)]
    tmp = numpy.empty(BLOCK, param.dtype)
    for start in range(0, param.size, BLOCK):
        p, *rest = (array[start : start + BLOCK] for array in arrays)
        _block(p, *rest, tmp[: len(p)], alpha_t, beta1, beta2, eps)


def _block(p, g, m, v, tmp, alpha_t, beta1, beta2, eps):
    numpy.subtract(g, m, out=tmp)
    tmp *= 1 - beta1
    m += tmp
    numpy.multiply(g, g, out=tmp)
    tmp -= v
    tmp *= 1 - beta2
    v += tmp
    numpy.sqrt(v, out=tmp)
    tmp += eps
    numpy.divide(m, tmp, out=tmp)
    tmp *= alpha_t
    p -= tmp
