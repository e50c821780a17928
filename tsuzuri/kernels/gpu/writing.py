"""Writing on a GPU: the model's step and the draw of the next words, over memory taken once and as recorded graphs.

A step for up to ``FEW`` streams is four launches, or five with a skip: each weight is read once, by the thread that
multiplies it with the inputs of all streams. For more streams the products are cuBLAS's. ``sampling.loops.LoopEscape``
has its twin here too: with that, and a mask that does not change, nothing is needed from the host, and words come back
in blocks.

Axes: B streams, N units, V words; K is N and one more, rounded up to 8 (``writing.cu``).
"""

import functools
import weakref

import numpy

from tsuzuri.kernels.gpu import drawing
from tsuzuri.kernels.gpu.launcher import Recorded

FEW = 8
BUILDS = tuple({"STREAMS": streams} for streams in (1, 6, FEW))
ROWS = 256  # of words that the device keeps
PERIOD = 256  # as in escape.cuh


class Writer:
    """B streams of words, from no state and no word read; give each its first words with ``read``.

    ``weights`` are the last four arguments of ``functions.step``: embedding (V, N), two layers (w_x, b_x, w_h, b_h), w
    (V, N) and b (V,), on the host or the device, and are copied. ``settings`` is from ``drawing.draw_settings``.
    ``key`` of 64 bits makes the random numbers: stream b's n-th draw depends on key, b and n alone. ``onset_keys``, int
    (V,) and all -1 for text, lets the device do what ``LoopEscape(batch, onset_keys)`` does; with None ``word`` takes a
    heat.
    ``own_masks`` makes room for a mask of each stream; ``skip`` adds the first layer's output to the second's.
    ``precision`` is that of cuBLAS's products: float32, or tf32.
    """

    def __init__(
        self,
        engine,
        weights,
        batch,
        settings,
        key,
        onset_keys=None,
        own_masks=False,
        precision="float32",
        skip=False,
    ):
        embedding, layers, w, b = weights
        self.batch, self._streams, self._count = batch, batch if batch <= FEW else 1, 0  # rows drawn
        self._engine, self._settings, self._precision = engine, settings, precision
        self.size = embedding.shape[0]
        (self._words, self._units), self._width = embedding.shape, (embedding.shape[1] + 8) // 8 * 8  # V, N, K
        self._embedding = engine.asarray(embedding, "f")
        self._layers = [_side_by_side(engine, self._width, layer[::2], layer[1::2]) for layer in layers]
        self._output = _side_by_side(engine, self._width, [w], [b])
        self._take_state(skip)
        self._take_draw(key, own_masks)
        self._watch = watch(engine, batch, self._words, onset_keys, self._heat)
        me = weakref.proxy(self)
        self._read_given = Recorded(engine, functools.partial(Writer._step, me, drawn=0))
        self._read_drawn = Recorded(engine, functools.partial(Writer._step, me, drawn=1))
        self._draw_alone = Recorded(engine, functools.partial(Writer._draw, me))
        self._write = Recorded(engine, functools.partial(Writer._draw_and_step, me))

    @property
    def why_no_graph(self):
        """None, or why something here could not be recorded as a CUDA graph."""
        parts = self._read_given, self._read_drawn, self._draw_alone, self._write
        return next((part.why_no_graph for part in parts if part.why_no_graph), None)

    def _take_state(self, skip):
        engine, batch, units, width = self._engine, self.batch, self._units, self._width
        self._inputs, self._top = [engine.zeros((batch, 2 * width)) for _ in range(2)], engine.zeros((batch, width))
        self._sum = engine.zeros((batch, width)) if skip else self._top  # what the output layer reads
        for inputs in (*self._inputs, self._top, self._sum):
            inputs[:, units::width] = 1  # whose weights are the biases
        self._cells = [engine.zeros((batch, units)) for _ in range(2)]
        self._z = engine.empty((batch, 4 * units)) if batch > FEW else None
        self._logits = engine.empty((batch, self._words))

    def _take_draw(self, key, own_masks):
        engine, batch = self._engine, self.batch
        self._mask = engine.zeros((batch if own_masks else 1, self._words), "u1")
        self._heat = engine.asarray(numpy.ones(batch))
        self._key, self._drawn = engine.asarray(numpy.array([key], "u8")), engine.zeros(batch, "u8")
        self._last, self._ring = engine.zeros(batch, "i"), engine.zeros((ROWS, batch), "i")

    def read(self, words):
        """Read words (B,) that are given, and heat nothing."""
        words = numpy.asarray(words, numpy.int32)
        if words.shape != (self.batch,) or words.min() < 0 or words.max() >= self._words:
            raise ValueError(f"words: must be {self.batch}, from 0 to {self._words - 1}")
        self._engine.upload(self._last, words)
        self._read_given()

    def word(self, mask=None, heat=None):
        """Draw a word of each stream, int32 (B,), and begin to read it.

        ``mask`` (V,), or (B, V) with ``own_masks``, is not 0 where a word is forbidden; ``heat`` (B,) or (B, 1) is as
        ``sampling.filters.make_sampler``'s. Either holds until it is given again.
        """
        self._forbid(mask)
        if heat is not None:
            self._engine.upload(self._heat, numpy.asarray(heat, "d").reshape(self.batch))
        self._draw_alone()
        words = self._engine.read(self._last)
        self._read_drawn()  # while the host finds out what may follow
        self._count += 1
        return words

    def words(self, count, mask=None):
        """The next ``count`` words of each stream, int32 (count, B): as so many calls of ``word``, and much faster."""
        self._forbid(mask)
        blocks = [numpy.zeros((0, self.batch), numpy.int32)]
        while count:
            first = self._count % ROWS
            rows = min(count, ROWS - first)
            for _ in range(rows):
                self._write()
            blocks.append(self._engine.read(self._ring[first : first + rows]))
            self._count += rows
            count -= rows
        return numpy.concatenate(blocks)

    def logits(self):
        """What the next word is drawn from, before any mask: (B, V) float32, on the host."""
        return self._engine.read(self._logits)

    def _forbid(self, mask):
        if mask is not None:
            mask = numpy.broadcast_to(numpy.asarray(mask) != 0, self._mask.shape)
            self._engine.upload(self._mask, numpy.ascontiguousarray(mask))

    def _draw_and_step(self):
        self._draw()
        self._step(drawn=1)

    def _draw(self):
        numbers = self._key, self._drawn
        to = self._last, self._ring
        drawing.draw(self._engine, self._logits, self._mask, self._heat, self._settings, *numbers, *to)

    def _step(self, drawn):
        """Read the words in ``_last``, drawn or given, and make the logits of the next."""
        enter(self._engine, self._last, self._embedding, *self._inputs, self._top, drawn, self._watch, self._streams)
        outputs = self._inputs[1], self._top
        for layer in zip(self._inputs, self._layers, self._cells, outputs, strict=True):
            (self._few if self.batch <= FEW else self._many)(*layer)
        if self._sum is not self._top:
            sizes = map(numpy.int32, (self.batch, self._units, self._width))
            self._launch("skip", -(-self._cells[1].size // 128), 128, self._inputs[1], self._top, self._sum, *sizes)
        if self.batch <= FEW:
            sizes = (numpy.int32(size) for size in (self._words, self._width))
            self._launch("output", -(-self._words // 8), 64, self._sum, self._output, self._logits, *sizes)
        else:
            self._product(self._sum, self._output, self._logits)

    def _few(self, inputs, weights, c, h):
        threads = _threads(self._width // 2, 128)
        sizes = (numpy.int32(size) for size in (self._units, self._width, h.shape[1]))
        shared = threads // 32 * 16 * self.batch
        self._launch("layer", self._units, threads, inputs, weights, c, h, *sizes, shared=shared)

    def _many(self, inputs, weights, c, h):
        self._product(inputs, weights, self._z)
        sizes = (numpy.int32(size) for size in (*c.shape, h.shape[1]))
        self._launch("cells", -(-c.size // 128), 128, self._z, c, h, *sizes)

    def _launch(self, name, grid, block, *arguments, shared=0):
        self._engine.kernel("writing", name, STREAMS=self._streams)(grid, block, *arguments, shared=shared)

    def _product(self, inputs, weights, out):
        self._engine.product(inputs, weights, out, transpose_b=True, precision=self._precision)


def watch(engine, batch, words, onset_keys, heat):
    """What ``enter`` knows of each stream, with which it sets heat (B,); ``onset_keys`` as ``Writer``'s."""
    return (
        numpy.int32(onset_keys is not None),
        engine.asarray(numpy.full(words, -1) if onset_keys is None else onset_keys, "i"),
        engine.asarray(numpy.full((batch, PERIOD), -1), "i"),
        engine.zeros((batch, PERIOD), "i"),
        engine.asarray(numpy.tile([0, -1, 0], (batch, 1)), "i"),
        engine.zeros((batch, 2), "d"),
        heat,
    )


def enter(engine, words, embedding, inputs1, inputs2, top, drawn, watch, streams=1):
    """Put the vectors of words (B,), and the states that the last step left, into the inputs of the next.

    embedding (V, N), inputs1 and inputs2 (B, 2K), top (B, K); ``drawn`` or given; ``streams`` as the program has it.
    """
    units = embedding.shape[1]
    sizes = (numpy.int32(size) for size in (units, top.shape[1], drawn))
    arrays = words, embedding, inputs1, inputs2, top
    launch = engine.kernel("writing", "enter", STREAMS=streams)
    launch(len(words), _threads(units // 2, 256), *arrays, *sizes, *watch, shared=128)


def _side_by_side(engine, width, weights, biases):
    """Weights (rows, N) side by side, each with its bias (rows,) behind it and zeros up to K."""
    joined = engine.zeros((len(biases[0]), len(weights) * width))
    for place, (w, b) in enumerate(zip(weights, biases, strict=True)):
        first, units = place * width, w.shape[1]
        joined[:, first : first + units] = engine.asarray(w, "f")
        joined[:, first + units] = engine.asarray(b, "f")
    return joined


def _threads(wanted, most):
    """Of a block: whole warps."""
    return max(32, min(most, -(-wanted // 32) * 32))
