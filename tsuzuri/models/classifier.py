"""The classifier: from a sequence of words to one of K classes.

EmbedID, LSTM layers over each whole sequence, what they say of its words pooled into one row, dropout, a Linear. It is
the model of the Theano tutorial on sentiment (``lstm.py``), with the variants that a chapter on text with Keras
compares: two directions, a simple tanh RNN, a bag of embedded words, and embedded words side by side (flattened). Its
names are those of ``rnn.py``, so that it can begin with a language model's weights.

Axes: B sequences, R words of them all, packed (``data/packing.py``); E numbers of an embedded word, N units, V words.
"""

import dataclasses

import numpy

from tsuzuri.compat import L, chainer
from tsuzuri.data import packing
from tsuzuri.kernels import functions as K

FLATTEN = "flatten"
DIRECTIONS = {  # model: its stacks of layers, by name
    "lstm": ("l",),
    "bilstm": ("l", "b"),
    "rnn": ("l",),
    "bow": (),
    FLATTEN: (),
}
MODELS = tuple(DIRECTIONS)
BACKWARDS = {"bilstm": (False, True), FLATTEN: (True,)}  # which of a model's readings begin at the end; others: none
CONCAT = "concat"
POOLS = ("mean", "last", "max", CONCAT)
# The largest number of an embedded word at first, as in Keras: by large ones each text could be learned by heart.
LARGEST = 0.05


@dataclasses.dataclass(frozen=True)
class ClassifierSizes:
    """What the model is made of; saved with its weights.

    ``width`` is that of an embedded word; ``last`` the units of the last layer, where not all have as many; ``maxlen``
    the words that a model of the kind "flatten" reads of a text.

    ``dropout`` is the probability of dropping a pooled value while training, ``dropout_words`` that of dropping a value
    of an embedded word, ``dropout_between`` one of what a layer hands to the next; with ``locked`` a mask is the same
    for all words of a text (Gal and Ghahramani 2016). ``drop_words`` drops whole words of the embedding,
    ``dropout_weights`` recurrent weights (Merity et al. 2018), each by one mask a batch. ``skip`` is as a language
    model's.
    """

    words: int
    width: int
    units: int
    classes: int
    model: str = "lstm"
    layers: int = 1
    pool: str = "mean"
    dropout: float = 0.5
    dropout_words: float = 0.0
    drop_words: float = 0.0
    dropout_between: float = 0.0
    dropout_weights: float = 0.0
    locked: bool = False
    last: int | None = None
    maxlen: int | None = None
    skip: bool = False

    @property
    def gates(self):
        """Rows of weights for each unit."""
        return 1 if self.model == "rnn" else 4

    @property
    def pooled(self):
        """The length of a pooled row."""
        if self.model == FLATTEN:
            return self.width * self.maxlen
        length = self.outputs[-1] * len(DIRECTIONS[self.model]) or self.width
        return 3 * length if self.pool == CONCAT else length

    @property
    def outputs(self):
        """The units of each layer of a stack."""
        return (self.units,) * (self.layers - 1) + (self.last or self.units,)

    @property
    def backwards(self):
        """For each reading of a text whether it begins at the end."""
        return BACKWARDS.get(self.model, (False,))

    def rates(self):
        """The rate of dropout at each place that has a mask, in the order in which the masks are drawn.

        "read0", "read1" of each reading's words; "pooled"; "words"; of each layer "between <name>" but for the last,
        and "weights <name>".
        """
        rates = {"read0": self.dropout_words, "read1": self.dropout_words}
        rates |= {"pooled": self.dropout, "words": self.drop_words}
        for stack in self.stacks():
            rates |= {f"between {name}": self.dropout_between for name in stack[:-1]}
            rates |= {f"weights {name}": self.dropout_weights for name in stack}
        return rates

    def groups(self):
        """The names of the model's links, a list for each layer, from the output layer down to the embedding."""
        layers = [[f"{name}_{side}" for name in level for side in "xh"] for level in zip(*self.stacks(), strict=True)]
        return [["out"], *reversed(layers), ["l0"]]

    def stacks(self):
        """The layers' names, a list for each direction, from below."""
        return [[f"{stack}{layer + 1}" for layer in range(self.layers)] for stack in DIRECTIONS[self.model]]

    def shapes(self):
        """The shape of every parameter by its path, so that weights can be checked before memory is taken for them."""
        shapes = {"l0/W": (self.words, self.width)}
        shapes |= {"out/W": (self.classes, self.pooled), "out/b": (self.classes,)}
        for stack in self.stacks():
            for layer, name in enumerate(stack):
                units = self.outputs[layer]
                rows, below = self.gates * units, self.units if layer else self.width
                shapes |= {f"{name}_x/W": (rows, below), f"{name}_x/b": (rows,)}
                shapes |= {f"{name}_h/W": (rows, units), f"{name}_h/b": (rows,)}
        return shapes


