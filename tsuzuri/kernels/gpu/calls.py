"""The GPU engine: those kernels of ``engines.KERNELS`` that CUDA has by themselves, for models built from functions.

Arrays are float32, contiguous, and on the current device (``gpu.has``); what comes back is newly taken.
"""

from typing import Any, NamedTuple

import numpy

from tsuzuri.kernels.gpu import embedding, launcher, masks, operands, output, recurrence, sums, tiling
from tsuzuri.kernels.gpu.memory import BFLOAT16


class WindowCache(NamedTuple):
    """What ``lstm_backward`` needs. The layer's gates are overwritten by it, so a cache serves once."""

    plans: tiling.Plans
    layer: recurrence.Layer
    scratch: tuple  # of ``recurrence.counters`` and ``recurrence.sums``
    drops: recurrence.Drops
    x_op: Any  # (T B, Ip)
    w_x_op: Any  # (4N, Ip)
    shape: tuple  # of x
    precision: str


def embed(ids, w):
    """Rows ``ids`` (..., ) of w (V, N): (..., N)."""
    engine = launcher.current()
    x = engine.empty((ids.size, w.shape[1]))
    embedding.embed(engine, _ids(engine, ids), w, x, _key(engine, 0))
    return x.reshape(*ids.shape, -1)


def embed_backward(g, ids, size):
    """As ``numpy_.embedding.gradient``, but added in one order."""
    engine = launcher.current()
    g_w, scratch = engine.empty((size, g.shape[1])), engine.empty(embedding.gradient_scratch(*g.shape))
    embedding.gradient(engine, _ids(engine, ids), g, g_w, _key(engine, 0), masks.NONE, scratch)
    return g_w


def lstm_forward(x, c, h, w_x, b_x, w_h, b_h, ratio, key, precision):
    """An LSTM layer over a window: as ``functions.lstm_window``.

    Returns h of every step (T, B, N), the last c (B, N), and a ``WindowCache``.
    """
    engine, (T, B, _), N = launcher.current(), x.shape, c.shape[1]
    kind = _kind(precision)
    Np = operands.padded(N, kind)
    plans = tiling.plans_for(engine.multiprocessors, engine.shared_memory, T, B, N, precision, True)
    hs, cs, h_op = engine.empty((T + 1, B, N)), engine.empty((T + 1, B, N)), engine.zeros((T + 1, B, Np), kind)
    hs[0], cs[0] = h, c
    sums.cast(engine, hs[0], h_op[0])
    x_op = _operand(engine, x.reshape(T * B, -1), kind)
    w_ops = _operand(engine, w_x, kind), _operand(engine, w_h, kind)
    keys = _key(engine, 0), _key(engine, key)
    arrays = engine.empty((T, B, 4 * N)), hs, cs, h_op, engine.zeros((T, B, Np), kind)
    layer = recurrence.Layer(w_x, b_x, w_h, b_h, w_ops[1], *arrays, None, None, *keys)
    scratch = engine.zeros(recurrence.counters(engine), "u4"), engine.empty(recurrence.sums(B, N))
    drops = recurrence.Drops(projections=masks.Dropout.of(ratio))

    columns = slice(x.shape[-1])
    gates = layer.gates.reshape(T * B, 4 * N)
    engine.product(x_op[:, columns], w_ops[0][:, columns], gates, transpose_b=True, precision=precision)
    recurrence.recur_forward(engine, plans, (layer,), scratch, (drops,))
    return hs[1:], cs[-1], WindowCache(plans, layer, scratch, drops, x_op, w_ops[0], x.shape, precision)


