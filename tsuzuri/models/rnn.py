"""The model: EmbedID, two LSTM layers and a Linear, with the state they carry from word to word.

Parameters have the names and layouts of the model that tutorials of Chainer write step by step (``l0``, ``l1_x``,
``l1_h``, ``l2_x``, ``l2_h``, ``l3``: ``benchmarks/article.py``), so that a snapshot of one loads into the other.

Axes: T steps of a window, B streams side by side, N units, V words.
"""

import dataclasses

import numpy

from tsuzuri.compat import L, chainer
from tsuzuri.kernels import functions as K
from tsuzuri.kernels import gpu
from tsuzuri.kernels.gpu import drawing, writing

LAYERS, PROJECTIONS = "layers", "projections"
NO_KEYS = (0,) * 5


@dataclasses.dataclass(frozen=True)
class Sizes:
    """What the model is made of; saved with its weights.

    ``dropout`` is the probability of dropping a value while training. ``dropout_on`` says where: on ``layers``, the
    layers' inputs and the last output (Zaremba et al. 2014), or on ``projections``, the projected inputs x W of both
    LSTM layers (the article).
    """

    words: int
    units: int
    dropout: float = 0.5
    dropout_on: str = LAYERS

    def shapes(self):
        """The shape of every parameter by its path, so that weights can be checked before memory is taken for them."""
        words, units = self.words, self.units
        shapes = {"l0/W": (words, units), "l3/W": (words, units), "l3/b": (words,)}
        for name in ("l1_x", "l1_h", "l2_x", "l2_h"):
            shapes |= {f"{name}/W": (4 * units, units), f"{name}/b": (4 * units,)}
        return shapes


