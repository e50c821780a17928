"""What a training window keeps in a GPU's memory, and whether there is room for it: plain numbers.

Axes and operands as in ``window.py``.
"""

import math
from typing import NamedTuple

import numpy

from tsuzuri.errors import UserError
from tsuzuri.kernels.gpu import embedding, operands, output, recurrence, sums, update

BFLOAT16 = "bfloat16"  # of the precisions the one whose operands are of another type
RULE_NUMBERS, NUMBERS = 4, 6  # of an optimizer's rule at most; with what goes with its step (``update.Besides``)


class Training(NamedTuple):
    """How a window learns: an optimizer's ``rule``, of ``update.STATES``, and the norm ``clip`` that it holds gradients
    to; the ``precision`` of products: float32, tf32 or bfloat16; the penalties ``ar`` and ``tar`` and the targets'
    ``smoothing``, as in ``models.rnn``; whether weights decay, and whether there is a running mean of them.
    """

    rule: str
    clip: float
    precision: str
    ar: float = 0.0
    tar: float = 0.0
    smoothing: float = 0.0
    decays: bool = False
    averaged: bool = False


def output_name(model):
    """The name of the output layer's weights."""
    return "l0/W" if model.tied else f"{model.output_name}/W"


def matrices(model):
    """The names of the matrices that products read: those of the layers, and the output layer's."""
    named = [name for name, shape in model.shapes().items() if len(shape) > 1]
    return [name for name in named if name != "l0/W" or model.tied]


def require_room(engine, sizes):
    """Raise ``UserError`` where there is no room for a window of these ``Sizes``, with the largest batch that has."""
    room, needed = engine.free(), sizes.bytes(engine)
    if needed <= room:
        return
    fits = [b for b in _halves(sizes.batch) if sizes.of_batch(b).bytes(engine) <= room]
    hint = f"at most --batchsize {_largest(sizes, fits[0], engine, room)}" if fits else "a smaller --unit"
    units, words = sizes.model.units, sizes.model.words
    raise UserError(
        f"--batchsize {sizes.batch}: a window of {sizes.steps} steps, {units} units and {words} words "
        f"takes {format_bytes(needed)} of GPU memory, {format_bytes(room)} are free: {hint}, or -d cpu"
    )


class Sizes:
    """How large a window is, and so what it keeps: of a ``model``, as in ``window.Window``, and its ``Training``."""

    def __init__(self, model, batch, steps, training):
        self.model, self.batch, self.steps, self.training = model, batch, steps, training
        self.masked = model.rates()["projected1"] > 0  # dropout on what the layers project
        self.operand = numpy.dtype("u2" if training.precision == BFLOAT16 else "f")
        self.rows = steps * batch
        self.block = output.rows_at_once(self.rows, model.words)
        self.layout = update.layout(model.shapes())
        self.operands = update.operands(model.shapes(), matrices(model))
        self.fields, self._feed_size = {}, 0
        for name, kind, count in (
            ("keys", "u8", len(model.rates())),
            ("numbers", "f8", NUMBERS),
            ("ids", "i4", self.rows),
            ("targets", "i4", self.rows),
        ):
            self.fields[name] = self._feed_size, kind, count
            self._feed_size += -(-numpy.dtype(kind).itemsize * count // 64) * 64

    def of_batch(self, batch):
        return Sizes(self.model, batch, self.steps, self.training)

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
        T, B, V, widest = self.steps, self.batch, self.model.words, max(self.model.outputs)
        op, training = self.operand, self.training
        flat = "weights", "grads", *(f"state {s}" for s in update.STATES[training.rule])
        table = dict.fromkeys((*flat, "mean") if training.averaged else flat, (self.layout.size,))
        table |= {
            "partials": (update.PARTIALS, "f8"),
            "norm": (1,),
            "feed": (self._feed_size, "u1"),
            "loss": (1,),
            "running": (1, "f8"),
            "losses": (self.rows,),
            "sums": (max(sums.columns_scratch(self.rows, 4 * widest), sums.columns_scratch(self.block, V)),),
            "sorted": (embedding.gradient_scratch(self.rows, self.model.width),),
            "read_op": ((T, B, operands.padded(self.model.width, op)), op),
            "g": (self.rows * max(self.model.width, widest),),  # of what one layer hands to the other, one at a time
            **({"g_other": (self.rows * widest,)} if any(self.model.skips) else {}),  # or of two in turns
            "logits": ((self.block, operands.padded(V, op)),),
            "counters": (recurrence.counters(engine), "u4"),
            "sums_of_a_step": (math.prod(recurrence.sums(B, widest)),),
        }
        for k in range(1, self.model.layers + 1):
            table |= self._layer_arrays(k)
        if op == "u2":  # in float32 products read the weights, and the logits become their gradient in place
            table["operands"] = (self.operands.size, op)
            table["d_op"] = ((self.block, operands.padded(V, op)), op)
        return table

    def _layer_arrays(self, k):
        T, B, N, op = self.steps, self.batch, self.model.outputs[k - 1], self.operand
        Np, Gp = (operands.padded(size, op) for size in (N, 4 * N))
        table = {
            f"gates{k}": ((T, B, 4 * N),),
            f"hs{k}": ((T + 1, B, N),),
            f"cs{k}": ((T + 1, B, N),),
            f"h_op{k}": ((T + 1, B, Np), op),
            f"out_op{k}": ((T, B, Np), op),
            f"dz_op{k}": ((T, B, Gp), op),
        }
        if self.masked:
            table[f"dz_x_op{k}"] = ((T, B, Gp), op)
        if self.model.skips[k - 1]:
            table[f"ys{k}"] = ((T + 1, B, N),)  # h and what the layer below hands on; the first is zeros
        if self.model.rates()[f"weights{k}"]:
            table[f"dropped{k}"] = ((4 * N, N),)  # recurrent weights after dropout
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
