"""The model: EmbedID, LSTM layers and a Linear, with the state they carry from word to word.

Parameters have the names and layouts of the model that tutorials of Chainer write step by step (``l0``, ``l1_x``,
``l1_h``, ``l2_x``, ``l2_h``, ``l3``: ``benchmarks/article.py``), so that a snapshot of one loads into the other.

Axes: T steps of a window, B streams side by side, I values that a layer reads, N units, V words.
"""

import numpy

from tsuzuri.compat import F, L, chainer
from tsuzuri.kernels import functions as K
from tsuzuri.kernels import gpu
from tsuzuri.kernels.gpu import drawing, writing
from tsuzuri.models.sizes import LAYERS, PROJECTIONS, Sizes

__all__ = ["LAYERS", "PROJECTIONS", "RNN", "Sizes"]

TIED_SPREAD = 0.1  # standard deviation of an embedding that is the output layer's weights too
LOOK, MARK_SPREAD = 0.5, 0.02  # what words looked up weigh at first; the standard deviation of marks


class RNN(chainer.Chain):
    """A stateful LSTM language model.

    ``rng`` makes the parameters and the dropout masks: the same generator, the same model, the same training.
    ``precision`` is that of a window's products while training: float32, or bfloat16 or (on a GPU) tf32, to which what
    is multiplied is rounded (some processors take its denormals as zeros too); sums and weights stay in float32.
    ``ar`` and ``tar`` weigh the penalties on what the last layer hands on, after dropout, and on its changes from step
    to step, before (``functions.hold_activations``; Merity et al. 2017). ``smoothing`` is the share of each target that
    is spread evenly over all words, in what is learned alone (``functions.cross_entropy``; Szegedy et al. 2016).

    ``lookback`` is what says what the model is told besides the words, where its sizes have ``looks``: an object with
    ``rows(ids)``, (R, C) for each of a corpus's ids (R,), and ``reader(B)``, whose ``read(words)`` gives (B, C). Of the
    C the first are words, and the others rows of the marks: ``midi.lookback.Lookback``.
    """

    lookback = None

    def __init__(self, sizes, rng, precision="float32", *, ar=0.0, tar=0.0, smoothing=0.0):
        super().__init__()
        self.sizes, self.rng, self.precision = sizes, rng, precision
        self.ar, self.tar, self.smoothing = ar, tar, smoothing
        words, width = sizes.words, sizes.width
        with self.init_scope():
            spread = TIED_SPREAD if sizes.tied else 1
            self.l0 = L.EmbedID(words, width, initialW=rng.normal(0, spread, (words, width)).astype("f"))
            if sizes.looks:
                self.l0_look = chainer.Parameter(numpy.full((sizes.looks, width), LOOK, "f"))
                marks = rng.normal(0, MARK_SPREAD, (sizes.marks, width)).astype("f")
                self.l0_mark = L.EmbedID(sizes.marks, width, initialW=marks)
            for k, (read, units) in enumerate(zip(sizes.inputs, sizes.outputs, strict=True), start=1):
                setattr(self, f"l{k}_x", self._gates(read, units))
                setattr(self, f"l{k}_h", self._gates(units, units, forget=1))
            setattr(self, sizes.output_name, self._output_layer(sizes.outputs[-1]))
        self.reset_state()

    def _scaled(self, rows, columns):
        """Weights (rows, columns) of variance 1/columns (LeCun et al. 1998), which keep activations at their scale."""
        return (self.rng.normal(0, 1, (rows, columns)) / numpy.sqrt(columns)).astype("f")

    def _gates(self, read, units, forget=0):
        """A Linear to the four gates; ``forget`` is the forget gate's bias (1 remembers at first: Gers et al. 2000)."""
        bias = numpy.zeros((units, 4), "f")  # Chainer's order: a, i, f, o
        bias[:, 2] = forget
        return L.Linear(read, 4 * units, initialW=self._scaled(4 * units, read), initial_bias=bias.reshape(-1))

    def _output_layer(self, units):
        """The Linear to the words, or only its bias where the weights are the embedding's."""
        if self.sizes.tied:
            return L.Bias(axis=1, shape=(self.sizes.words,))
        return L.Linear(units, self.sizes.words, initialW=self._scaled(self.sizes.words, units))

    @property
    def layers(self):
        """The two Linears of each LSTM layer: of what it reads, and of its h before."""
        return [(self[f"l{k}_x"], self[f"l{k}_h"]) for k in range(1, self.sizes.layers + 1)]

    @property
    def output(self):
        """The output layer's weights (V, N) and bias (V,), as parameters."""
        last = self[self.sizes.output_name]
        return (self.l0 if self.sizes.tied else last).W, last.b

    def reset_state(self):
        """Forget what was read: the next word is the first."""
        self._state = self._reader = None

    def reset_streams(self, which):
        """Forget what was read in some streams, ``which`` (B,) bool: for them the next word is the first."""
        if self._state is not None:
            kept = self.xp.asarray(~which)[:, None]
            self._state = tuple(self.xp.where(kept, s, s.dtype.type(0)) for s in self._state)
        if self._reader:
            self._reader.forget(which)

    def get_state(self):
        """The state as arrays (B, N): c and h of the first layer, c and h of the second ...; None after a reset."""
        return None if self._state is None else tuple(s.copy() for s in self._state)

    def set_state(self, state):
        """Take up a state of ``get_state``, on whatever device it is; a lookback goes on from what was read."""
        self._state = None if state is None else tuple(self.xp.asarray(s) for s in state)

    def _state_for(self, batch):
        if self._state is None:
            widths, dtype = self.sizes.state_widths().values(), self.l0.W.dtype
            self._state = tuple(self.xp.zeros((batch, width), dtype) for width in widths)
        return self._state

    def forward(self, xs, ts):
        """Read a window, keep the state and cut its history (truncated BPTT).

        xs, ts (T, B) int32, the words and those that follow them; -1 in ts counts nothing. With ``looks`` xs are
        (T, B, 1 + C), each word and what is told besides. Returns the loss as a Variable: -log p summed over the
        window's steps and averaged over its streams, in nats.
        """
        return self.loss(self.read_window(xs), ts)

    def loss(self, x, ts):
        """The loss of ``forward`` from what the output layer reads, x (T, B, N); its gradient smooths the targets."""
        w, b = self.output
        settings = {"scale": 1 / x.shape[1], "precision": self._precision(), "smoothing": self.smoothing}
        return K.cross_entropy(x.reshape(-1, x.shape[2]), w, b, ts.reshape(-1), **settings)

    def looked_up(self, ids):
        """What is told besides for each of a corpus's ids (R,), (R, C) int32; None for a model without ``looks``."""
        return self.lookback.rows(ids) if self.lookback else None

    def read_window(self, xs):
        """What the output layer reads of a window xs of ``forward``: a Variable (T, B, N); the state goes on."""
        sizes, state, after = self.sizes, self._state_for(xs.shape[1]), []
        masks = _Masks(sizes, self.keys()) if chainer.config.train else None
        words = self.xp.ascontiguousarray(xs[..., 0]) if sizes.looks else xs
        x = K.embed(words, self.l0.W)  # (T, B, I)
        if masks:
            x = masks.drop_words(x, words)
        if sizes.looks:
            x = x + self._told(xs[..., 1:])
        if masks:
            x = masks.drop("read", x)
        below = None
        for k, layer in enumerate(self.layers, start=1):
            y, c = self._layer(x, state[2 * k - 2], state[2 * k - 1], layer, k, masks)  # (T, B, N)
            after += [c.array, y.array[-1]]
            below = y = y + below if sizes.skips[k - 1] else y
            if masks:
                last = k == sizes.layers
                y = masks.drop(f"written{k}", K.hold_activations(y, change=self.tar if last else 0))
            x = y
        self._state = tuple(after)
        return K.hold_activations(x, size=self.ar) if masks else x

    def _told(self, rows):
        """What rows (..., C) of a lookback add to the embedded words: (..., I)."""
        looks = self.sizes.looks
        words, marks = (self.xp.ascontiguousarray(part) for part in (rows[..., :looks], rows[..., looks:]))
        return K.weigh_rows(K.embed(words, self.l0.W), self.l0_look) + F.sum(K.embed(marks, self.l0_mark.W), axis=-2)

    def _layer(self, x, c, h, layer, k, masks):
        from_below, from_before = layer
        w_h, ratio, key = from_before.W, 0.0, 0
        if masks:
            w_h = masks.drop(f"weights{k}", w_h)
            ratio, key = masks.of(f"projected{k}")
        weights = from_below.W, from_below.b, w_h, from_before.b
        return K.lstm_window(x, c, h, *weights, ratio=ratio, key=key, precision=self._precision())

    def _precision(self):
        """Evaluation is in float32, as generating is: so a loss tells what the weights are worth anywhere."""
        return self.precision if chainer.config.train else "float32"

    def keys(self):
        """Fresh 64-bit keys for the masks of a window that is trained on, in the order of ``Sizes.rates``.

        None are drawn, and they are 0, where nothing is dropped of values, of words, or of weights.
        """
        rates = self.sizes.rates()
        of_values = any(rate for place, rate in rates.items() if not _is_parameter(place))
        drawn = [rate > 0 if _is_parameter(place) else of_values for place, rate in rates.items()]
        return [int(self.rng.integers(2**64, dtype="u8")) if draw else 0 for draw in drawn]

    def step(self, x):
        """Read one word a stream, x (B,) int32, and return the logits of the next, (B, V)."""
        state, (embedding, *weights) = self._state_for(len(x)), self._weights()
        if self.sizes.looks:
            x, embedding = self._with_lookback(x)
        logits, self._state = K.step(x, state, embedding, *weights, self.sizes.skip)
        return logits

    def _with_lookback(self, x):
        """Words x (B,) as numbers of rows (B, I), the sums of all that is read at this step."""
        if self._reader is None:
            self._reader = self.lookback.reader(len(x))
        rows = self.xp.asarray(self._reader.read(chainer.backend.CpuDevice().send(x)))
        with chainer.no_backprop_mode():
            read = K.embed(x, self.l0.W) + self._told(rows)
        return self.xp.arange(len(x), dtype=x.dtype), read.array

    def writer(self, batch, settings, rng, escape=None, own_masks=False):
        """A ``kernels.gpu.writing.Writer`` of this model where it is on a GPU that has one, else None.

        ``settings``: temperature, top-k and top-p; its key is drawn from ``rng``; it does what ``escape`` would.
        """
        engine = gpu.engine_of(self.l0.W.array)
        if engine is None or self.sizes.words > drawing.MOST_WORDS or not self.sizes.same_width or self.sizes.looks:
            return None
        onset_keys = None
        if escape:
            onset_keys = numpy.full(self.sizes.words, -1) if escape.onset_keys is None else escape.onset_keys
        key = int(rng.integers(2**64, dtype="u8"))
        settings = drawing.draw_settings(*settings), key, onset_keys, own_masks
        return writing.Writer(engine, self._weights(), batch, *settings, skip=self.sizes.skip)

    def _weights(self):
        """All weights as arrays, as ``functions.step`` takes them."""
        layers = [[p.array for p in (x.W, x.b, h.W, h.b)] for x, h in self.layers]
        return self.l0.W.array, layers, *(p.array for p in self.output)


class _Masks:
    """The dropout of a window: ``keys`` are those of ``RNN.keys``."""

    def __init__(self, sizes, keys):
        self._sizes = sizes
        self._masks = dict(zip(rates := sizes.rates(), zip(rates.values(), keys, strict=True), strict=True))

    def of(self, place):
        """The rate and the key of a place."""
        return self._masks[place]

    def drop(self, place, x):
        """x (T, B, N), or weights, after the dropout of a place."""
        return K.dropout(x, *self._masks[place], locked=self._sizes.locked and not _is_parameter(place))

    def drop_words(self, x, ids):
        return K.drop_words(x, ids, self._sizes.words, *self._masks["words"])


def _is_parameter(place):
    """Whether a mask is of parameters: of rows of the embedding, or of weights."""
    return place == "words" or place.startswith("weights")
