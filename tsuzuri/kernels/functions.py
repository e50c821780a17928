"""The kernels as Chainer functions, over NumPy and CuPy arrays; ``engines.py`` picks who computes them.

Each is differentiable once, which is what training needs. Axes as in ``reference.py``.
"""

import numpy

from tsuzuri.compat import chainer
from tsuzuri.kernels import native
from tsuzuri.kernels.engines import engine_for
from tsuzuri.kernels.numpy_ import dropout as dropout_kernels
from tsuzuri.kernels.numpy_ import packed, penalties, pooling, weighing


class _Function(chainer.FunctionNode):
    """A function of arrays with one hand-written gradient: subclasses give ``run`` and ``gradients``.

    What the way back needs lies in ``cache``, which ``run`` makes and ``gradients`` takes away by ``take_cache``.
    """

    cache = None

    def forward(self, inputs):
        return self.run(*inputs)

    def backward(self, _, grads):
        arrays = [None if g is None else g.array for g in grads]
        return tuple(None if g is None else chainer.as_variable(g) for g in self.gradients(*arrays))

    def take_cache(self):
        cache, self.cache = self.cache, None
        return cache


class _Embed(_Function):
    def __init__(self, ids):
        super().__init__()
        self.ids = ids

    def run(self, w):
        self.size = len(w)
        return (engine_for("embed", w).embed(self.ids, w),)

    def gradients(self, g):
        g = g.reshape(-1, g.shape[-1])
        return (engine_for("embed_backward", g).embed_backward(g, self.ids.reshape(-1), self.size),)


class _WeighRows(_Function):
    def run(self, x, w):
        self.cache = x, w
        return (weighing.weigh(x, w),)

    def gradients(self, g):
        return weighing.gradients(g, *self.take_cache())


class _Dropout(_Function):
    def __init__(self, ratio, key, locked):
        super().__init__()
        self.ratio, self.key, self.locked = ratio, key, locked

    def run(self, x):
        return (engine_for("dropout", x).dropout(x, self.ratio, self.key, self.locked),)

    def gradients(self, g):
        return self.run(g)


class _DropWords(_Function):
    def __init__(self, ids, size, ratio, key):
        super().__init__()
        self.ids, self.settings = ids, (size, ratio, key)

    def run(self, x):
        return (dropout_kernels.drop_words(x, self.ids, *self.settings),)

    def gradients(self, g):
        return self.run(g)


class _DropSequences(_Function):
    def __init__(self, counts, ratio, key):
        super().__init__()
        self.settings = counts, ratio, key

    def run(self, x):
        return (packed.drop_sequences(x, *self.settings),)

    def gradients(self, g):
        return self.run(g)


class _HoldActivations(_Function):
    def __init__(self, size, change):
        super().__init__()
        self.size, self.change = size, change

    def run(self, y):
        self.cache = y
        return (y,)

    def gradients(self, g):
        return (g + penalties.activation_gradient(self.take_cache(), self.size, self.change),)


class _WindowLSTM(_Function):
    def __init__(self, ratio, key, precision):
        super().__init__()
        self.ratio, self.key, self.precision = ratio, key, precision

    def run(self, *inputs):
        self.engine = engine_for("lstm_forward", *inputs)
        hs, c, self.cache = self.engine.lstm_forward(*inputs, self.ratio, self.key, self.precision)
        return hs, c

    def gradients(self, g_hs, g_c):
        return self.engine.lstm_backward(g_hs, g_c, self.take_cache())


class _PackedLSTM(_Function):
    def __init__(self, counts, precision):
        super().__init__()
        self.counts, self.precision = counts, precision

    def run(self, x, *weights):
        self.engine = engine_for("lstm_packed_forward", x, *weights)
        h, self.cache = self.engine.lstm_packed_forward(x, self.counts, *weights, self.precision)
        return (h,)

    def gradients(self, g_hs):
        return self.engine.lstm_packed_backward(g_hs, self.take_cache())


class _PackedRNN(_Function):
    def __init__(self, counts):
        super().__init__()
        self.counts = counts

    def run(self, x, w_x, b_x, w_h, b_h):
        self.weights, self.cache = (w_x, w_h), packed.rnn_forward(x, self.counts, w_x, b_x, w_h, b_h)
        return (self.cache.h[self.counts[0] :],)

    def gradients(self, g_hs):
        return packed.rnn_backward(g_hs, self.counts, *self.weights, self.take_cache())


class _Pool(_Function):
    def __init__(self, counts, kind):
        super().__init__()
        self.counts, self.kind = counts, kind

    def run(self, h):
        pooled, self.cache = pooling.pool_forward(h, self.counts, self.kind)
        return (pooled,)

    def gradients(self, g):
        return (pooling.pool_backward(g, self.counts, self.kind, self.take_cache()),)


class _Flatten(_Function):
    def __init__(self, counts, slots):
        super().__init__()
        self.counts, self.slots = counts, slots

    def run(self, h):
        return (pooling.flatten_forward(h, self.counts, self.slots),)

    def gradients(self, g):
        return (pooling.flatten_backward(g, self.counts, self.slots),)


class _CrossEntropy(_Function):
    def __init__(self, target, scale, precision, smoothing):
        super().__init__()
        self.target, self.scale, self.precision, self.smoothing = target, scale, precision, smoothing

    def run(self, h, w, b):
        settings = self.target, self.scale, chainer.config.enable_backprop, self.precision, self.smoothing
        loss, *self.cache = engine_for("cross_entropy", h, w, b).cross_entropy(h, w, b, *settings)
        return (chainer.backend.get_array_module(h).asarray(loss * self.scale, h.dtype),)

    def gradients(self, g):
        grads = self.take_cache()  # made with the loss
        if not (isinstance(g, numpy.ndarray) and g == 1):  # as it is where this is the loss itself
            for array in grads:
                array *= g
        return grads


