"""The kernels as Chainer functions, over NumPy and CuPy arrays; for each of them the only place that picks an engine.

Each is differentiable once, which is what training needs. Axes as in ``reference.py``.
"""

import numpy

from tsuzuri.compat import chainer
from tsuzuri.kernels import gpu, native
from tsuzuri.kernels.gpu import calls
from tsuzuri.kernels.numpy_ import dropout as masks
from tsuzuri.kernels.numpy_ import embedding, lstm, output, packed, pooling


class _Function(chainer.FunctionNode):
    """A function of arrays with one hand-written gradient: subclasses give ``run`` and ``gradients``."""

    def forward(self, inputs):
        return self.run(*inputs)

    def backward(self, _, grads):
        arrays = [None if g is None else g.array for g in grads]
        return tuple(None if g is None else chainer.as_variable(g) for g in self.gradients(*arrays))


class _Embed(_Function):
    def __init__(self, ids):
        super().__init__()
        self.ids = ids

    def run(self, w):
        self.size = len(w)
        if gpu.has(w):
            return (calls.embed(self.ids, w),)
        return (native.embed(self.ids, w) if native.has(w) else w[self.ids],)

    def gradients(self, g):
        kernels = calls if gpu.has(g) else native if native.has(g) else None
        gradient = kernels.embed_backward if kernels else embedding.gradient
        return (gradient(g.reshape(-1, g.shape[-1]), self.ids.reshape(-1), self.size),)


class _Dropout(_Function):
    def __init__(self, ratio, key):
        super().__init__()
        self.ratio, self.key = ratio, key

    def run(self, x):
        return (self._masked(x),)

    def gradients(self, g):
        return (self._masked(g),)

    def _masked(self, x):
        if native.has(x):
            return native.dropout(x, self.ratio, self.key)
        return x * masks.mask(chainer.backend.get_array_module(x), x.shape, self.ratio, self.key, x.dtype)


class _NativeLSTM(_Function):
    def __init__(self, *how):
        super().__init__()
        self.how = how  # ratio, key, precision

    def run(self, *inputs):
        x, _, _, w_x, _, w_h, _ = inputs
        hs, cs, gates = native.lstm_forward(*inputs, *self.how)
        self.cache = x, w_x, w_h, hs, cs, gates
        return hs[1:], cs[-1]

    def gradients(self, g_hs, g_c):
        cache, self.cache = self.cache, None  # the backward pass eats it
        g_hs, g_c = (None if g is None else numpy.ascontiguousarray(g, "f") for g in (g_hs, g_c))
        return native.lstm_backward(g_hs, g_c, *cache, *self.how)


class _GPULSTM(_Function):
    def __init__(self, *how):
        super().__init__()
        self.how = how  # ratio, key, precision

    def run(self, *inputs):
        hs, c, self.cache = calls.lstm_forward(*inputs, *self.how)
        return hs, c

    def gradients(self, g_hs, g_c):
        cache, self.cache = self.cache, None  # the backward pass eats it
        xp = chainer.backend.get_array_module(*(g for g in (g_hs, g_c) if g is not None))
        g_hs, g_c = (None if g is None else xp.ascontiguousarray(g, "f") for g in (g_hs, g_c))
        return calls.lstm_backward(g_hs, g_c, cache)


class _LSTM(_Function):
    def __init__(self, ratio, key):
        super().__init__()
        self.ratio, self.key = ratio, key

    def run(self, x, c, h, w_x, b_x, w_h, b_h):
        self.packed = lstm.Packed(*(lstm.pack(w) for w in (w_x, b_x, w_h, b_h)))
        mask = None
        if self.ratio > 0:
            xp = chainer.backend.get_array_module(x)
            mask = masks.mask(xp, (len(x), len(c), len(w_x)), self.ratio, self.key, x.dtype)
        self.cache = lstm.forward(x, c, h, self.packed, mask)
        return self.cache.h[1:], self.cache.c[-1]

    def gradients(self, g_hs, g_c):
        cache, self.cache = self.cache, None  # the backward pass eats it
        xp = chainer.backend.get_array_module(cache.h)
        g_hs = xp.zeros_like(cache.tanh_c) if g_hs is None else g_hs
        g_c = xp.zeros_like(cache.c[-1]) if g_c is None else g_c.copy()
        g_x, g_c, g_h, weights = lstm.backward(g_hs, g_c, self.packed, cache)
        return g_x, g_c, g_h, *(lstm.unpack(g) for g in weights)


class _NativePackedLSTM(_Function):
    def __init__(self, counts, precision):
        super().__init__()
        self.counts, self.precision = counts, precision

    def run(self, x, w_x, b_x, w_h, b_h):
        hs, cs, gates = native.lstm_packed_forward(x, self.counts, w_x, b_x, w_h, b_h, self.precision)
        self.cache = x, self.counts, w_x, w_h, hs, cs, gates
        return (hs[self.counts[0] :],)

    def gradients(self, g_hs):
        cache, self.cache = self.cache, None  # the backward pass eats it
        return native.lstm_packed_backward(numpy.ascontiguousarray(g_hs, "f"), *cache, self.precision)


class _PackedLSTM(_Function):
    def __init__(self, counts):
        super().__init__()
        self.counts = counts

    def run(self, x, w_x, b_x, w_h, b_h):
        self.weights = lstm.Packed(*(lstm.pack(w) for w in (w_x, b_x, w_h, b_h)))
        self.cache = packed.lstm_forward(x, self.counts, self.weights)
        return (self.cache.h[self.counts[0] :],)

    def gradients(self, g_hs):
        cache, self.cache = self.cache, None  # the backward pass eats it
        g_x, weights = packed.lstm_backward(g_hs, self.counts, self.weights, cache)
        return g_x, *(lstm.unpack(g) for g in weights)