class SequenceClassifier(chainer.Chain):
    """A sequence classifier of the ``sizes``; ``rng`` makes its parameters and its dropout masks.

    ``decay`` times the sum of the squares of the last layer's weights is added to the loss (the tutorial's decay_c).
    ``precision`` is that of the LSTM layers' products while training, as in ``rnn.RNN``.
    """

    def __init__(self, sizes, rng, precision="float32", decay=0.0):
        super().__init__()
        self.sizes, self.rng, self.precision, self.decay = sizes, rng, precision, decay
        shapes = sizes.shapes()
        with self.init_scope():
            rows = rng.uniform(-LARGEST, LARGEST, shapes["l0/W"]).astype("f")
            self.l0 = L.EmbedID(sizes.words, sizes.width, initialW=rows)
            for stack in sizes.stacks():
                for name in stack:
                    setattr(self, f"{name}_x", self._linear(shapes[f"{name}_x/W"]))
                    setattr(self, f"{name}_h", self._linear(shapes[f"{name}_h/W"], forget=1))
            self.out = self._linear(shapes["out/W"])

    def _linear(self, shape, forget=0):
        """A Linear of weights of variance 1 / inputs (LeCun et al. 1998); of gates, ``forget`` is that one's bias."""
        bias = numpy.zeros(shape[0], "f")
        if self.sizes.gates == 4:
            bias[2::4] = forget  # Chainer's order: a, i, f, o
        weights = self.rng.normal(0, 1, shape) / numpy.sqrt(shape[1])
        return L.Linear(shape[1], shape[0], initialW=weights.astype("f"), initial_bias=bias)

    def embed(self, ids):
        """The rows of ids (R,), (R, E); without a gradient where the rows are frozen."""
        return K.embed(self.xp.asarray(ids), self.l0.W)

    def pool(self, embedded, counts, masks=None):
        """What is said of each sequence, (B, pooled): from the embedded words (R, E) in each direction."""
        if self.sizes.model == FLATTEN:
            return K.flatten(embedded[0], counts, self.sizes.maxlen)
        if self.sizes.model == "bow":
            return K.pool(embedded[0], counts, self.sizes.pool)
        pooled = [self._read(stack, x, counts, masks) for stack, x in zip(self.sizes.stacks(), embedded, strict=True)]
        return chainer.functions.concat(pooled) if len(pooled) > 1 else pooled[0]

    def _read(self, stack, x, counts, masks):
        precision = self.precision if chainer.config.train else "float32"
        y = None  # what the layer below hands on, before dropout
        for below, name in zip([None, *stack], stack, strict=False):
            from_below, from_before = getattr(self, f"{name}_x"), getattr(self, f"{name}_h")
            w_h = from_before.W
            if masks:
                x = masks.drop_rows(f"between {below}", x) if below else x
                w_h = masks.drop(f"weights {name}", w_h)
            weights = from_below.W, from_below.b, w_h, from_before.b
            if self.sizes.model == "rnn":
                h = K.rnn_packed(x, counts, *weights)
            else:
                h = K.lstm_packed(x, counts, *weights, precision=precision)
            x = y = h + y if self.sizes.skip and y is not None and y.shape == h.shape else h
        return K.pool(x, counts, self.sizes.pool)

    def directions(self, packed):
        """The ids (R,) as each direction reads them."""
        return [packed.backwards if turned else packed.ids for turned in self.sizes.backwards]

    def forward(self, packed, labels):
        """Read a batch, a ``Packed`` with the class (B,) int32 of each of its sequences, in their order.

        Returns the loss as a Variable, -log p averaged over the sequences, in nats, and the classes (B,) guessed.
        """
        masks = _Masks(self.sizes, packed.counts, self.rng) if chainer.config.train else None
        directions = self.directions(packed)
        embedded = [self.embed(ids) for ids in directions]
        if masks:
            embedded = [masks.drop_words(x, ids) for x, ids in zip(embedded, directions, strict=True)]
            embedded = [masks.drop_rows(f"read{n}", x) for n, x in enumerate(embedded)]
        pooled = self.pool(embedded, packed.counts, masks)
        if masks:
            pooled = masks.drop("pooled", pooled)
        loss = K.cross_entropy(pooled, self.out.W, self.out.b, labels, scale=1 / len(labels))
        if self.decay:
            loss += self.decay * chainer.functions.sum(chainer.functions.square(self.out.W))
        return loss, self._logits(pooled.array).argmax(1)

    def _logits(self, pooled):
        return pooled @ self.out.W.array.T + self.out.b.array  # (B, K)

    def probabilities(self, packed):
        """Of every class, (B, K), for the sequences in their packed order; without dropout."""
        with chainer.no_backprop_mode(), chainer.using_config("train", False):
            embedded = [self.embed(ids) for ids in self.directions(packed)]
            logits = self._logits(self.pool(embedded, packed.counts).array)
        p = self.xp.exp(logits - logits.max(1, keepdims=True))
        return chainer.backends.cuda.to_cpu(p / p.sum(1, keepdims=True))

    def influence(self, ids, guess):
        """How much each word of a text, ids (R,), moves the probability of the class ``guess``: gradient times input.

        To first order, what would be lost if the word's row were zeros, (R,); of a bag or a mean it is nearly exact.
        """
        packed = packing.pack_sequences([ids])
        with chainer.using_config("train", False):
            rows = [chainer.Variable(self.embed(x).array) for x in self.directions(packed)]
            pooled = self.pool(rows, packed.counts)
            p = self.probabilities(packed)[0]  # (K,)
            slope = -p[guess] * p  # of the softmax: dp_guess / dlogits
            slope[guess] += p[guess]
            pooled.grad = self.xp.asarray(slope[None]) @ self.out.W.array
            pooled.backward()
            self.cleargrads()  # those of the weights were made on the way
        shares = [chainer.backends.cuda.to_cpu((x.grad * x.array).sum(1)) for x in rows]
        return sum(share[::-1] if turned else share for share, turned in zip(shares, self.sizes.backwards, strict=True))


class _Masks:
    """The dropout of a batch of packed rows; ``rng`` gives each place with a rate a fresh key."""

    def __init__(self, sizes, counts, rng):
        self._sizes, self._counts = sizes, counts
        rates = sizes.rates()
        self._masks = {name: (rate, int(rng.integers(2**64, dtype="u8"))) for name, rate in rates.items() if rate}

    def drop(self, place, x):
        """x, or weights, after the dropout of a place."""
        return K.dropout(x, *self._masks[place]) if place in self._masks else x

    def drop_rows(self, place, x):
        """Packed rows x (R, N) after the dropout of a place."""
        if self._sizes.locked and place in self._masks:
            return K.drop_sequences(x, self._counts, *self._masks[place])
        return self.drop(place, x)

    def drop_words(self, x, ids):
        """The rows x (R, E) of ids (R,), without those of the words that are dropped."""
        return K.drop_words(x, ids, self._sizes.words, *self._masks["words"]) if "words" in self._masks else x
