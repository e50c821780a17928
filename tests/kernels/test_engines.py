"""The table of engines: each offers the twins of the others' kernels, and the fastest that can is picked."""

import ast
import inspect

import numpy
import pytest

from tests.conftest import ROOT, relative_error
from tsuzuri.compat import chainer
from tsuzuri.kernels import engines, functions, native
from tsuzuri.kernels.engines import ENGINES, KERNELS, engine_for

BY_NAME = {engine.name: engine.calls for engine in ENGINES}


@pytest.fixture(params=["gpu", "native"])
def fast(request):
    """An engine besides NumPy, which all are held equal to."""
    if request.param == "native" and not native.extension():
        pytest.skip("the native kernels are not built here")
    if request.param == "gpu":
        request.getfixturevalue("engine_emulated")
    return BY_NAME[request.param]


@pytest.fixture
def engine_emulated(emulated, monkeypatch):
    made = emulated(1, multiprocessors=6)
    monkeypatch.setattr("tsuzuri.kernels.gpu.launcher.current", lambda: made)
    return made


def public(module):
    functions = inspect.getmembers(module, inspect.isfunction)
    return [name for name, f in functions if f.__module__ == module.__name__ and not name.startswith("_")]


def test_the_fastest_comes_first_and_numpy_has_all():
    assert list(BY_NAME) == ["gpu", "native", "numpy"]
    assert sorted(public(BY_NAME["numpy"])) == sorted(KERNELS)


@pytest.mark.parametrize("name", BY_NAME)
def test_an_engines_kernels_have_the_signatures_of_their_twins(name):
    for kernel in set(public(BY_NAME[name])) & set(KERNELS):
        mine, twin = (
            list(inspect.signature(getattr(calls, kernel)).parameters) for calls in (BY_NAME[name], BY_NAME["numpy"])
        )
        assert mine == twin, kernel


def test_forward_and_backward_come_together():
    for calls in BY_NAME.values():
        for kernel in KERNELS:
            if kernel.endswith("_forward") and hasattr(calls, kernel):
                assert hasattr(calls, kernel.replace("_forward", "_backward"))


def test_what_is_picked(monkeypatch):
    array = numpy.ones((2, 3), "f")
    monkeypatch.setattr("tsuzuri.kernels.native.extension", lambda: None)
    assert engine_for("embed", array) is BY_NAME["numpy"]
    monkeypatch.setattr("tsuzuri.kernels.native.extension", object)
    assert engine_for("embed", array) is BY_NAME["native"]
    assert engine_for("embed", array.astype("d")) is BY_NAME["numpy"]
    monkeypatch.setattr("tsuzuri.kernels.gpu.has", lambda *arrays: True)
    assert engine_for("embed", array) is BY_NAME["gpu"]
    assert engine_for("dropout", array) is BY_NAME["native"]  # which CUDA has not by itself
    assert engine_for("dropout", array[:, 1:]) is BY_NAME["numpy"]


def test_only_the_table_picks():
    """No other file of the kernels asks an engine whether it takes arrays."""
    asking = []
    for path in sorted((ROOT / "tsuzuri/kernels").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "has" and getattr(node.value, "id", "") in BY_NAME:
                asking.append(path.name)
    assert set(asking) == {"engines.py"}
    assert inspect.getmodule(engine_for) is engines


def test_the_twins_agree(rng, fast):
    """Each kernel of an engine on one small input against NumPy's; sizes and precisions have tests of their own."""
    T, B, I, N, V = 3, 4, 5, 6, 7  # noqa: E741
    normal = lambda *shape: rng.normal(size=shape).astype("f") / 2  # noqa: E731
    ids, target = rng.integers(0, V, (T, B)).astype("i"), rng.integers(-1, V, T * B).astype("i")
    weights = normal(4 * N, I), normal(4 * N), normal(4 * N, N), normal(4 * N)
    square = [(normal(4 * N, N), normal(4 * N), normal(4 * N, N), normal(4 * N)) for _ in range(2)]
    state, counts = tuple(normal(B, N) for _ in range(4)), numpy.array([3, 3, 2])
    arguments = {
        "embed": (ids, normal(V, N)),
        "embed_backward": (normal(T * B, N), ids.reshape(-1), V),
        "dropout": (normal(B, N), 0.4, 5),
        "lstm_forward": (normal(T, B, I), normal(B, N), normal(B, N), *weights, 0.3, 7, "float32"),
        "lstm_packed_forward": (normal(8, I), counts, *weights, "float32"),
        "cross_entropy": (normal(T * B, N), normal(V, N), normal(V), target, 0.25, True, "float32", 0.3),
        "step": (ids[0], state, normal(V, N), square, normal(V, N), normal(V), True),
    }
    gradients = {"lstm_backward": (normal(T, B, N), normal(B, N)), "lstm_packed_backward": (normal(8, N),)}
    assert sorted([*arguments, *gradients]) == sorted(KERNELS)
    compared = 0
    for kernel, inputs in arguments.items():
        if not hasattr(fast, kernel):
            continue
        found, wanted = (list(flat(getattr(calls, kernel)(*inputs))) for calls in (fast, BY_NAME["numpy"]))
        back = kernel.replace("_forward", "_backward")
        if back in gradients:
            caches = found.pop(), wanted.pop()
            for results, calls, cache in zip((found, wanted), (fast, BY_NAME["numpy"]), caches, strict=True):
                results += getattr(calls, back)(*gradients[back], cache)
        for k, (one, other) in enumerate(zip(found, wanted, strict=True)):
            assert relative_error(one, other, 0.1) < 1e-5, (kernel, k)
        compared += 1
    assert compared >= 4


def flat(results):
    """Arrays one after another, a cache as it is."""
    for result in results if isinstance(results, tuple) else (results,):
        if type(result) is tuple:
            yield from flat(result)
        else:
            yield result


def test_the_way_back_takes_the_cache_away(rng):
    """So that what a window needs is given up layer by layer, and nothing is made of gates that are overwritten."""
    arrays = [rng.normal(size=shape) for shape in ((2, 3, 4), (3, 5), (3, 5), (20, 4), 20, (20, 5), 20)]
    hs, _ = functions.lstm_window(*map(chainer.Variable, arrays))
    packed = functions.lstm_packed(chainer.Variable(arrays[0][0]), numpy.array([3]), *arrays[3:])
    for y in (hs, packed):
        node = y.creator
        assert node.cache is not None
        y.grad = numpy.ones_like(y.array)
        y.backward()
        assert node.cache is None