class _PackedRNN(_Function):
    def __init__(self, counts):
        super().__init__()
        self.counts = counts

    def run(self, x, w_x, b_x, w_h, b_h):
        self.weights, self.cache = (w_x, w_h), packed.rnn_forward(x, self.counts, w_x, b_x, w_h, b_h)
        return (self.cache.h[self.counts[0] :],)

    def gradients(self, g_hs):
        return packed.rnn_backward(g_hs, self.counts, *self.weights, self.cache)


class _Pool(_Function):
    def __init__(self, counts, how):
        super().__init__()
        self.counts, self.how = counts, how

    def run(self, h):
        pooled, self.rows = pooling.forward(h, self.counts, self.how)
        return (pooled,)

    def gradients(self, g):
        return (pooling.backward(g, self.counts, self.how, self.rows),)


class _CrossEntropy(_Function):
    def __init__(self, target, scale, precision):
        super().__init__()
        self.target, self.scale, self.precision = target, scale, precision

    def run(self, h, w, b):
        how = self.target, self.scale, chainer.config.enable_backprop
        if gpu.has(h, w, b):
            loss, *self.grads = calls.cross_entropy(h, w, b, *how, self.precision)
            loss = loss[0]
        elif native.has(h, w, b):
            loss, *self.grads = native.cross_entropy(h, w, b, *how, self.precision)
        else:
            loss, *self.grads = output.cross_entropy(h, w, b, *how)
        return (chainer.backend.get_array_module(h).asarray(loss * self.scale, h.dtype),)

    def gradients(self, g):
        grads, self.grads = self.grads, None
        if not (isinstance(g, numpy.ndarray) and g == 1):  # as it is where this is the loss itself
            for array in grads:
                array *= g
        return grads


def step(words, state, embedding, layers, w, b):
    """A word of each stream through the whole model, on arrays, outside any graph.

    words (B,) int32; state (c1, h1, c2, h2), each (B, N); embedding (V, N); ``layers`` two tuples (w_x, b_x, w_h, b_h)
    as in ``lstm_window``; w (V, N), b (V,). Returns the logits (B, V) and the new state.
    """
    if native.has(*state, embedding, *layers[0], *layers[1], w, b):
        return native.step(numpy.ascontiguousarray(words, "i"), state, embedding, layers, w, b)
    x, after = embedding[words], []
    for c, h, weights in zip(state[::2], state[1::2], layers, strict=True):
        c, x = lstm.step(x, c, h, *weights)
        after += [c, x]
    return x @ w.T + b, tuple(after)


def embed(ids, w):
    """Rows ``ids`` (..., ) int32 of w (V, N): (..., N); without a gradient where w is a parameter that is frozen."""
    rule = getattr(w, "update_rule", None)
    return _Embed(ids).apply((w if rule is None or rule.enabled else w.array,))[0]


def dropout(x, ratio, key):
    """Inverted dropout of x with the mask of ``key``; x itself where ratio is 0."""
    return _Dropout(ratio, key).apply((x,))[0] if ratio > 0 else x


def lstm_window(x, c, h, w_x, b_x, w_h, b_h, ratio=0.0, key=0, precision=native.FLOAT32):
    """An LSTM layer over a window, dropping its projected inputs with probability ``ratio``.

    x (T, B, I); c, h (B, N); w_x (4N, I), w_h (4N, N), b_x, b_h (4N,) in Chainer's layout.
    Returns h of every step (T, B, N) and the last c (B, N).
    """
    inputs = x, c, h, w_x, b_x, w_h, b_h
    if gpu.has(*map(_array, inputs)):
        return _GPULSTM(ratio, key, precision).apply(inputs)
    if native.has(*map(_array, inputs)):
        return _NativeLSTM(ratio, key, precision).apply(inputs)
    return _LSTM(ratio, key).apply(inputs)


def lstm_packed(x, counts, w_x, b_x, w_h, b_h, precision=native.FLOAT32):
    """An LSTM layer over packed rows, each sequence from a state of zeros.

    x (R, I) and ``counts`` (T,), integers in NumPy, as ``packed.py`` says; weights as in ``lstm_window``. Returns h of
    every row, (R, N).
    """
    inputs = x, w_x, b_x, w_h, b_h
    if native.has(*map(_array, inputs)):
        return _NativePackedLSTM(counts, precision).apply(inputs)[0]
    return _PackedLSTM(counts).apply(inputs)[0]


def rnn_packed(x, counts, w_x, b_x, w_h, b_h):
    """A plain recurrent layer, h = tanh(x w_x + b_x + h w_h + b_h), over packed rows as in ``lstm_packed``.

    w_x (N, I), w_h (N, N), b_x, b_h (N,). Returns h of every row, (R, N).
    """
    return _PackedRNN(counts).apply((x, w_x, b_x, w_h, b_h))[0]


def pool(h, counts, how):
    """Packed rows h (R, N) to one of each sequence, (B, N): their "mean" or "max", or the "last"."""
    return _Pool(counts, how).apply((h,))[0]


def _array(x):
    return x.array if isinstance(x, chainer.Variable) else x


def cross_entropy(h, w, b, target, scale=1.0, precision=native.FLOAT32):
    """``scale`` times the sum over the rows of -log softmax(h w + b)[target], in nats; a target of -1 counts nothing.

    h (R, N), w (V, N), b (V,), target (R,) int32. Without backprop (``chainer.no_backprop_mode``) no gradient is made.
    """
    return _CrossEntropy(target, scale, precision).apply((h, w, b))[0]
