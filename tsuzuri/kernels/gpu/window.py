"""A training window of the whole model on a GPU: forward, backward and update, in memory taken once.

What a window does is a fixed list of launches, ``Window._run``, which is recorded as a CUDA graph and replayed. All
that changes from one window to the next goes up beforehand in one small array, the feed: the words, the keys of the
dropout masks and the optimizer's numbers. Losses are added up on the device, and read when somebody asks.

Axes: T steps, B streams, I values that a layer reads, N units, V words, R = T B rows. An operand is what products read:
float32, or bfloat16 (its bits as uint16); its rows are padded with zeros to 64 bytes (``_op``; Np, Gp and Vp are N, 4N
and V so padded).
"""

import functools
import weakref

import numpy

from tsuzuri.kernels.gpu import embedding, masks, memory, output, penalties, recurrence, skips, sums, tiling, update
from tsuzuri.kernels.gpu.launcher import Recorded
from tsuzuri.kernels.gpu.memory import BFLOAT16


def check(engine, *sizes):
    """Raise ``UserError`` where a window of ``memory.Sizes(*sizes)`` has no room, or there is no compiler."""
    memory.require_room(engine, memory.Sizes(*sizes))
    engine.kernel("sums", "carry", OPERAND="float")  # one of them for all


class Window:
    """A training window of up to ``steps`` words in each of ``batch`` streams, and the model that learns from it.

    ``model`` says how large it is and what it drops, as ``models.sizes.Sizes`` does, ``training`` (``memory.Training``)
    how it learns. ``weights``, ``states[name]`` and ``means`` (None without a running mean) are float32 arrays by the
    names of the parameters, for the caller to fill, all zeros at first. Raises ``UserError`` where the GPU has not the
    memory.
    """

    def __init__(self, engine, model, batch, steps, training):
        self._engine, self._model, self._training = engine, model, training
        self._sizes = sizes = memory.Sizes(model, batch, steps, training)
        memory.require_room(engine, sizes)
        self._plans = recurrence.choose_plans(engine, sizes)
        self._arrays = {name: engine.zeros(*what) for name, what in sizes.arrays(engine).items()}
        period = batch if model.locked else 0
        self._masks = {place: masks.Dropout.of(rate, period) for place, rate in model.rates().items()}
        places = [(f"written{k}", f"projected{k}") for k in range(1, model.layers + 1)]
        self._drops = [recurrence.Drops(*map(self._masks.get, pair)) for pair in places]
        self._table = engine.asarray(sizes.operands.table) if training.precision == BFLOAT16 else None
        self._runs = {}  # by the number of steps
        self._states = {name: self._arrays[f"state {name}"] for name in update.STATES[training.rule]}
        self.weights = self._by_name(self._arrays["weights"])
        self.states = {name: self._by_name(flat) for name, flat in self._states.items()}
        self.means = self._by_name(self._arrays["mean"]) if training.averaged else None
        self._grads = self._by_name(self._arrays["grads"])
        self._ops = self._operands()

    def _by_name(self, flat):
        """Views of a flat array, with the parameters' names and shapes."""
        starts = self._sizes.layout.offsets
        shapes = self._model.shapes()
        return {name: flat[starts[name] :][: int(numpy.prod(s))].reshape(s) for name, s in shapes.items()}

    def _operands(self):
        """The matrices as products read them, by name."""
        if self._training.precision != BFLOAT16:
            names = [name for name in self._arrays if name.startswith("dropped")]
            dropped = {f"l{name.removeprefix('dropped')}_h/W": self._arrays[name] for name in names}
            return {name: self.weights[name] for name in memory.matrices(self._model)} | dropped
        flat, places = self._arrays["operands"], self._sizes.operands.places
        return {name: flat[start:][: s[0] * s[1]].reshape(s) for name, (start, s) in places.items()}

    def describe(self):
        """How the recurrence goes, and what it takes, in a few words."""
        ways = dict.fromkeys(plan.way for plans in self._plans for plan in (plans.forward, plans.backward))
        taken = memory.format_bytes(sum(array.nbytes for array in self._arrays.values()))
        return f"recurrence by {' and '.join(ways)}, {taken} of GPU memory"

    def take_weights(self):
        """Make the operands of the weights, which somebody has put there."""
        if self._training.precision == BFLOAT16:
            for name in memory.matrices(self._model):
                sums.cast(self._engine, self.weights[name], self._ops[name])

    @property
    def state(self):
        """The state of the layers, which every window changes in place: c1, h1, c2, h2 ..., each (B, N)."""
        return tuple(self._arrays[f"{part}s{k}"][0] for k in range(1, self._model.layers + 1) for part in "ch")

    def begin(self, nats, state):
        """From here on losses are added to ``nats``; ``state`` is as the property, or None for zeros."""
        self._arrays["running"][...] = nats
        for mine, theirs in zip(self.state, state or (0,) * len(self.state), strict=True):
            mine[...] = theirs
        for k in range(1, self._model.layers + 1):
            sums.cast(self._engine, self._arrays[f"hs{k}"][0], self._arrays[f"h_op{k}"][0])

    def reset_streams(self, which):
        """Set the state of some streams, ``which`` (B,) bool, to zeros: as operands too, which products read."""
        operands = [self._arrays[f"h_op{k}"][0] for k in range(1, self._model.layers + 1)]
        for stream in numpy.flatnonzero(which):
            for array in (*self.state, *operands):
                array[int(stream)] = 0

    def nats(self):
        """The sum, since ``begin``, of each window's loss, that of its steps summed and of its streams."""
        return float(self._engine.read(self._arrays["running"])[0])

    def learn(self, xs, ts, keys, numbers, kept=1.0, rate=0.0):
        """Learn from a window, xs and ts (T, B) int32: the words, and those that follow them, -1 counting nothing.

        ``keys`` are those of ``rnn.RNN.keys``, ``numbers`` of the optimizer's rule as in ``numpy_/update.py``; ``kept``
        is the share that decay leaves of the matrices, ``rate`` that by which the running mean moves.
        """
        numbers = *numbers, *(0.0,) * (memory.RULE_NUMBERS - len(numbers)), kept, rate
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
        self._drop_weights()
        layers = [self._layer(k, steps) for k in range(1, self._model.layers + 1)]
        read = self._arrays["read_op"][:steps]
        inputs = read, *(layer.out_op for layer in layers[:-1])
        self._forward(inputs, layers)
        self._backward(layers, self._output(layers[-1]))
        for k, (layer, x) in enumerate(zip(layers, inputs, strict=True), start=1):
            self._weight_gradients(k, layer, x)
        self._embedding_gradient(layers[0])
        self._update()
        last = [(array[steps], array[0]) for layer in layers for array in (layer.hs, layer.cs, layer.h_op)]
        sums.carry(self._engine, last)

    def _drop_weights(self):
        """The recurrent weights of this window, where some are dropped."""
        for k in range(1, self._model.layers + 1):
            dropped, name = self._arrays.get(f"dropped{k}"), f"l{k}_h/W"
            if dropped is not None:
                masks.drop(self._engine, self.weights[name], dropped, *self._mask(f"weights{k}"))
                if self._training.precision == BFLOAT16:
                    sums.cast(self._engine, dropped, self._ops[name])

    def _layer(self, k, steps):
        """A layer's arrays, as the recurrence takes them."""
        a, w, after = self._arrays, self.weights, {"hs": 1, "cs": 1, "h_op": 1}

        def part(name):
            array = a.get(f"{name}{k}")
            return array if array is None else array[: steps + after.get(name, 0)]

        arrays = {name: part(name) for name in ("gates", "hs", "cs", "h_op", "out_op", "dz_op", "dz_x_op")}
        w_h = a.get(f"dropped{k}", w[f"l{k}_h/W"])  # (4N, N)
        weights = w[f"l{k}_x/W"], w[f"l{k}_x/b"], w_h, w[f"l{k}_h/b"], self._ops[f"l{k}_h/W"]
        keys = self._key(f"written{k}"), self._key(f"projected{k}")
        return recurrence.Layer(*weights, **arrays, out_key=keys[0], mask_key=keys[1])

    def _fed(self, name):
        start, kind, count = self._sizes.fields[name]
        return self._arrays["feed"][start:][: count * numpy.dtype(kind).itemsize].view(kind)

    def _key(self, place):
        at = list(self._masks).index(place)
        return self._fed("keys")[at : at + 1]

    def _mask(self, place):
        return self._key(place), self._masks[place]

    def _scratch(self, units):
        """What the recurrence of a layer needs besides."""
        shape = recurrence.sums(self._sizes.batch, units)
        return self._arrays["counters"], self._arrays["sums_of_a_step"][: int(numpy.prod(shape))].reshape(shape)

    def _handed_on(self, k, steps):
        """What a layer hands on before dropout, (T + 1, B, N), the first of no use: its h, or the sum with a skip."""
        return self._arrays.get(f"ys{k}", self._arrays[f"hs{k}"])[: steps + 1]

    def _gradient(self, k, steps, width):
        """The gradient of what layer k hands on, (T, B, width): room for that and, where there are skips, the next."""
        shape = steps, self._sizes.batch, width
        room = self._arrays["g"] if k % 2 == 0 else self._arrays.get("g_other", self._arrays["g"])
        return room[: int(numpy.prod(shape))].reshape(shape)

    def _product(self, a, b, out, **settings):
        self._engine.product(a, b, out, precision=self._training.precision, **settings)

    def _rows(self, op, columns):
        """Operands (T, B, Kp) as a matrix (R, K)."""
        return op.reshape(-1, op.shape[-1])[:, :columns]

    def _project(self, k, x, layer):
        """gates = x w_x^T of the whole window."""
        read, gates = self._model.inputs[k - 1], layer.gates
        gates = gates.reshape(-1, gates.shape[-1])
        self._product(self._rows(x, read), self._ops[f"l{k}_x/W"][:, :read], gates, transpose_b=True)

    def _forward(self, inputs, layers):
        x, w = inputs[0], self.weights["l0/W"]
        ids, flat = self._fed("ids")[: x.shape[0] * x.shape[1]], x.reshape(-1, x.shape[-1])
        embedding.embed(self._engine, ids, w, flat, *self._mask("read"), *self._mask("words"))
        self._project(1, x, layers[0])
        e, plans, drops = self._engine, self._plans, self._drops
        if plans[0].forward.way == tiling.WAVEFRONT:
            recurrence.recur_forward(e, plans[0], layers, self._scratch(self._model.outputs[0]), drops)
            return
        for k, (x, layer, units) in enumerate(zip(inputs, layers, self._model.outputs, strict=True), start=1):
            if k > 1:
                self._project(k, x, layer)
            recurrence.recur_forward(e, plans[k - 1], [layer], self._scratch(units), [drops[k - 1]])
            if self._model.skips[k - 1]:
                below, y = (self._handed_on(each, len(x))[1:] for each in (k - 1, k))
                skips.join(e, layer.hs[1:], below, y, layer.out_op, layer.out_key, drops[k - 1].outputs)

    def _output(self, layer):
        """The loss, the output layer's gradients, and that of what it read, (T, B, N)."""
        e, a, units, words = self._engine, self._arrays, self._model.outputs[-1], self._model.words
        name, bias = memory.output_name(self._model), f"{self._model.output_name}/b"
        y, w = self._rows(layer.out_op, units), self._ops[name][:, :units]
        rows, batch = len(y), layer.out_op.shape[1]
        g_y = self._gradient(self._model.layers, len(layer.gates), units)
        for start in range(0, rows, self._sizes.block):
            block = slice(start, min(start + self._sizes.block, rows))
            logits = a["logits"][: block.stop - start]
            d = a.get("d_op", a["logits"])[: len(logits)]
            self._product(y[block], w, logits[:, :words], transpose_b=True)
            targets, losses = self._fed("targets")[block], a["losses"][block]
            output.softmax(e, logits, self.weights[bias], targets, 1 / batch, d, losses, self._training.smoothing)
            more = start > 0
            self._product(d[:, :words], w, g_y.reshape(rows, units)[block])
            self._product(d[:, :words], y[block], self._grads[name], transpose_a=True, beta=float(more))
            sums.sum_columns(e, d, self._grads[bias], more, a["sums"])
        sums.sum_losses(e, a["losses"][:rows], 1 / batch, a["loss"], a["running"], batch)
        return g_y

    def _backward(self, layers, g):
        e, plans, drops, outputs = self._engine, self._plans, list(self._drops), self._model.outputs
        size, change = self._training.ar, self._training.tar
        if size or change or self._model.skips[-1]:
            y = self._handed_on(len(layers), len(g))
            penalties.hold(e, g, y, size, change, layers[-1].out_key, drops[-1].outputs)
            drops[-1] = drops[-1]._replace(outputs=masks.NONE)
        if plans[0].backward.way == tiling.WAVEFRONT:
            recurrence.recur_backward(e, plans[0], layers, g, self._scratch(outputs[0]), drops)
            return
        for k in range(len(layers), 0, -1):
            layer, scratch = layers[k - 1], self._scratch(outputs[k - 1])
            recurrence.recur_backward(e, plans[k - 1], [layer], g, scratch, [drops[k - 1]])
            if k > 1:
                g_y, g = g, self._input_gradient(k, layer)
                if any(around := self._model.skips):  # or else the recurrence applies the mask
                    skips.split(e, g, g_y if around[k - 1] else None, layers[k - 2].out_key, drops[k - 2].outputs)
                    drops[k - 2] = drops[k - 2]._replace(outputs=masks.NONE)

    def _dz_x(self, layer):
        """The gradient of what a layer projected, (R, 4N)."""
        dz = layer.dz_op if layer.dz_x_op is None else layer.dz_x_op
        return self._rows(dz, layer.gates.shape[-1])

    def _input_gradient(self, k, layer):
        """The gradient (T, B, I) of what a layer read."""
        read = self._model.inputs[k - 1]
        g = self._gradient(k - 1, len(layer.gates), read)
        self._product(self._dz_x(layer), self._ops[f"l{k}_x/W"][:, :read], g.reshape(-1, read))
        return g

    def _weight_gradients(self, k, layer, x):
        e, grads, units, read = self._engine, self._grads, self._model.outputs[k - 1], self._model.inputs[k - 1]
        dz, dz_x = self._rows(layer.dz_op, 4 * units), self._dz_x(layer)
        of_h = grads[f"l{k}_h/W"]
        self._product(dz, self._rows(layer.h_op[:-1], units), of_h, transpose_a=True)
        if f"dropped{k}" in self._arrays:
            masks.drop(e, of_h, of_h, *self._mask(f"weights{k}"))
        self._product(dz_x, self._rows(x, read), grads[f"l{k}_x/W"], transpose_a=True)
        gates = layer.gates.reshape(-1, 4 * units)  # dz in float32 by now
        sums.sum_columns(e, gates, grads[f"l{k}_h/b"], False, self._arrays["sums"])
        masked = gates if layer.dz_x_op is None else layer.dz_x_op.reshape(len(gates), -1)
        sums.sum_columns(e, masked, grads[f"l{k}_x/b"], False, self._arrays["sums"])

    def _embedding_gradient(self, layer):
        """Of a tied model's matrix, added to the output layer's."""
        width = self._model.width
        g = self._input_gradient(1, layer).reshape(-1, width)
        ids, (key, dropout) = self._fed("ids")[: len(g)], self._mask("read")
        settings = self._arrays["sorted"], *self._mask("words"), self._model.tied
        embedding.gradient(self._engine, ids, g, self._grads["l0/W"], key, dropout, *settings)

    def _update(self):
        a, copies, training = self._arrays, (), self._training
        if self._table is not None:
            copies = self._table, a["operands"]
        settings = self._fed("numbers"), training.clip, a["partials"], a["norm"]
        besides = update.Besides(self._sizes.layout.matrices if training.decays else 0, a.get("mean"))
        flat = a["weights"], a["grads"], list(self._states.values())
        update.update_flat(self._engine, training.rule, *flat, *settings, *copies, besides=besides)