def lstm_backward(g_hs, g_c, cache):
    """Gradients of ``lstm_forward`` from g_hs (T, B, N) and g_c (B, N), either of which may be None for zeros.

    Returns the gradients of x, c, h, w_x, b_x, w_h, b_h. A cache serves once.
    """
    engine, (plans, layer, scratch, drops, x_op, w_x_op, shape, precision) = launcher.current(), cache
    g_hs, g_c = (None if g is None else engine.xp.ascontiguousarray(g, "f") for g in (g_hs, g_c))
    T, B, N = layer.gates.shape[0], *layer.cs.shape[1:]
    rows, columns, kind = T * B, slice(shape[-1]), _kind(precision)
    dz_shape = T, B, operands.padded(4 * N, kind)
    dz_x_op = engine.zeros(dz_shape, kind) if drops.projections.threshold else None
    layer = layer._replace(dz_op=engine.zeros(dz_shape, kind), dz_x_op=dz_x_op)
    g_hs = engine.zeros((T, B, N)) if g_hs is None else g_hs
    before = engine.empty((B, N)), engine.empty((B, N))
    recurrence.recur_backward(engine, plans, (layer,), g_hs, scratch, (drops,), recurrence.Ends(g_c, *before))
    dz, dz_x = (op.reshape(rows, -1) for op in (layer.dz_op, layer.dz_op if layer.dz_x_op is None else layer.dz_x_op))
    g_x = engine.empty((rows, shape[-1]))
    g_w_x, g_w_h = engine.empty(layer.w_x.shape), engine.empty(layer.w_h.shape)
    g_b_x, g_b_h = engine.empty(4 * N), engine.empty(4 * N)
    products = (
        (dz_x[:, : 4 * N], w_x_op[:, columns], g_x, False),
        (dz_x[:, : 4 * N], x_op[:, columns], g_w_x, True),
        (dz[:, : 4 * N], layer.h_op[:-1].reshape(rows, -1)[:, :N], g_w_h, True),
    )
    for a, b, out, transpose in products:
        engine.product(a, b, out, transpose_a=transpose, precision=precision)
    gates = layer.gates.reshape(rows, 4 * N)  # dz in float32 by now
    room = engine.empty(sums.columns_scratch(rows, 4 * N))
    sums.sum_columns(engine, gates, g_b_h, False, room)
    sums.sum_columns(engine, gates if layer.dz_x_op is None else dz_x, g_b_x, False, room)
    return g_x.reshape(shape), before[1], before[0], g_w_x, g_b_x, g_w_h, g_b_h


def cross_entropy(h, w, b, target, scale, with_gradients, precision, smoothing=0.0):
    """As ``numpy_.output.cross_entropy``, with the sum on the device."""
    engine, kind = launcher.current(), _kind(precision)
    (rows, N), V = h.shape, len(w)
    h_op, w_op = (_operand(engine, array, kind)[:, :N] for array in (h, w))
    step = output.rows_at_once(rows, V)
    logits, losses = engine.empty((step, operands.padded(V, kind))), engine.empty(rows)
    d = logits if kind == "f" else engine.zeros(logits.shape, kind)
    g_h, g_w, g_b = (engine.empty(a.shape) for a in (h, w, b)) if with_gradients else (None, None, None)
    room = engine.empty(sums.columns_scratch(step, V))
    targets = _ids(engine, target)
    for start in range(0, rows, step):
        block = slice(start, min(start + step, rows))
        size = block.stop - start
        engine.product(h_op[block], w_op, logits[:size, :V], transpose_b=True, precision=precision)
        to = d[:size] if with_gradients else None
        output.softmax(engine, logits[:size], b, targets[block], scale, to, losses[block], smoothing)
        if with_gradients:
            engine.product(to[:, :V], w_op, g_h[block], precision=precision)
            more = float(start > 0)
            engine.product(to[:, :V], h_op[block], g_w, transpose_a=True, beta=more, precision=precision)
            sums.sum_columns(engine, to, g_b, start > 0, room)
    loss, total = engine.empty(1), engine.zeros(1, "d")
    sums.sum_losses(engine, losses, 1.0, loss, total, 1.0)
    return total[0], g_h, g_w, g_b


def _kind(precision):
    return numpy.dtype("u2" if precision == BFLOAT16 else "f")


def _operand(engine, matrix, kind):
    """A matrix as products read it: itself in float32."""
    if kind == "f":
        return matrix
    op = engine.zeros((len(matrix), operands.padded(matrix.shape[1], kind)), kind)
    sums.cast(engine, matrix, op)
    return op


def _ids(engine, ids):
    return engine.xp.ascontiguousarray(ids, "i").reshape(-1)


def _key(engine, key):
    return engine.asarray(numpy.array([key], "u8"))
