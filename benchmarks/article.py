"""The per-step model that Chainer's examples and the article write: the peer that the window kernels are held against.

EmbedID, four Linear, F.lstm twice, Linear; the state carried, the loss summed over a window, the graph cut after it.
"""

from tsuzuri.compat import F, L, chainer


def no_dropout(_, y):
    return y


def dropout_on_projections(place, y):
    """Dropout where the article has it."""
    return F.dropout(y) if place in ("l1_x", "l2_x") else y


class Article(chainer.Chain):
    """A two-layer LSTM language model, a word at a time."""

    def __init__(self, words, units):
        super().__init__()
        with self.init_scope():
            self.l0 = L.EmbedID(words, units)
            self.l1_x = L.Linear(units, 4 * units)
            self.l1_h = L.Linear(units, 4 * units)
            self.l2_x = L.Linear(units, 4 * units)
            self.l2_h = L.Linear(units, 4 * units)
            self.l3 = L.Linear(units, words)

    def zero_state(self, batch):
        """c and h of both layers."""
        return [chainer.Variable(self.xp.zeros((batch, self.l1_h.W.shape[1]), self.l3.W.dtype)) for _ in range(4)]

    def step(self, x, state, drop=no_dropout):
        """Read a word a stream, x (B,); ``drop(place, y)`` is applied at each place where dropout may stand."""
        c1, h1, c2, h2 = state
        below = drop("l0", self.l0(x))
        c1, h1 = F.lstm(c1, drop("l1_x", self.l1_x(below)) + self.l1_h(h1))
        below = drop("h1", h1)
        c2, h2 = F.lstm(c2, drop("l2_x", self.l2_x(below)) + self.l2_h(h2))
        return self.l3(drop("h2", h2)), [c1, h1, c2, h2]

    def window(self, xs, ts, state, drop=no_dropout):
        """Loss of a window, xs and ts (T, B), summed over its steps, and the state after it."""
        loss = 0
        for x, t in zip(xs, ts, strict=True):
            y, state = self.step(x, state, drop)
            loss += F.softmax_cross_entropy(y, t)
        return loss, state


def train_window(model, optimizer, xs, ts, state, drop=no_dropout):
    """One update, and the state with its history cut."""
    loss, state = model.window(xs, ts, state, drop)
    model.cleargrads()
    loss.backward()
    loss.unchain_backward()
    optimizer.update()
    return loss, state
