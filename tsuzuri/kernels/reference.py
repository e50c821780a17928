"""The specification: every kernel as plain NumPy loops that can be checked against a textbook.

Nothing here is fast. The files of ``numpy_/`` compute the same with fewer, larger operations, ``native/`` in C++ and
``gpu/`` in CUDA C++; ``tests/kernels`` holds each equal to its twin here on fresh random input.

Axes: T steps of a window, B streams side by side, I inputs, N units, V words, R packed rows (``numpy_/packed.py``).
Weights have Chainer's layout: ``(4N, I)``, the four gates interleaved, row ``4n + k`` being gate k of unit n, with
k = 0 the candidate a, 1 the input gate i, 2 the forget gate f, 3 the output gate o (``chainer.functions.lstm``).
"""

import numpy


def sigmoid(x):
    return 1 / (1 + numpy.exp(-x))


def lstm_forward(x, c, h, w_x, b_x, w_h, b_h, mask=None):
    """Run an LSTM layer over a window.

    x (T, B, I); c, h (B, N) state before the window; w_x (4N, I), w_h (4N, N), b_x, b_h (4N,);
    mask (T, B, 4N) multiplies the projected input ``x w_x + b_x`` (dropout as in the article).
    Returns h of every step (T, B, N), the last c and the cache that ``lstm_backward`` needs.
    Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.
    """
    hs, cache = [], []
    for t in range(len(x)):
        z = x[t] @ w_x.T + b_x  # (B, 4N)
        if mask is not None:
            z = z * mask[t]
        z = z + h @ w_h.T + b_h
        a, i, f, o = (z[:, k::4] for k in range(4))  # each (B, N)
        a, i, f, o = numpy.tanh(a), sigmoid(i), sigmoid(f), sigmoid(o)
        c_next = f * c + i * a
        cache.append((h, c, a, i, f, o, c_next))
        c, h = c_next, o * numpy.tanh(c_next)
        hs.append(h)
    return numpy.stack(hs), c, cache


def lstm_backward(g_hs, g_c, x, w_x, w_h, cache, mask=None):
    """Gradients of ``lstm_forward`` from g_hs (T, B, N), of every step's h, and g_c (B, N), of the last c.

    Returns the gradients of x, c, h, w_x, b_x, w_h, b_h.
    """
    g_x = numpy.zeros_like(x)
    g_w_x, g_w_h = numpy.zeros_like(w_x), numpy.zeros_like(w_h)
    g_b_x, g_b_h = numpy.zeros_like(w_x[:, 0]), numpy.zeros_like(w_h[:, 0])
    g_h = numpy.zeros_like(g_hs[0])
    for t in reversed(range(len(x))):
        h_prev, c_prev, a, i, f, o, c = cache[t]
        g_h = g_h + g_hs[t]
        tanh_c = numpy.tanh(c)
        g_c = g_c + g_h * o * (1 - tanh_c**2)
        g_z = numpy.empty((len(g_h), 4 * g_h.shape[1]), x.dtype)  # (B, 4N)
        g_z[:, 0::4] = g_c * i * (1 - a**2)
        g_z[:, 1::4] = g_c * a * i * (1 - i)
        g_z[:, 2::4] = g_c * c_prev * f * (1 - f)
        g_z[:, 3::4] = g_h * tanh_c * o * (1 - o)
        g_proj = g_z if mask is None else g_z * mask[t]
        g_x[t] = g_proj @ w_x
        g_w_x += g_proj.T @ x[t]
        g_b_x += g_proj.sum(axis=0)
        g_w_h += g_z.T @ h_prev
        g_b_h += g_z.sum(axis=0)
        g_h = g_z @ w_h
        g_c = g_c * f
    return g_x, g_c, g_h, g_w_x, g_b_x, g_w_h, g_b_h


def sequences(counts):
    """The rows of each sequence, step by step, among the packed rows that ``counts`` (T,) describes."""
    starts = numpy.cumsum(counts) - counts
    return [starts[counts > stream] + stream for stream in range(counts[0])]


