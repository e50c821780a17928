"""PyTorch, the peer of the GPU's benchmarks, learns and writes as our models do; and so do ours on the emulator."""

import math

import numpy
import pytest

from benchmarks import gpu_equal, gpu_floor, gpu_ours, gpu_peers
from benchmarks.trainers import MissingError, weights
from tsuzuri.kernels.gpu import PRECISIONS
from tsuzuri.models import rnn

SIZE = (50, 8, 3, 4)  # V, N, B, T
DATA = gpu_ours.windows(50, 3, 4)
MACHINE = gpu_floor.Machine(1e12, 4e12, 8e12, 1e9, 1e-6, 1e-7)


def on_the_cpu(run):
    """What ``run()`` returns; skips where PyTorch is not installed, or cannot do that on this processor."""
    try:
        return run()
    except MissingError as missing:
        pytest.skip(str(missing))


def pytorch(dropout=0.0, **how):
    return on_the_cpu(lambda: gpu_peers.PyTorch(SIZE, DATA, dropout, device="cpu", **how))


def pytorch_writer(*how, **more):
    return on_the_cpu(lambda: gpu_peers.PyTorchWriter(*how, device="cpu", **more))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_pytorch_learns_as_our_model_on_the_cpu_does(precision):
    wanted = gpu_equal.losses(gpu_ours.OnTheCPU(SIZE, DATA), 3)
    found = on_the_cpu(lambda: gpu_equal.losses(pytorch(precision=precision), 3))
    assert gpu_equal.why_not(found, wanted, precision) is None


def test_pytorch_drops_values():
    assert gpu_equal.losses(pytorch(0.5), 1) != gpu_equal.losses(pytorch(), 1)


def test_what_comes_before_a_graph_is_forgotten(monkeypatch):
    """With a graph that is none: what warms it up must not show in the losses and in the words."""

    def recorded(torch, run):
        for _ in range(gpu_peers.WARM):
            run()
        return run

    monkeypatch.setattr(gpu_peers, "_recorded", recorded)
    assert gpu_equal.losses(pytorch(graph=True), 3) == gpu_equal.losses(pytorch(), 3)
    writers = [pytorch_writer(50, 8, 3, 0, graph=graph) for graph in (True, False)]
    assert writers[0].write(5).tolist() == writers[1].write(5).tolist()


def loaded_model(words, units):
    model = rnn.RNN(rnn.Sizes(words, units), numpy.random.default_rng(0))
    for name, values in weights(words, units).items():
        layer, kind = name.split("/")
        getattr(model[layer], kind).array[...] = values
    return model


def test_pytorch_writes_the_likeliest_words_as_our_model_does():
    model, word, wanted = loaded_model(50, 8), gpu_ours.first(50, 3), []
    for _ in range(6):
        word = model.step(word).argmax(1).astype(numpy.int32)
        wanted.append(word)
    writer = pytorch_writer(50, 8, 3, 0)
    assert writer.write(4).tolist() == numpy.array(wanted)[:4].tolist()
    assert writer.write(2).tolist() == numpy.array(wanted)[4:].tolist()


@pytest.mark.parametrize("top_p", [1.0, 0.5])
def test_pytorch_draws_from_the_softmax_and_from_its_nucleus(top_p):
    streams, words = 20_000, 5
    writer = pytorch_writer(words, 2, streams, top_p=top_p)
    with writer._inference():
        y = writer.torch.ones((streams, 2))
        p = writer.out(y[0]).softmax(0).numpy().astype("d")
        found = numpy.bincount(writer._choose(y).numpy(), minlength=words) / streams
    if top_p < 1:
        order = numpy.argsort(-p)
        kept = order[: 1 + numpy.searchsorted(numpy.cumsum(p[order]), top_p)]
        p[numpy.setdiff1d(order, kept)] = 0
    p /= p.sum()
    assert abs(found - p).max() < 6 / math.sqrt(4 * streams)  # six standard deviations of a share, at most


on_the_emulator = pytest.mark.parametrize("engine", ["emulated"], indirect=True)


@pytest.mark.parametrize("place", [gpu_ours.LAYERS, gpu_ours.PROJECTIONS])
def test_ours_follows_the_cpu_with_dropout(emulated, place):
    data = gpu_ours.windows(20, 2, 3, 2)
    size = 20, 5, 2, 3
    engine = emulated(multiprocessors=1)
    other = engine.zeros(1000)
    ours = gpu_ours.Ours(size, data, 0.5, place=place, on=engine)
    wanted = gpu_equal.losses(gpu_ours.OnTheCPU(size, data, 0.5, place), 4)
    assert gpu_equal.losses(ours, 4) == pytest.approx(wanted, rel=1e-5)
    assert 0 < ours.memory() <= engine.used() - other.nbytes
    assert gpu_ours.without_graph(ours) is None


def test_ours_writes_the_likeliest_words(emulated):
    writer = gpu_ours.OursWriter(20, 5, 9, 0.0, on=emulated())
    assert numpy.array_equal(writer.write(4), pytorch_writer(20, 5, 9, 0).write(4))
    assert writer.memory() > 0
    assert gpu_ours.without_graph(writer) is None


def test_the_first_words_are_words():
    assert gpu_ours.first(3, 5).tolist() == [0, 1, 2, 0, 1]


@pytest.mark.parametrize("watch", [0, 1])
def test_no_block_passes_the_others_at_the_barrier(emulated, watch):
    for seed in range(3):
        engine = emulated(seed, multiprocessors=4)
        counter, reached, late = engine.zeros((3, 64), "u4")
        numbers = numpy.int32(9), numpy.int32(watch)
        engine.kernel("barrier", "barriers")(4, 64, counter, reached, late, *numbers, cooperative=True)
        assert counter[0] == 4 * 9
        assert reached[:4].tolist() == [9 * watch] * 4
        assert not late.any()
