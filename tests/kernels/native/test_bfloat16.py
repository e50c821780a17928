"""Products in bfloat16 at every level of the processor that runs here, against what the rounded values make in float64.

What a kernel rounds is read from what it returns (h and c of every step, the gates' gradients), so that each product
is held to the precision of float32: a wrong rounding would be a thousand times as large as the tolerance.
"""

import fractions

import numpy
import pytest

from tests.conftest import relative_error
from tsuzuri.kernels import native, reference

LEVELS = ["portable", "avx2", "avx512", "avx512bf16", "amx", "emulated"]
TOLERANCE = 1e-5
SIZES = [  # T, B, I, N
    (1, 1, 1, 1),
    (1, 3, 33, 2),
    (5, 1, 7, 16),
    (3, 17, 20, 35),
    (2, 33, 64, 17),
    (4, 50, 5, 40),
    (1, 8, 70, 150),
    (40, 14, 3, 5),  # more than 512 rows (t, b): products in two parts
]


@pytest.fixture(params=LEVELS)
def level(request):
    if native.extension() is None:
        pytest.skip("the extension is not built")
    if request.param not in native.extension().levels():
        pytest.skip(f"level {request.param} is not built, or not of this processor")
    return request.param


def rounded(x):
    """x as bfloat16, to nearest and to even between two, in float64: computed on the values, not their bits."""
    x = numpy.asarray(x, "d")
    unit = numpy.exp2(numpy.maximum(numpy.frexp(x)[1], -125) - 8.0)  # of the last of 8 bits, fewer in denormals
    return numpy.rint(x / unit) * unit


def lanes(level):
    """How many units one vector holds: the gates of a single unit fill four."""
    one = numpy.zeros((1, 1), "f")
    bias = numpy.zeros(4, "f")
    weights = numpy.zeros((4, 1), "f")
    gates = native.extension().lstm_forward(level, True, one[None], one, one, weights, bias, weights, bias, 0.0, 0)[2]
    return gates.shape[-1] // 4


