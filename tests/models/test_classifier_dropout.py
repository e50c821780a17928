"""The dropout of classifiers: what is dropped, by which masks, and that nothing is without training."""

import copy
import dataclasses

import numpy
import pytest

from tests.conftest import relative_error
from tests.models.small_classifiers import (
    EVERY_DROPOUT,
    UNITS,
    WIDTH,
    WORDS,
    batch_of,
    loss_of,
    made,
    probabilities_of,
    read,
    sizes_of,
)
from tsuzuri.compat import F, chainer
from tsuzuri.kernels import functions as K
from tsuzuri.kernels.numpy_ import dropout
from tsuzuri.kernels.numpy_ import packed as packed_kernels
from tsuzuri.models.classifier import MODELS, SequenceClassifier


def recorded(monkeypatch):
    """The ratio, the key and the shape of every call of ``K.dropout`` to come."""
    calls, before = [], K.dropout

    def noted(x, ratio, key):
        calls.append((ratio, key, x.shape))
        return before(x, ratio, key)

    monkeypatch.setattr(K, "dropout", noted)
    return calls


@pytest.mark.parametrize("model", MODELS)
def test_training_drops_words_and_what_is_pooled_by_new_keys(rng, monkeypatch, model):
    ours = made(sizes_of(model, dropout=0.4, dropout_words=0.3), "f")
    sequences, labels = batch_of(rng)
    calls = recorded(monkeypatch)
    losses = {float(loss_of(ours, sequences, labels)[0].array) for _ in range(3)}
    rows, directions = sum(map(len, sequences)), 2 if model == "bilstm" else 1
    wanted = [(0.3, (rows, WIDTH))] * directions + [(0.4, (len(sequences), ours.sizes.pooled))]
    assert [(ratio, shape) for ratio, _, shape in calls] == 3 * wanted
    keys = [key for _, key, _ in calls]
    assert len(set(keys)) == len(keys)
    assert len(losses) == 3


def test_what_is_dropped_is_the_mask_of_the_next_keys(rng):
    ours = made(sizes_of("bow", dropout=0.4, dropout_words=0.3))
    keys = copy.deepcopy(ours.rng).integers(2**64, size=3, dtype="u8")
    ids, labels = rng.integers(0, WORDS, (1, 6)).astype("i"), numpy.array([1], "i")
    words = ours.l0.W.array[ids[0]] * dropout.mask(numpy, (6, WIDTH), 0.3, int(keys[0]), "d")
    said = words.mean(0, keepdims=True) * dropout.mask(numpy, (1, WIDTH), 0.4, int(keys[2]), "d")
    wanted = F.softmax_cross_entropy(ours.out(said), labels)
    assert relative_error(loss_of(ours, ids, labels)[0].array, wanted.array) < 1e-10


def test_a_locked_mask_is_one_for_all_words_of_a_text(rng):
    """The words of a text lose the same of their values, in each direction others, and other texts others."""
    ours = made(sizes_of("bilstm", dropout_words=0.5, locked=True))
    rows = []
    real = K.drop_sequences

    def noted(x, counts, ratio, key):
        found = real(x, counts, ratio, key)
        rows.append((packed_kernels.streams(counts), found.array == 0))
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(K, "drop_sequences", noted)
        loss_of(ours, *batch_of(rng, count=8))
    masks = [[zeros[streams == n] for n in range(8)] for streams, zeros in rows]
    for direction in masks:
        assert all((text == text[0]).all() for text in direction)
        assert len({text[0].tobytes() for text in direction}) > 1
    assert any((one[0] != other[0]).any() for one, other in zip(*masks, strict=True))


def test_whole_words_are_dropped_in_both_directions_and_all_texts(rng):
    ours = made(sizes_of("bilstm", drop_words=0.5))
    key = int(copy.deepcopy(ours.rng).integers(2**64, dtype="u8"))
    kept = dropout.mask(numpy, (WORDS,), 0.5, key, "d")
    sequences, labels = batch_of(rng)
    found = loss_of(ours, sequences, labels)[0].array
    ours.l0.W.array *= kept[:, None]
    with chainer.using_config("train", False):
        assert relative_error(found, loss_of(ours, sequences, labels)[0].array) < 1e-10


def test_weights_and_what_goes_between_layers_are_dropped_by_the_next_keys(rng):
    ours = made(sizes_of("lstm", 2, dropout_between=0.3, dropout_weights=0.4))
    keys = [int(key) for key in copy.deepcopy(ours.rng).integers(2**64, size=3, dtype="u8")]
    assert [*sizes_of("lstm", 2).rates()][4:] == ["between l1", "weights l1", "weights l2"]
    ids, label = rng.integers(0, WORDS, 6).astype("i"), numpy.array([1], "i")
    found = loss_of(ours, [ids], label)[0].array
    for name, key in zip(("l1_h", "l2_h"), keys[1:], strict=True):
        weights = getattr(ours, name).W
        weights.array *= dropout.mask(numpy, weights.shape, 0.4, key, "d")
    below = read(ours, ["l1"], ids) * dropout.mask(numpy, (6, UNITS), 0.3, keys[0], "d")
    counts = numpy.ones(6, "q")
    weights = (ours.l2_x.W, ours.l2_x.b, ours.l2_h.W, ours.l2_h.b)
    said = F.mean(K.lstm_packed(below, counts, *weights), axis=0)[None]
    assert relative_error(found, F.softmax_cross_entropy(ours.out(said), label).array) < 1e-10


@pytest.mark.parametrize("model", MODELS)
def test_without_training_nothing_is_dropped_and_no_random_number_drawn(rng, model):
    wild = made(sizes_of(model, **dict.fromkeys(EVERY_DROPOUT, 0.9)))
    tame = made(dataclasses.replace(wild.sizes, **dict.fromkeys(EVERY_DROPOUT, 0.0)))
    sequences, labels = batch_of(rng)
    before = wild.rng.bit_generator.state
    with chainer.using_config("train", False):
        losses = [float(loss_of(model, sequences, labels)[0].array) for model in (wild, tame, wild)]
    assert losses[0] == losses[1] == losses[2]
    assert (probabilities_of(wild, sequences) == probabilities_of(tame, sequences)).all()
    wild.influence(sequences[0], 1)
    assert wild.rng.bit_generator.state == before
    assert float(loss_of(tame, sequences, labels)[0].array) == losses[0]


def test_same_seed_same_training(rng):
    sequences, labels = batch_of(rng)

    def trained(seed):
        model = SequenceClassifier(sizes_of("bilstm", dropout=0.5, dropout_words=0.5), numpy.random.default_rng(seed))
        optimizer = chainer.optimizers.Adam().setup(model)
        for _ in range(3):
            loss = loss_of(model, sequences, labels)[0]
            model.cleargrads()
            loss.backward()
            optimizer.update()
        return b"".join(param.array.tobytes() for param in model.params())

    assert trained(3) == trained(3)
    assert trained(3) != trained(4)
