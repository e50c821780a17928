"""A training window of the whole model on a GPU: forward, backward and update, in memory taken once.

What a window does is a fixed list of launches, ``Window._run``, which is recorded as a CUDA graph and replayed. All
that changes from one window to the next goes up beforehand in one small array, the feed: the words, the keys of the
dropout masks and the optimizer's numbers. Losses are added up on the device, and read when somebody asks.

Axes: T steps, B streams, N units, V words, R = T B rows. An operand is what products read: float32, or bfloat16 (its
bits as uint16); its rows are padded with zeros to 64 bytes (``_op``; Np, Gp and Vp are N, 4N and V so padded).
"""

import functools
import weakref

import numpy

from tsuzuri.kernels.gpu import embedding, masks, memory, output, recurrence, sums, tiling, update
from tsuzuri.kernels.gpu.launcher import Recorded
from tsuzuri.kernels.gpu.memory import BFLOAT16, KEYS, MATRICES, PROJECTIONS, Sizes


def check(engine, *sizes):
    """Raise ``UserError`` where there is no room for a window of ``Sizes(*sizes)``, or nothing to compile kernels."""
    memory.require_room(engine, Sizes(*sizes))
    engine.kernel("sums", "carry", OPERAND="float")  # one of them for all


class Window:
    """A training window of up to ``steps`` words in each of ``batch`` streams, and the model that learns from it.

    ``ratio`` of the values are dropped on the layers or on the ``projections`` (``dropout_on``); ``rule``, an optimizer
    of ``update.STATES``, holds gradients to the norm ``clip``; ``precision`` of products: float32, tf32 or bfloat16.
    ``weights`` and ``states[name]`` are float32 arrays by the names of the parameters, for the caller to fill, all
    zeros at first. Raises ``UserError`` where the GPU has not the memory.
    """

    def __init__(self, engine, words, units, batch, steps, ratio, dropout_on, rule, clip, precision):
        self._engine, self._rule, self._clip, self._precision = engine, rule, clip, precision
        self._sizes = sizes = Sizes(words, units, batch, steps, ratio, dropout_on, rule, precision)
        memory.require_room(engine, sizes)
        room = engine.multiprocessors, engine.shared_memory
        self._plans = tiling.plans_for(*room, steps, batch, units, precision, sizes.masked)
        self._arrays = {name: engine.zeros(*what) for name, what in sizes.arrays(engine).items()}
        on_layers, on_projections = (0.0, ratio) if dropout_on == PROJECTIONS else (ratio, 0.0)
        self._on_layers, self._on_projections = masks.Dropout.of(on_layers), masks.Dropout.of(on_projections)
        self._table = engine.asarray(sizes.operands.table) if precision == BFLOAT16 else None
        self._runs = {}  # by the number of steps
        self._states = {name: self._arrays[f"state {name}"] for name in update.STATES[rule]}
        self.weights = self._by_name(self._arrays["weights"])
        self.states = {name: self._by_name(flat) for name, flat in self._states.items()}
        self._grads = self._by_name(self._arrays["grads"])
        self._ops = self._operands()

    def _by_name(self, flat):
        """Views of a flat array, with the parameters' names and shapes."""
        wanted = memory.shapes(self._sizes.words, self._sizes.units)
        starts = self._sizes.layout.offsets
        return {name: flat[starts[name] :][: int(numpy.prod(s))].reshape(s) for name, s in wanted.items()}

    def _operands(self):
        """The matrices as products read them, by name."""
        if self._precision != BFLOAT16:
            return {name: self.weights[name] for name in MATRICES}
        flat, places = self._arrays["operands"], self._sizes.operands.places
        return {name: flat[start:][: s[0] * s[1]].reshape(s) for name, (start, s) in places.items()}

    def describe(self):
        """How the recurrence goes, and what it takes, in a few words."""
        ways = dict.fromkeys((self._plans.forward.way, self._plans.backward.way))
        taken = memory.format_bytes(sum(array.nbytes for array in self._arrays.values()))
        return f"recurrence by {' and '.join(ways)}, {taken} of GPU memory"

    def take_weights(self):
        """Make the operands of the weights, which somebody has put there."""
        if self._precision == BFLOAT16:
            for name in MATRICES:
                sums.cast(self._engine, self.weights[name], self._ops[name])

    @property
    def state(self):
        """The state of the layers, which every window changes in place: c1, h1, c2, h2, each (B, N)."""
        return tuple(self._arrays[name][0] for name in ("cs1", "hs1", "cs2", "hs2"))

    def begin(self, nats, state):
        """From here on losses are added to ``nats``; ``state`` is as the property, or None for zeros."""
        self._arrays["running"][...] = nats
        for mine, theirs in zip(self.state, state or (0,) * 4, strict=True):
            mine[...] = theirs
        for layer in "12":
            sums.cast(self._engine, self._arrays["hs" + layer][0], self._arrays["h_op" + layer][0])

    def reset_streams(self, which):
        """Set the state of some streams, ``which`` (B,) bool, to zeros: as operands too, which products read."""
        for stream in numpy.flatnonzero(which):
            for name in ("cs1", "hs1", "cs2", "hs2", "h_op1", "h_op2"):
                self._arrays[name][0][int(stream)] = 0

    def nats(self):
        """The sum, since ``begin``, of each window's loss, that of its steps summed and of its streams."""
        return float(self._engine.read(self._arrays["running"])[0])

    def learn(self, xs, ts, keys, numbers):
        """Learn from a window, xs and ts (T, B) int32: the words, and those that follow them, -1 counting nothing.

        ``keys`` are those of ``rnn.RNN.keys``, ``numbers`` of the optimizer's rule as in ``numpy_/update.py``.
        """
        fed = {"keys": keys, "numbers": numbers, "ids": xs.reshape(-1), "targets": ts.reshape(-1)}
        self._engine.upload(self._arrays["feed"], self._sizes.feed(fed))
        steps = len(xs)
        if steps not in self._runs:
            self._runs[steps] = Recorded(self._engine, functools.partial(Window._run, weakref.proxy(self), steps))
        self._runs[steps]()

    @property
    def why_no_graph(self):
        """None, or why a window could not be recorded as a CUDA graph; it is launched piece by piece then."""
        return next((run.why_no_graph for run in self._runs.values() if run.why_no_graph), None)

    def _run(self, steps):
        """All that is done on the device, over the first ``steps`` steps of the arrays."""
        layers = self._layers(steps)
        shared = {
            "scratch": (self._arrays["counters"], self._arrays["sums_of_a_step"]),
            "drops": recurrence.Drops(self._on_layers, self._on_projections),
        }
        self._forward(layers, shared)
        self._backward(layers, self._output(layers[1]), shared)
        for layer, name in zip(layers, ("l1", "l2"), strict=True):
            self._weight_gradients(layer, name, self._input(layer, layers))
        self._embedding_gradient(layers[0])
        self._update()
        last = [(array[steps], array[0]) for layer in layers for array in (layer.hs, layer.cs, layer.h_op)]
        sums.carry(self._engine, last)

    def _layers(self, steps):
        """Both layers' arrays, as the recurrence takes them."""
        a, w = self._arrays, self.weights
        after = {"hs": 1, "cs": 1, "h_op": 1}

        def layer(n, out_key):
            def part(name):
                array = a.get(name + n)
                return array if array is None else array[: steps + after.get(name, 0)]

            arrays = {name: part(name) for name in ("gates", "hs", "cs", "h_op", "out_op", "dz_op", "dz_x_op")}
            weights = (w[f"l{n}_x/W"], w[f"l{n}_x/b"], w[f"l{n}_h/W"], w[f"l{n}_h/b"], self._ops[f"l{n}_h/W"])
            keys = self._key(out_key), self._key(f"projected{n}")
            return recurrence.Layer(*weights, **arrays, out_key=keys[0], mask_key=keys[1])

        return layer("1", "between"), layer("2", "written")

    def _fed(self, name):
        start, kind, count = self._sizes.fields[name]
        return self._arrays["feed"][start:][: count * numpy.dtype(kind).itemsize].view(kind)

    def _key(self, name):
        at = KEYS.index(name)
        return self._fed("keys")[at : at + 1]

    def _product(self, a, b, out, **settings):
        self._engine.product(a, b, out, precision=self._precision, **settings)

    def _rows(self, op, columns):
        """Operands (T, B, Kp) as a matrix (R, K)."""
        return op.reshape(-1, op.shape[-1])[:, :columns]

    def _input(self, layer, layers):
        """What a layer reads, (T, B, Np)."""
        return self._arrays["read_op"][: len(layer.gates)] if layer is layers[0] else layers[0].out_op

    def _project(self, op, name, layer):
        """gates = x w_x^T of the whole window."""
        units = self._sizes.units
        gates = layer.gates.reshape(-1, 4 * units)
        self._product(self._rows(op, units), self._ops[name][:, :units], gates, transpose_b=True)

    def _forward(self, layers, shared):
        read = self._input(layers[0], layers)
        ids, w = self._fed("ids")[: read.shape[0] * read.shape[1]], self.weights["l0/W"]
        flat = read.reshape(-1, read.shape[-1])
        embedding.embed(self._engine, ids, w, flat, self._key("read"), self._on_layers)
        self._project(read, "l1_x/W", layers[0])
        if self._plans.forward.way == tiling.WAVEFRONT:
            recurrence.recur_forward(self._engine, self._plans, layers, **shared)
            return
        recurrence.recur_forward(self._engine, self._plans, layers[:1], **shared)
        self._project(layers[0].out_op, "l2_x/W", layers[1])
        recurrence.recur_forward(self._engine, self._plans, layers[1:], **shared)

    def _output(self, layer):
        """The loss, the output layer's gradients, and that of what it read, (T, B, N)."""
        e, a, units, words = self._engine, self._arrays, self._sizes.units, self._sizes.words
        y, w = self._rows(layer.out_op, units), self._ops["l3/W"][:, :units]
        rows, batch = len(y), layer.out_op.shape[1]
        g_y = a["g_written"][: len(layer.gates)]
        for start in range(0, rows, self._sizes.block):
            block = slice(start, min(start + self._sizes.block, rows))
            logits = a["logits"][: block.stop - start]
            d = a.get("d_op", a["logits"])[: len(logits)]
            self._product(y[block], w, logits[:, :words], transpose_b=True)
            output.softmax(
                e, logits, self.weights["l3/b"], self._fed("targets")[block], 1 / batch, d, a["losses"][block]
            )
            more = start > 0
            self._product(d[:, :words], w, g_y.reshape(rows, units)[block])
            self._product(d[:, :words], y[block], self._grads["l3/W"], transpose_a=True, beta=float(more))
            sums.sum_columns(e, d, self._grads["l3/b"], more, a["sums"])
        sums.sum_losses(e, a["losses"][:rows], 1 / batch, a["loss"], a["running"], batch)
        return g_y

    def _backward(self, layers, g_y, shared):
        if self._plans.backward.way == tiling.WAVEFRONT:
            recurrence.recur_backward(self._engine, self._plans, layers, g_y, **shared)
            return
        recurrence.recur_backward(self._engine, self._plans, layers[1:], g_y, **shared)
        g_between = self._arrays["g_read"][: len(layers[1].gates)]
        self._input_gradient(layers[1], "l2_x/W", g_between)
        recurrence.recur_backward(self._engine, self._plans, layers[:1], g_between, **shared)

    def _dz_x(self, layer):
        """The gradient of what a layer projected, (R, 4N)."""
        dz = layer.dz_op if layer.dz_x_op is None else layer.dz_x_op
        return self._rows(dz, 4 * self._sizes.units)

    def _input_gradient(self, layer, name, g):
        """g (T, B, N) = what the layer's input changes."""
        units = self._sizes.units
        self._product(self._dz_x(layer), self._ops[name][:, :units], g.reshape(-1, units))

    def _weight_gradients(self, layer, name, read):
        e, grads, units = self._engine, self._grads, self._sizes.units
        dz, dz_x = self._rows(layer.dz_op, 4 * units), self._dz_x(layer)
        self._product(dz, self._rows(layer.h_op[:-1], units), grads[f"{name}_h/W"], transpose_a=True)
        self._product(dz_x, self._rows(read, units), grads[f"{name}_x/W"], transpose_a=True)
        gates = layer.gates.reshape(-1, 4 * units)  # dz in float32 by now
        sums.sum_columns(e, gates, grads[f"{name}_h/b"], False, self._arrays["sums"])
        masked = gates if layer.dz_x_op is None else layer.dz_x_op.reshape(len(gates), -1)
        sums.sum_columns(e, masked, grads[f"{name}_x/b"], False, self._arrays["sums"])

    def _embedding_gradient(self, layer):
        units = self._sizes.units
        g = self._arrays["g_read"][: len(layer.gates)]
        self._input_gradient(layer, "l1_x/W", g)
        g = g.reshape(-1, units)
        ids, key = self._fed("ids")[: len(g)], self._key("read")
        scratch = self._arrays["sorted"]
        embedding.gradient(self._engine, ids, g, self._grads["l0/W"], key, self._on_layers, scratch)

    def _update(self):
        a, copies = self._arrays, ()
        if self._table is not None:
            copies = self._table, a["operands"]
        settings = self._fed("numbers"), self._clip, a["partials"], a["norm"]
        states = list(self._states.values())
        update.update_flat(self._engine, self._rule, a["weights"], a["grads"], states, *settings, *copies)
