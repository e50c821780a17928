"""Output layer with softmax cross-entropy in row blocks; twin of ``reference.cross_entropy``.

The logits of a block are made, used for the loss, turned into their own gradient in place, used for the gradients,
and dropped: the full (T*B, V) matrix never exists. The gradients are therefore made together with the loss.
"""

from tsuzuri.compat import chainer

BLOCK_BYTES = 16 << 20  # of logits alive at once: enough rows for full-speed products
TILE_BYTES = 1 << 20  # of logits passed over at once: they stay in cache from one operation to the next


def rows_of(nbytes, w):
    """How many rows of logits over the V words of w (V, N) fit in ``nbytes``, at least one."""
    return max(1, nbytes // (len(w) * w.itemsize))


def cross_entropy(h, w, b, target, scale=1.0, with_gradients=True, smoothing=0.0):
    """Summed -log softmax(h w + b)[target] in nats, a target of -1 counting nothing, and its gradients.

    h (R, N), w (V, N), b (V,), target (R,) int32. Returns the sum, as an array of no dimensions in float64, and the
    gradients of h (R, N), w (V, N) and b (V,), ``scale`` times, each None without ``with_gradients``. These are of
    targets of which a share ``smoothing`` is spread evenly over all words; the sum is not.
    """
    xp = chainer.backend.get_array_module(h)
    rows = len(h)
    step = -(-rows // -(-rows // rows_of(BLOCK_BYTES, w)))  # blocks of one size
    loss = xp.zeros((), "d")
    g_h, g_w, g_b = (xp.empty_like(h), None, None) if with_gradients else (None, None, None)
    logits = xp.empty((step, len(w)), h.dtype)  # (block, V)
    for start in range(0, rows, step):
        block = slice(start, min(start + step, rows))
        z = logits[: block.stop - start]
        xp.matmul(h[block], w.T, out=z)
        z += b
        loss += _softmax(z, target[block], scale, with_gradients, smoothing)
        if with_gradients:
            xp.matmul(z, w, out=g_h[block])
            g_w = _accumulate(g_w, xp.matmul(z.T, h[block]))
            g_b = _accumulate(g_b, z.sum(axis=0))
    return loss, g_h, g_w, g_b


def _softmax(logits, target, scale, with_gradients, smoothing):
    """Sum the loss of a block and turn its logits (R, V) into their gradient, tile by tile."""
    xp = chainer.backend.get_array_module(logits)
    step = rows_of(TILE_BYTES, logits.T) if xp.__name__ == "numpy" else len(logits)
    loss = xp.zeros((), "d")
    for start in range(0, len(logits), step):
        z, t = logits[start : start + step], target[start : start + step]
        row, counts = xp.arange(len(z)), t >= 0
        z -= z.max(axis=1, keepdims=True)
        chosen = z[row, t]  # a target of -1 picks the last word here and is masked out below
        xp.exp(z, out=z)
        total = z.sum(axis=1)
        loss += xp.where(counts, xp.log(total) - chosen, 0).sum(dtype="d")  # a GPU need not be asked how many count
        if with_gradients:
            z *= (counts * scale / total).astype(z.dtype)[:, None]
            if smoothing:
                z -= (counts * (scale * smoothing / z.shape[1])).astype(z.dtype)[:, None]
            z[row, t] -= counts * z.dtype.type(scale * (1 - smoothing))
    return loss


def _accumulate(total, more):
    if total is None:
        return more
    total += more
    return total
