"""Both layers there and back on an engine, held to the specification and, step by step, to what they wrote."""

import numpy

from tests.conftest import relative_error
from tests.kernels.gpu.recurrent_case import B16, T32, F, arrays, operand, rounded, scratch_of, values
from tsuzuri.kernels import reference
from tsuzuri.kernels.gpu import recurrence, tiling
from tsuzuri.kernels.gpu.recurrence import Ends, Layer

TOLERANCES = {F: 1e-5, T32: 3e-3, B16: 2e-2}  # against the specification, which does not round


class Run:
    """Both layers there and back on an engine: ``layers`` afterwards, and ``gates`` before the way back, as NumPy's."""

    def __init__(self, engine, case, plans, times=1, ends=(recurrence.NOTHING, recurrence.NOTHING)):
        self.case, self.engine = case, engine
        layers = first, second = [arrays(engine, case, index) for index in range(2)]
        scratch = scratch_of(engine, case)
        g_out = engine.asarray(case.g_out)
        for _ in range(times):
            self._project(rounded(case.x, case.precision), first, 0)
            if plans.forward.way == tiling.WAVEFRONT:
                recurrence.recur_forward(engine, plans, layers, scratch, case.drops)
            else:
                recurrence.recur_forward(engine, plans, [first], scratch, case.drops[:1])
                self._project(values(engine.read(first.out_op)), second, 1)
                recurrence.recur_forward(engine, plans, [second], scratch, case.drops[1:])
            self.gates = [engine.read(layer.gates) for layer in layers]
            if plans.backward.way == tiling.WAVEFRONT:
                recurrence.recur_backward(engine, plans, layers, g_out, scratch, case.drops)
            else:
                recurrence.recur_backward(engine, plans, [second], g_out, scratch, case.drops[1:], ends[1])
                dz_x = values(engine.read(second.dz_op if second.dz_x_op is None else second.dz_x_op))
                g = dz_x[..., : first.gates.shape[2]] @ rounded(case.weights[1][0], case.precision)
                g = engine.asarray(g, "f")
                recurrence.recur_backward(engine, plans, [first], g, scratch, case.drops[:1], ends[0])
            assert not engine.read(scratch[0]).any(), "counters are not ready for the next launch"
        self.layers = [Layer(*(None if a is None else engine.read(a) for a in layer)) for layer in layers]
        self.ends = [Ends(*(None if a is None else engine.read(a) for a in end)) for end in ends]

    def _project(self, x, layer, index):
        w_x = rounded(self.case.weights[index][0], self.case.precision)
        layer.gates[...] = self.engine.asarray(x[..., : w_x.shape[1]] @ w_x.T, "f")

    def results(self):
        arrays = [(f"gates{i}", gates) for i, gates in enumerate(self.gates)]
        for i, layer in enumerate(self.layers):
            arrays += [(f"{name}{i}", value) for name, value in layer._asdict().items() if value is not None]
        return dict(arrays)


def specification(case):
    """h, c and dz of both layers in float64: dz from the gradient of b_h of windows of one step."""
    found, x = [], case.x.astype("d")
    for index, (weights, (c, h)) in enumerate(zip(case.weights, case.states, strict=True)):
        weights = [w.astype("d") for w in weights]
        out, projections = case.masks(index)
        hs, _, cache = reference.lstm_forward(x, c.astype("d"), h.astype("d"), *weights, projections)
        found.append((hs, numpy.stack([step[-1] for step in cache]), x, weights, cache, out, projections))
        x = hs * out
    g, gradients = case.g_out.astype("d"), []
    for hs, _, x, weights, cache, out, projections in reversed(found):
        g_c = numpy.zeros_like(hs[0])
        g = reference.lstm_backward(g * out, g_c, x, weights[0], weights[2], cache, projections)
        gradients.insert(0, g)
        g = g[0]
    return found, gradients