def lstm_packed(x, counts, w_x, b_x, w_h, b_h):
    """Run an LSTM layer over packed rows x (R, I), one sequence after another, each from a state of zeros.

    Returns h (R, N) and the sequences' caches for ``lstm_packed_backward``.
    """
    zeros = numpy.zeros((1, w_h.shape[1]), x.dtype)
    h, caches = numpy.empty((len(x), w_h.shape[1]), x.dtype), []
    for rows in sequences(counts):
        hs, _, cache = lstm_forward(x[rows][:, None], zeros, zeros, w_x, b_x, w_h, b_h)
        h[rows] = hs[:, 0]
        caches.append(cache)
    return h, caches


def lstm_packed_backward(g_hs, x, counts, w_x, w_h, caches):
    """Gradients of ``lstm_packed`` from g_hs (R, N): of x, w_x, b_x, w_h, b_h."""
    zeros = numpy.zeros((1, w_h.shape[1]), x.dtype)
    g_x, weights = numpy.empty_like(x), [0, 0, 0, 0]
    for rows, cache in zip(sequences(counts), caches, strict=True):
        grads = lstm_backward(g_hs[rows][:, None], zeros, x[rows][:, None], w_x, w_h, cache)
        g_x[rows] = grads[0][:, 0]
        weights = [sum(pair) for pair in zip(weights, grads[3:], strict=True)]
    return g_x, *weights


def rnn_packed(x, counts, w_x, b_x, w_h, b_h):
    """h (R, N) of a plain recurrent layer over packed rows x (R, I), with a state of zeros before each sequence.

    w_x (N, I), w_h (N, N), b_x, b_h (N,). Elman 1990.
    """
    hs = numpy.empty((len(x), len(w_h)), x.dtype)
    for rows in sequences(counts):
        h = numpy.zeros_like(b_h)
        for row in rows:
            h = hs[row] = numpy.tanh(w_x @ x[row] + b_x + w_h @ h + b_h)
    return hs


def pool(h, counts, kind):
    """Pool the packed rows h (R, N) of each sequence to one, (B, N): their "mean" or "max", or the "last".

    "concat" gives last, max and mean side by side, (B, 3N) (Howard and Ruder 2018).
    """
    pools = {"mean": lambda h: h.mean(axis=0), "max": lambda h: h.max(axis=0), "last": lambda h: h[-1]}
    pools["concat"] = lambda h: numpy.concatenate([pools[kind](h) for kind in ("last", "max", "mean")])
    return numpy.stack([pools[kind](h[rows]) for rows in sequences(counts)])


def flatten(h, counts, slots):
    """The packed rows h (R, N) of each sequence side by side, (B, slots N); zeros in the slots that are left."""
    flat = numpy.zeros((counts[0], slots, h.shape[1]), h.dtype)
    for stream, rows in enumerate(sequences(counts)):
        flat[stream, : len(rows)] = h[rows]
    return flat.reshape(counts[0], -1)


def drop_sequences(x, counts, ratio, key):
    """Inverted dropout of packed rows x (R, N) by one mask for all rows of a sequence."""
    masks = numpy.reshape(dropout_mask(counts[0] * x.shape[1], ratio, key), (counts[0], x.shape[1]))
    dropped = numpy.empty_like(x)
    for stream, rows in enumerate(sequences(counts)):
        dropped[rows] = x[rows] * masks[stream] / (1 - ratio)
    return dropped


def log_softmax(logits):
    """log p of every word, from logits (R, V)."""
    logits = logits - logits.max(axis=1, keepdims=True)
    return logits - numpy.log(numpy.exp(logits).sum(axis=1, keepdims=True))


def cross_entropy(h, w, b, target, smoothing=0.0):
    """Summed -log softmax(h w + b)[target] in nats, a target of -1 counting nothing, and gradients to learn by.

    h (R, N), w (V, N), b (V,), target (R,). Returns the sum and the gradients of h, w, b: those of the sum itself, or
    with ``smoothing`` of ``smoothed_cross_entropy``.
    """
    log_p = log_softmax(h @ w.T + b)  # (R, V)
    loss, g_logits = 0.0, numpy.exp(log_p)
    for r, word in enumerate(target):
        if word < 0:
            g_logits[r] = 0
        else:
            loss -= log_p[r, word]
            g_logits[r] -= smoothing / len(w)
            g_logits[r, word] -= 1 - smoothing
    return loss, g_logits @ w, g_logits.T @ h, g_logits.sum(axis=0)