def embed(ids, w):
    """Rows ``ids`` (..., ) int32 of w (V, N): (..., N); without a gradient where w is a parameter that is frozen."""
    rule = getattr(w, "update_rule", None)
    return _Embed(ids).apply((w if rule is None or rule.enabled else w.array,))[0]


def weigh_rows(x, w):
    """The sum over K of x (..., K, N) times w (K, N), value by value: (..., N)."""
    return _WeighRows().apply((x, w))[0]


def dropout(x, ratio, key, locked=False):
    """Inverted dropout of x with the mask of ``key``; x itself where ratio is 0.

    ``locked`` takes one mask for all steps, along the first axis (Gal and Ghahramani 2016).
    """
    return _Dropout(ratio, key, locked).apply((x,))[0] if ratio > 0 else x


def drop_words(x, ids, size, ratio, key):
    """Inverted dropout of whole words: all rows x (T, B, N) of an id of ``ids`` (T, B) stay, or all are zeros.

    ``size`` is the number of words (Gal and Ghahramani 2016; Merity et al. 2018). x itself where ratio is 0.
    """
    return _DropWords(ids, size, ratio, key).apply((x,))[0] if ratio > 0 else x


def drop_sequences(x, counts, ratio, key):
    """Inverted dropout of packed rows x (R, N) with one mask for all rows of a sequence; x itself where ratio is 0.

    ``counts`` as in ``lstm_packed`` (Gal and Ghahramani 2016).
    """
    return _DropSequences(counts, ratio, key).apply((x,))[0] if ratio > 0 else x


def hold_activations(y, size=0.0, change=0.0):
    """y (T, B, N) itself, but what is learned from it is held small, and to small changes from step to step.

    The loss, a sum over steps averaged over streams, counts T ``size`` mean(y^2) more, and T ``change``
    mean((y[t + 1] - y[t])^2), in its gradient only: activation and temporal activation regularization (Merity et al.
    2017). To be used where ``backward`` begins from that loss. y as it is where both are 0.
    """
    return _HoldActivations(size, change).apply((y,))[0] if size or change else y


def lstm_window(x, c, h, w_x, b_x, w_h, b_h, ratio=0.0, key=0, precision=native.FLOAT32):
    """An LSTM layer over a window, dropping its projected inputs with probability ``ratio``.

    x (T, B, I); c, h (B, N); w_x (4N, I), w_h (4N, N), b_x, b_h (4N,) in Chainer's layout.
    Returns h of every step (T, B, N) and the last c (B, N).
    """
    return _WindowLSTM(ratio, key, precision).apply((x, c, h, w_x, b_x, w_h, b_h))


def lstm_packed(x, counts, w_x, b_x, w_h, b_h, precision=native.FLOAT32):
    """An LSTM layer over packed rows, each sequence from a state of zeros.

    x (R, I) and ``counts`` (T,), integers in NumPy, as ``numpy_/packed.py`` says; weights as in ``lstm_window``.
    Returns h of every row, (R, N).
    """
    return _PackedLSTM(counts, precision).apply((x, w_x, b_x, w_h, b_h))[0]


def rnn_packed(x, counts, w_x, b_x, w_h, b_h):
    """A plain recurrent layer, h = tanh(x w_x + b_x + h w_h + b_h), over packed rows as in ``lstm_packed``.

    w_x (N, I), w_h (N, N), b_x, b_h (N,). Returns h of every row, (R, N).
    """
    return _PackedRNN(counts).apply((x, w_x, b_x, w_h, b_h))[0]


def pool(h, counts, kind):
    """Packed rows h (R, N) to one of each sequence, (B, N): their "mean" or "max", or the "last"; or all, (B, 3N)."""
    return _Pool(counts, kind).apply((h,))[0]


def flatten(h, counts, slots):
    """Packed rows h (R, N) side by side, (B, slots N), with zeros after those of a sequence of fewer than ``slots``."""
    return _Flatten(counts, slots).apply((h,))[0]


def cross_entropy(h, w, b, target, scale=1.0, precision=native.FLOAT32, smoothing=0.0):
    """``scale`` times the sum over the rows of -log softmax(h w + b)[target], in nats; a target of -1 counts nothing.

    h (R, N), w (V, N), b (V,), target (R,) int32. Without backprop (``chainer.no_backprop_mode``) no gradient is made.
    ``smoothing`` is in the gradient only: what is learned is of targets of which that share, 0 to below 1, is spread
    evenly over all words (Szegedy et al. 2016), while the loss stays that of the words themselves.
    """
    return _CrossEntropy(target, scale, precision, smoothing).apply((h, w, b))[0]


def step(words, state, embedding, layers, w, b, skip=False):
    """A word of each stream through the whole model, on arrays, outside any graph.

    words (B,) int32, rows of the embedding (R, I); state (c1, h1, c2, h2 ...), each (B, N) of its layer; ``layers``
    tuples (w_x, b_x, w_h, b_h) as in ``lstm_window``, as many as there are; w (V, N), b (V,). With ``skip`` what a
    layer reads of the one below is added to what it hands on, where both are as wide. Returns the logits (B, V) and the
    new state.
    """
    engine = engine_for("step", *state, embedding, *(array for layer in layers for array in layer), w, b)
    return engine.step(words, state, embedding, layers, w, b, skip)