def check_specification(run):
    case = run.case
    found, gradients = specification(case)
    tolerance = TOLERANCES[case.precision]
    T, B, N = case.x.shape
    x = rounded(case.x, case.precision)
    for index, (layer, (hs, cs, *_), g) in enumerate(zip(run.layers, found, gradients, strict=True)):
        out, _ = case.masks(index)
        assert relative_error(layer.hs[1:], hs, 0.1) < tolerance
        assert relative_error(layer.cs[1:], cs, 0.1) < tolerance
        dz = layer.gates.reshape(T * B, 4 * N).astype("d")
        dz_x = layer.dz_op if layer.dz_x_op is None else layer.dz_x_op
        dz_x = values(dz_x)[..., : 4 * N].reshape(T * B, 4 * N)
        g_x, _, _, g_w_x, g_b_x, g_w_h, g_b_h = g
        ones = numpy.ones((1, T * B))
        products = [
            (dz_x, case.weights[index][0], g_x.reshape(T * B, N)),
            (dz_x.T, x.reshape(T * B, N), g_w_x),
            (ones, dz_x, g_b_x[None]),
            (dz.T, layer.hs[:-1].reshape(T * B, N), g_w_h),
            (ones, dz, g_b_h[None]),
        ]
        for left, right, wanted in products:  # beside its terms a sum may be small
            assert relative_error(left @ right, wanted, (abs(left) @ abs(right)).max() + 1e-30) < tolerance
        x = hs * out


def same(found, x, precision):
    """Whether an operand holds exactly x, and zeros behind it."""
    size = x.shape[-1]
    return numpy.array_equal(found[..., :size], operand(x, precision)) and not found[..., size:].any()


# What a kernel rounds is read from what it wrote, so that each step is held to the precision of float32.
def check_steps(run, tolerance=1e-5):
    """Each step from what the kernel itself wrote for it."""
    case, x = run.case, rounded(run.case.x, run.case.precision)
    T, B, N = case.x.shape
    g_in, terms = case.g_out.astype("d"), 1
    for index, layer in enumerate(run.layers):
        out, projections = case.masks(index)
        w_x, w_h = (rounded(case.weights[index][i], case.precision) for i in (0, 2))
        b_x, b_h = (case.weights[index][i].astype("d") for i in (1, 3))
        z = (x @ w_x.T + b_x) * projections + b_h + values(layer.h_op)[:-1, :, :N] @ w_h.T
        gates = numpy.where(numpy.arange(4 * N) % 4 == 0, numpy.tanh(z), reference.sigmoid(z))
        assert relative_error(run.gates[index], gates) < tolerance
        a, i, f, o = (run.gates[index][..., k::4].astype("d") for k in range(4))
        assert relative_error(layer.cs[1:], f * layer.cs[:-1] + i * a, 1) < 1e-6
        assert relative_error(layer.hs[1:], o * numpy.tanh(layer.cs[1:].astype("d"))) < 1e-6
        assert same(layer.h_op[1:], layer.hs[1:], case.precision)
        assert same(layer.out_op, layer.hs[1:] * out.astype("f"), case.precision)
        x = values(layer.out_op)[..., :N]
    for index in (1, 0):
        layer, end = run.layers[index], run.ends[index]
        out, projections = case.masks(index)
        w_x, w_h = (rounded(case.weights[index][i], case.precision) for i in (0, 2))
        dz_op = values(layer.dz_op)[..., : 4 * N]
        a, i, f, o = (run.gates[index][..., k::4].astype("d") for k in range(4))
        tanh_c = numpy.tanh(layer.cs[1:].astype("d"))
        g_c = 0 if end.g_c is None else end.g_c.astype("d")
        g_h = g_in * out
        g_h[:-1] += dz_op[1:] @ w_h
        wanted = numpy.empty((T, B, 4 * N))
        for t in reversed(range(T)):
            g_c = g_c + g_h[t] * o[t] * (1 - tanh_c[t] ** 2)
            wanted[t, :, 0::4] = g_c * i[t] * (1 - a[t] ** 2)
            wanted[t, :, 1::4] = g_c * a[t] * i[t] * (1 - i[t])
            wanted[t, :, 2::4] = g_c * layer.cs[t] * f[t] * (1 - f[t])
            wanted[t, :, 3::4] = g_h[t] * tanh_c[t] * o[t] * (1 - o[t])
            g_c = g_c * f[t]
        assert relative_error(layer.gates, wanted, 0.03 * terms + 1e-9) < tolerance
        assert same(layer.dz_op, layer.gates, case.precision)
        if layer.dz_x_op is not None:
            assert same(layer.dz_x_op, layer.gates * projections.astype("f"), case.precision)
        if end.g_c_before is not None:
            assert relative_error(end.g_c_before, g_c) < tolerance
            assert relative_error(end.g_h_before, dz_op[0] @ w_h) < tolerance
        dz_x = values(layer.dz_op if layer.dz_x_op is None else layer.dz_x_op)[..., : 4 * N]
        g_in, terms = dz_x @ w_x, (abs(dz_x) @ abs(w_x)).max()  # which it may be small beside