class RNN(chainer.Chain):
    """A stateful two-layer LSTM language model.

    ``rng`` makes the parameters and the dropout masks: the same generator, the same model, the same training.
    ``precision`` is that of a window's products while training: float32, or bfloat16 or (on a GPU) tf32, to which what
    is multiplied is rounded (some processors take its denormals as zeros too); sums and weights stay in float32.
    """

    def __init__(self, sizes, rng, precision="float32"):
        super().__init__()
        self.sizes, self.rng, self.precision = sizes, rng, precision
        words, units = sizes.words, sizes.units
        with self.init_scope():
            self.l0 = L.EmbedID(words, units, initialW=rng.normal(0, 1, (words, units)).astype("f"))
            self.l1_x, self.l1_h = self._gates(), self._gates(forget=1)
            self.l2_x, self.l2_h = self._gates(), self._gates(forget=1)
            self.l3 = L.Linear(units, words, initialW=self._scaled(words))
        self.reset_state()

    def _scaled(self, rows):
        """Weights (rows, N) of variance 1/N (LeCun et al. 1998), which keep activations at their scale."""
        units = self.sizes.units
        return (self.rng.normal(0, 1, (rows, units)) / numpy.sqrt(units)).astype("f")

    def _gates(self, forget=0):
        """A Linear to the four gates; ``forget`` is the forget gate's bias (1 remembers at first: Gers et al. 2000)."""
        units = self.sizes.units
        bias = numpy.zeros((units, 4), "f")  # Chainer's order: a, i, f, o
        bias[:, 2] = forget
        return L.Linear(units, 4 * units, initialW=self._scaled(4 * units), initial_bias=bias.reshape(-1))

    def reset_state(self):
        """Forget what was read: the next word is the first."""
        self._state = None

    def reset_streams(self, which):
        """Forget what was read in some streams, ``which`` (B,) bool: for them the next word is the first."""
        if self._state is not None:
            kept = self.xp.asarray(~which)[:, None]
            self._state = tuple(self.xp.where(kept, s, s.dtype.type(0)) for s in self._state)

    def get_state(self):
        """The state as four arrays (B, N): c and h of the first layer, c and h of the second; None after a reset."""
        return None if self._state is None else tuple(s.copy() for s in self._state)

    def set_state(self, state):
        """Take up a state of ``get_state``, on whatever device it is."""
        self._state = None if state is None else tuple(self.xp.asarray(s) for s in state)

    def _state_for(self, batch):
        if self._state is None:
            self._state = tuple(self.xp.zeros((batch, self.sizes.units), self.l3.W.dtype) for _ in range(4))
        return self._state

    def forward(self, xs, ts):
        """Read a window, keep the state and cut its history (truncated BPTT).

        xs, ts (T, B) int32, the words and those that follow them; -1 in ts counts nothing. Returns the loss as a
        Variable: -log p summed over the window's steps and averaged over its streams, in nats.
        """
        ratio = self.sizes.dropout if chainer.config.train else 0.0
        on_layers = ratio if self.sizes.dropout_on == LAYERS else 0.0
        on_projections = ratio - on_layers
        c1, h1, c2, h2 = self._state_for(xs.shape[1])
        read, projected1, between, projected2, written = self.keys() if chainer.config.train else NO_KEYS

        x = K.dropout(K.embed(xs, self.l0.W), on_layers, read)  # (T, B, N)
        y1, c1 = self._layer(x, c1, h1, self.l1_x, self.l1_h, on_projections, projected1)
        x = K.dropout(y1, on_layers, between)
        y2, c2 = self._layer(x, c2, h2, self.l2_x, self.l2_h, on_projections, projected2)
        self._state = c1.array, y1.array[-1], c2.array, y2.array[-1]

        y = K.dropout(y2, on_layers, written).reshape(-1, self.sizes.units)  # (T*B, N)
        settings = {"scale": 1 / xs.shape[1], "precision": self._precision()}
        return K.cross_entropy(y, self.l3.W, self.l3.b, ts.reshape(-1), **settings)

    def _layer(self, x, c, h, from_below, from_before, ratio, key):
        weights = from_below.W, from_below.b, from_before.W, from_before.b
        return K.lstm_window(x, c, h, *weights, ratio=ratio, key=key, precision=self._precision())

    def _precision(self):
        """Evaluation is in float32, as generating is: so a loss tells what the weights are worth anywhere."""
        return self.precision if chainer.config.train else "float32"

    def keys(self):
        """Fresh 64-bit keys for the dropout masks of a window that is trained on, in the order of the layers.

        Of what is read, of the first layer's projections, of what goes on to the second, of its projections, and of
        what it hands on. Without dropout they are 0, and none are drawn.
        """
        return [int(self.rng.integers(2**64, dtype="u8")) for _ in NO_KEYS] if self.sizes.dropout else NO_KEYS

    def step(self, x):
        """Read one word a stream, x (B,) int32, and return the logits of the next, (B, V)."""
        logits, self._state = K.step(x, self._state_for(len(x)), *self._weights())
        return logits

    def writer(self, batch, settings, rng, escape=None, own_masks=False):
        """A ``kernels.gpu.writing.Writer`` of this model where it is on a GPU that has one, else None.

        ``settings``: temperature, top-k and top-p; its key is drawn from ``rng``; it does what ``escape`` would.
        """
        engine = gpu.engine_of(self.l0.W.array)
        if engine is None or self.sizes.words > drawing.MOST_WORDS:
            return None
        onset_keys = None
        if escape:
            onset_keys = numpy.full(self.sizes.words, -1) if escape.onset_keys is None else escape.onset_keys
        key = int(rng.integers(2**64, dtype="u8"))
        return writing.Writer(
            engine, self._weights(), batch, drawing.draw_settings(*settings), key, onset_keys, own_masks
        )

    def _weights(self):
        """All weights as arrays, as ``functions.step`` takes them."""
        layers = [[p.array for p in (x.W, x.b, h.W, h.b)] for x, h in ((self.l1_x, self.l1_h), (self.l2_x, self.l2_h))]
        return self.l0.W.array, layers, self.l3.W.array, self.l3.b.array