def smoothed_cross_entropy(h, w, b, target, smoothing):
    """The sum of ``cross_entropy``, where of each target a share ``smoothing`` is spread evenly over all words.

    Label smoothing (Szegedy et al. 2016, section 7).
    """
    log_p = log_softmax(h @ w.T + b)  # (R, V)
    loss = 0.0
    for r, word in enumerate(target):
        if word >= 0:
            loss -= (1 - smoothing) * log_p[r, word] + smoothing * log_p[r].mean()
    return loss


def embedding_gradient(g, ids, size):
    """Gradient of ``w[ids]``: each row of g (R, N) added to row ids[r] of a matrix (size, N)."""
    g_w = numpy.zeros((size, g.shape[1]), g.dtype)
    for row, word in zip(g, ids, strict=True):
        g_w[word] += row
    return g_w


def weigh_rows(x, w):
    """The sum over K of x (R, K, N) times w (K, N), value by value: (R, N)."""
    return numpy.array([sum(row * weights for row, weights in zip(rows, w, strict=True)) for rows in x])


def splitmix64(state):
    """One draw of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) at the given counter, an int of 64 bits."""
    mask = 2**64 - 1
    z = state & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


def dropout_mask(size, ratio, key):
    """Booleans, False where a value is dropped: each draw of 64 bits decides four values, lowest bits first."""
    threshold = round(ratio * 2**16)
    kept = []
    for draw in range(-(-size // 4)):
        bits = splitmix64(key + (draw + 1) * 0x9E3779B97F4A7C15)
        kept += [(bits >> (16 * lane)) % 2**16 >= threshold for lane in range(4)]
    return kept[:size]


def adam(param, grad, m, v, step, alpha=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    """One step of Adam (Kingma and Ba 2015, Algorithm 1), in place; ``step`` counts from 1."""
    m[...] = beta1 * m + (1 - beta1) * grad
    v[...] = beta2 * v + (1 - beta2) * grad * grad
    alpha_t = alpha * (1 - beta2**step) ** 0.5 / (1 - beta1**step)
    param[...] -= alpha_t * m / (numpy.sqrt(v) + eps)


def sgd(param, grad, lr):
    """One step of gradient descent, in place."""
    param[...] -= lr * grad


def momentum(param, grad, v, lr, momentum):
    """One step of gradient descent with momentum (Polyak 1964), in place; v is the step before."""
    v[...] = momentum * v - lr * grad
    param[...] += v


def adagrad(param, grad, h, lr, eps):
    """One step of AdaGrad (Duchi, Hazan and Singer 2011), in place; h sums the squares of all gradients."""
    h[...] += grad**2
    param[...] -= lr * grad / (numpy.sqrt(h) + eps)


def rmsprop(param, grad, ms, lr, alpha, eps):
    """One step of RMSprop (Tieleman and Hinton 2012, lecture 6e), in place; ms is a running mean of squares."""
    ms[...] = alpha * ms + (1 - alpha) * grad**2
    param[...] -= lr * grad / (numpy.sqrt(ms) + eps)


def adadelta(param, grad, msg, msdx, lr, rho, eps):
    """One step of AdaDelta (Zeiler 2012, Algorithm 1) times a learning rate, in place.

    msg and msdx are running means of squares, of the gradients and of the steps before ``lr`` multiplies them.
    """
    msg[...] = rho * msg + (1 - rho) * grad**2
    step = numpy.sqrt(msdx + eps) / numpy.sqrt(msg + eps) * grad
    msdx[...] = rho * msdx + (1 - rho) * step**2
    param[...] -= lr * step


def clip(grads, threshold):
    """The gradients, scaled so that the Euclidean norm of them all is at most ``threshold`` (Pascanu et al. 2013)."""
    norm = sum((grad**2).sum() for grad in grads) ** 0.5
    return [grad * (threshold / norm) if norm > threshold else grad for grad in grads]


def activation_penalty(y, size, change):
    """T ``size`` mean(y^2) + T ``change`` mean((y[t + 1] - y[t])^2) of a layer's output y (T, B, N).

    Activation and temporal activation regularization (Merity, McCann and Socher 2017) beside a loss that is summed over
    the T steps.
    """
    penalty = size * numpy.mean(y**2)
    if len(y) > 1:
        penalty += change * numpy.mean((y[1:] - y[:-1]) ** 2)
    return len(y) * penalty
