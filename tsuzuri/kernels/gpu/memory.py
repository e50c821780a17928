"""What a training window keeps in a GPU's memory, and whether there is room for it: plain numbers.

Axes and operands as in ``window.py``.
"""

import numpy

from tsuzuri.errors import UserError
from tsuzuri.kernels.gpu import embedding, operands, output, recurrence, sums, update

BFLOAT16 = "bfloat16"  # of the precisions the one whose operands are of another type
PROJECTIONS = "projections"  # where the article drops values; else it is on the layers
MATRICES = "l1_x/W", "l1_h/W", "l2_x/W", "l2_h/W", "l3/W"  # that products read
KEYS = "read", "projected1", "between", "projected2", "written"  # the masks, in the order of ``rnn.RNN.keys``
NUMBERS = 4  # of an optimizer's rule at most


def shapes(words, units):
    """The parameters' shapes by name, as ``rnn.Sizes.shapes``."""
    gates = {"W": (4 * units, units), "b": (4 * units,)}
    layers = {f"{part}/{kind}": gates[kind] for part in ("l1_x", "l1_h", "l2_x", "l2_h") for kind in gates}
    return {"l0/W": (words, units), **layers, "l3/W": (words, units), "l3/b": (words,)}


def require_room(engine, sizes):
    """Raise ``UserError`` where there is no room for a window of these ``Sizes``, with the largest batch that has."""
    room, needed = engine.free(), sizes.bytes(engine)
    if needed <= room:
        return
    fits = [b for b in _halves(sizes.batch) if sizes.of_batch(b).bytes(engine) <= room]
    hint = f"at most --batchsize {_largest(sizes, fits[0], engine, room)}" if fits else "a smaller --unit"
    raise UserError(
        f"--batchsize {sizes.batch}: a window of {sizes.steps} steps, {sizes.units} units and {sizes.words} words "
        f"takes {format_bytes(needed)} of GPU memory, {format_bytes(room)} are free: {hint}, or -d cpu"
    )


class Sizes:
    """How large a window is, and so what it keeps. ``dropout_on`` counts where ``ratio`` is not 0."""

    def __init__(self, words, units, batch, steps, ratio, dropout_on, rule, precision):
        self.words, self.units, self.batch, self.steps = words, units, batch, steps
        self._rest = ratio, dropout_on, rule, precision
        self.rule, self.precision = rule, precision
        self.masked = bool(ratio) and dropout_on == PROJECTIONS
        self.operand = numpy.dtype("u2" if precision == BFLOAT16 else "f")
        self.rows = steps * batch
        self.block = output.rows_at_once(self.rows, words)
        self.layout = update.layout(shapes(words, units))
        self.operands = update.operands(shapes(words, units), MATRICES)
        self.fields, self._feed_size = {}, 0
        for name, kind, count in (
            ("keys", "u8", len(KEYS)),
            ("numbers", "f8", NUMBERS),
            ("ids", "i4", self.rows),
            ("targets", "i4", self.rows),
        ):
            self.fields[name] = self._feed_size, kind, count
            self._feed_size += -(-numpy.dtype(kind).itemsize * count // 64) * 64

    def of_batch(self, batch):
        return Sizes(self.words, self.units, batch, self.steps, *self._rest)

    def feed(self, fed):
        """What goes up for a window: the bytes of all fields, of those that are shorter the first."""
        whole = numpy.zeros(self._feed_size, "u1")
        for name, values in fed.items():
            start, kind, _ = self.fields[name]
            raw = numpy.asarray(values, kind).view("u1")
            whole[start : start + len(raw)] = raw
        return whole

    def arrays(self, engine):
        """Shape and type of every array by name, on this GPU, however the recurrence goes there."""
        T, B, N, V = self.steps, self.batch, self.units, self.words
        op = self.operand
        Np, Gp, Vp = (operands.padded(size, op) for size in (N, 4 * N, V))
        table = dict.fromkeys(
            ("weights", "grads", *(f"state {s}" for s in update.STATES[self.rule])), (self.layout.size,)
        )
        table |= {
            "partials": (update.PARTIALS, "f8"),
            "norm": (1,),
            "feed": (self._feed_size, "u1"),
            "loss": (1,),
            "running": (1, "f8"),
            "losses": (self.rows,),
            "sums": (max(sums.columns_scratch(self.rows, 4 * N), sums.columns_scratch(self.block, V)),),
            "sorted": (embedding.gradient_scratch(self.rows, N),),
            "read_op": ((T, B, Np), op),
            "g_read": ((T, B, N),),
            "g_written": ((T, B, N),),
            "logits": ((self.block, Vp),),
            "counters": (recurrence.counters(engine), "u4"),
            "sums_of_a_step": (recurrence.sums(B, N),),
        }
        for layer in "12":
            table |= {
                "gates" + layer: ((T, B, 4 * N),),
                "hs" + layer: ((T + 1, B, N),),
                "cs" + layer: ((T + 1, B, N),),
                "h_op" + layer: ((T + 1, B, Np), op),
                "out_op" + layer: ((T, B, Np), op),
                "dz_op" + layer: ((T, B, Gp), op),
            }
            if self.masked:
                table["dz_x_op" + layer] = ((T, B, Gp), op)
        if op == "u2":  # in float32 products read the weights, and the logits become their gradient in place
            table["operands"] = (self.operands.size, op)
            table["d_op"] = ((self.block, Vp), op)
        return table

    def bytes(self, engine):
        """Of all arrays together."""
        arrays = self.arrays(engine).values()
        return sum(int(numpy.prod(what[0])) * numpy.dtype((*what, "f")[1]).itemsize for what in arrays)


def _halves(batch):
    """Half of it, a quarter, ... down to 1."""
    while batch > 1:
        batch //= 2
        yield batch


def _largest(sizes, fits, engine, room):
    """The largest batch that fits, between one that does and twice as many."""
    too_many = min(2 * fits + 1, sizes.batch)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if sizes.of_batch(middle).bytes(engine) <= room:
            fits = middle
        else:
            too_many = middle
    return fits


def format_bytes(count):
    """So many bytes, for people."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"