def interleaved(gates, width, units):
    """Gates in vectors of units (T, B, columns) as Chainer has them (T, B, 4N), in float64."""
    T, B, columns = gates.shape
    return gates.reshape(T, B, columns // 4 // width, 4, width).swapaxes(3, 4).reshape(T, B, columns)[..., : 4 * units]


def window(rng, sizes):
    """Inputs of an LSTM window in float32: x, c, h, w_x, b_x, w_h, b_h."""
    T, B, I, N = sizes  # noqa: E741
    shapes = [(T, B, I), (B, N), (B, N), (4 * N, I), 4 * N, (4 * N, N), 4 * N]
    scales = [1, 1, 1, I**-0.5, 0.1, N**-0.5, 0.1]
    return [(rng.normal(size=shape) * scale).astype("f") for shape, scale in zip(shapes, scales, strict=True)]


@pytest.mark.parametrize("sizes", SIZES)
def test_forward(rng, level, sizes):
    x, _, _, w_x, b_x, w_h, b_h = inputs = window(rng, sizes)
    hs, cs, _ = native.extension().lstm_forward(level, True, *inputs, 0.0, 0)
    for t in range(len(x)):
        step = (rounded(x[t : t + 1]), cs[t].astype("d"), rounded(hs[t]), rounded(w_x), b_x, rounded(w_h), b_h)
        want_h, want_c, _ = reference.lstm_forward(*step)
        assert relative_error(hs[t + 1], want_h[0], 0.1) < TOLERANCE, t
        assert relative_error(cs[t + 1], want_c, 0.1) < TOLERANCE, t


@pytest.mark.parametrize("sizes", SIZES)
def test_backward(rng, level, sizes):
    x, _, _, w_x, _, w_h, _ = inputs = window(rng, sizes)
    T, B, I, N = sizes  # noqa: E741
    hs, cs, gates = native.extension().lstm_forward(level, True, *inputs, 0.0, 0)
    a, i, f, o = (interleaved(gates, lanes(level), N)[..., k::4].astype("d") for k in range(4))
    g_hs, g_c = rng.normal(size=(T, B, N)).astype("f"), rng.normal(size=(B, N)).astype("f")
    found = native.extension().lstm_backward(level, True, x, w_x, w_h, hs, cs, gates, g_hs, g_c, 0.0, 0)
    g_x, g_c0, g_h0, g_w_x, _, g_w_h, _ = found
    g_z = interleaved(gates, lanes(level), N)  # overwritten by the gradients of what went into the gates

    dc = g_c.astype("d")
    for t in reversed(range(T)):
        later = rounded(g_z[t + 1]) @ rounded(w_h) if t + 1 < T else 0
        dh, tanh_c = g_hs[t] + later, numpy.tanh(cs[t + 1].astype("d"))
        dc = dc + dh * o[t] * (1 - tanh_c**2)
        want = numpy.empty((B, 4 * N))
        want[:, 0::4] = dc * i[t] * (1 - a[t] ** 2)
        want[:, 1::4] = dc * a[t] * i[t] * (1 - i[t])
        want[:, 2::4] = dc * cs[t] * f[t] * (1 - f[t])
        want[:, 3::4] = dh * tanh_c * o[t] * (1 - o[t])
        assert relative_error(g_z[t], want) < 10 * TOLERANCE, t
        dc = dc * f[t]
    assert relative_error(g_c0, dc) < 10 * TOLERANCE

    z = rounded(g_z.reshape(T * B, 4 * N))
    products = {
        "h": (g_h0, z[:B], rounded(w_h)),
        "x": (g_x.reshape(T * B, I), z, rounded(w_x)),
        "w_x": (g_w_x, z.T, rounded(x.reshape(T * B, I))),
        "w_h": (g_w_h, z.T, rounded(hs[:-1].reshape(T * B, N))),
    }
    for name, (product, left, right) in products.items():
        terms = (abs(left) @ abs(right)).max()  # which may cancel, all but their rounding
        assert relative_error(product, left @ right, 0.1 * terms) < TOLERANCE, name


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("sizes", [(1, 1, 2), (3, 5, 2), (33, 40, 64), (100, 19, 131), (7, 70, 600)])
def test_cross_entropy(rng, level, sizes, smoothing):
    R, N, V = sizes
    h, w = rng.normal(size=(R, N)).astype("f"), rng.normal(size=(V, N)).astype("f")
    b, target = rng.normal(size=V).astype("f"), rng.integers(-1, V, R).astype("i")
    loss, g_h, g_w, g_b = native.extension().cross_entropy(level, True, h, w, b, target, 1.0, True, smoothing)
    want_loss = reference.cross_entropy(rounded(h), rounded(w), b.astype("d"), target)[0]
    assert relative_error(loss, want_loss, floor=1) < TOLERANCE
    logits = rounded(h) @ rounded(w).T + b
    g_z = numpy.exp(logits - logits.max(axis=1, keepdims=True))
    g_z /= g_z.sum(axis=1, keepdims=True)
    g_z[target >= 0, target[target >= 0]] -= 1 - smoothing
    g_z -= smoothing / V
    g_z[target < 0] = 0
    assert relative_error(g_b, g_z.sum(axis=0), floor=1) < TOLERANCE
    # A gradient that float32 puts on the other side of the middle between two of bfloat16 is rounded another way.
    assert relative_error(g_h, rounded(g_z) @ rounded(w), floor=1e-2) < 2**-7
    assert relative_error(g_w, rounded(g_z).T @ rounded(h), floor=1e-2) < 2**-7
    without = native.extension().cross_entropy(level, True, h, w, b, target, 1.0, False, smoothing)
    assert without == (loss, None, None, None)


@pytest.mark.parametrize("sizes", [(1, 1), (40, 70), (600, 3)])
def test_gradients_of_equal_words(rng, level, sizes):
    """Where all words are equal, the gradients of the logits are whole eighths, and those of h and w known closely."""
    (R, N), V = sizes, 8
    h, row = rng.normal(size=(R, N)).astype("f"), rng.normal(size=N).astype("f")
    w, b = numpy.tile(row, (V, 1)), numpy.zeros(V, "f")
    target = rng.integers(-1, V, R).astype("i")
    _, g_h, g_w, _ = native.extension().cross_entropy(level, True, h, w, b, target, 1.0, True, 0.0)
    g_z = (target[:, None] >= 0) / V - (target[:, None] == numpy.arange(V))
    assert abs(g_h).max() < TOLERANCE * abs(row).max()
    assert relative_error(g_w, g_z.T @ rounded(h), floor=1e-6) < TOLERANCE


def backward_of_one(level, x, w_x):
    """g_x (I,), g_w_x (4, I) and what the gates were given, (4,), of a single unit, stream and step."""
    width = lanes(level)
    gates = numpy.zeros((1, 1, 4 * width), "f")
    gates[0, 0, ::width] = 0.5
    zero, cs = numpy.zeros((4, 1), "f"), numpy.ones((2, 1, 1), "f")
    found = native.extension().lstm_backward(
        level, True, x.reshape(1, 1, -1), w_x, zero, 0 * cs, cs, gates, cs[:1], None, 0.0, 0
    )
    return found[0].ravel(), found[3], gates[0, 0, ::width]


def same(found, wanted):
    return numpy.array_equal(found, wanted, equal_nan=True)


def test_every_value_is_rounded_to_nearest_even(rng, level):
    bits = rng.integers(0, 2**32, 3001, "uint32")
    bits[:1000] = bits[:1000] & 0xFFFF0000 | 0x8000  # halfway between two
    bits[1000:1500] = bits[1000:1500] & 0xFFFF0000 | rng.choice([0, 1, 0x7FFF, 0x8001, 0xFFFF], 500)
    bits = bits & 0x8FFFFFFF | rng.integers(3, 5, bits.size, "uint32") << 28  # neither huge nor tiny
    values = bits.view("f")
    w_x = numpy.zeros((4, values.size), "f")
    w_x[2] = values
    g_x, g_w_x, gates = backward_of_one(level, values, w_x)
    gates, want = rounded(gates), rounded(values)
    assert same(g_w_x, (gates[:, None] * want).astype("f"))  # 8 bits times 8: exact
    assert same(g_x, (gates[2] * want).astype("f"))


def test_what_is_no_number_stays_so(level):
    """Infinities, numbers beyond the largest of bfloat16, and NaNs, also those whose bits are all in the lower half."""
    bits = [0x7F800000, 0xFF800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x7FC00000, 0xFFFFFFFF, 0x7F800001, 0xFF80FFFF, 0x7F808000]
    values = numpy.array(bits, "uint32").view("f")
    w_x = numpy.zeros((4, values.size), "f")
    w_x[2] = values
    g_x, g_w_x, gates = backward_of_one(level, values, w_x)
    want = numpy.array([numpy.inf, -numpy.inf] * 2 + [numpy.nan] * 5)
    assert same(g_w_x, numpy.sign(gates)[:, None] * want)
    assert same(g_x, numpy.sign(gates[2]) * want)


def test_threads_do_not_show(rng, level, threads):
    x, _, _, w_x, _, w_h, _ = inputs = window(rng, (3, 37, 21, 45))
    h, w, b = rng.normal(size=(70, 30)).astype("f"), rng.normal(size=(200, 30)).astype("f"), numpy.zeros(200, "f")
    target = rng.integers(-1, 200, 70).astype("i")
    results = []
    for count in (1, 2, 5):
        threads(count)
        hs, cs, gates = native.extension().lstm_forward(level, True, *inputs, 0.25, 7)
        back = native.extension().lstm_backward(level, True, x, w_x, w_h, hs, cs, gates, hs[1:], None, 0.25, 7)
        results.append([hs, cs, *back, *native.extension().cross_entropy(level, True, h, w, b, target, 1.0, True, 0.1)])
    for other in results[1:]:
        assert all(map(numpy.array_equal, results[0], other))


def nearest(x):
    """The float32 nearest to a fraction, the even one between two, and zero where it is denormal."""
    guess = numpy.float32(float(x))
    around = [guess, *(numpy.nextafter(guess, numpy.float32(side)) for side in (-numpy.inf, numpy.inf))]
    found = min(around, key=lambda y: (abs(fractions.Fraction(float(y)) - x), int(y.view("uint32")) & 1))
    return fractions.Fraction(float(found) if abs(found) >= 2.0**-126 else 0.0)


def tdpbf16ps(a, b):
    """The sum of the products of a (K,) and b (K,), fractions, as Intel's manual says that AMX makes it."""
    total = fractions.Fraction(0)
    for start in range(0, len(a), 32):
        chains = [fractions.Fraction(0)] * 2
        for k in range(start, min(len(a), start + 32)):
            chains[k % 2] = nearest(chains[k % 2] + a[k] * b[k])
        total = nearest(total + nearest(chains[0] + chains[1]))
    return total


@pytest.mark.parametrize("scale", [1, 2.0**-122])
@pytest.mark.parametrize("level", ["emulated"], indirect=True)
def test_emulated_tiles_are_those_of_the_manual(rng, level, scale):
    """Bit for bit, with a scale at which many values on the way are denormal."""
    sizes = (1, 3, 5, 37)
    x, _, _, w_x, _, w_h, _ = inputs = window(rng, sizes)
    hs, cs, gates = native.extension().lstm_forward(level, True, *inputs, 0.0, 0)
    g_hs = (rng.normal(size=(1, 3, 37)) * scale).astype("f")
    g_x = native.extension().lstm_backward(level, True, x, w_x, w_h, hs, cs, gates, g_hs, None, 0.0, 0)[0]
    weights = numpy.zeros((gates.shape[-1], 5))  # in the order of the gates' columns
    width = lanes(level)
    for column in range(gates.shape[-1]):
        unit, gate = column // (4 * width) * width + column % width, column % (4 * width) // width
        if unit < 37:
            weights[column] = rounded(w_x[4 * unit + gate])
    exact = numpy.vectorize(lambda y: fractions.Fraction(float(y)), otypes=[object])
    left = rounded(gates[0])
    left[abs(left) < 2.0**-126] = 0
    want = [[float(tdpbf16ps(a, b)) for b in exact(weights.T)] for a in exact(left)]
    assert numpy.array_equal(g_x[0], want)
    assert numpy.count_nonzero(g_x)
