"""The classifier against its own formulation a text and a word at a time, and against differences."""

import itertools

import numpy
import pytest

from tests.conftest import relative_error
from tests.models.small_classifiers import (
    CLASSES,
    EVERY_DROPOUT,
    MAXLEN,
    UNITS,
    WIDTH,
    WORDS,
    batch_of,
    every_kind,
    loss_of,
    made,
    plain_logits,
    probabilities_of,
    sizes_of,
)
from tsuzuri.compat import F, chainer
from tsuzuri.data import packing
from tsuzuri.kernels import functions as K
from tsuzuri.kernels import native
from tsuzuri.models.classifier import LARGEST, MODELS, POOLS, ClassifierSizes, SequenceClassifier


@every_kind
@pytest.mark.parametrize(("dtype", "tolerance"), [("f", 2e-5), ("d", 1e-10)])
def test_a_batch_equals_a_word_at_a_time(rng, model, layers, pool, dtype, tolerance):
    ours = made(sizes_of(model, layers, pool), dtype, decay=0.3)
    sequences, labels = batch_of(rng, count=4, longest=5)
    loss, guesses = loss_of(ours, sequences, labels)
    ours.cleargrads()
    loss.backward()
    found = {name: param.grad.copy() for name, param in ours.namedparams()}

    logits = F.concat([plain_logits(ours, ids) for ids in sequences], axis=0)
    wanted = F.softmax_cross_entropy(logits, labels) + 0.3 * F.sum(F.square(ours.out.W))
    ours.cleargrads()
    wanted.backward()
    assert loss.dtype == dtype
    assert relative_error(loss.array, wanted.array) < tolerance
    for name, param in ours.namedparams():
        assert relative_error(found[name], param.grad) < tolerance, name
    assert (guesses == logits.array.argmax(1)[packing.pack_sequences(sequences).order]).all()
    assert relative_error(probabilities_of(ours, sequences), F.softmax(logits).array) < tolerance


@every_kind
def test_gradients_equal_differences(rng, model, layers, pool):
    """Of each parameter in a random direction, with every dropout, whose masks are the same each time."""
    ours = made(sizes_of(model, layers, pool, **EVERY_DROPOUT, locked=bool(rng.integers(2))), decay=0.1)
    sequences, labels = batch_of(rng, count=4, longest=5)
    state = ours.rng.bit_generator.state

    def loss():
        ours.rng.bit_generator.state = state
        return loss_of(ours, sequences, labels)[0]

    ours.cleargrads()
    loss().backward()
    for name, param in ours.namedparams():
        way, at, ends = rng.normal(size=param.shape), param.array, []
        for step in (1e-6, -1e-6):
            param.array = at + step * way
            ends.append(float(loss().array))
        param.array = at
        assert (ends[0] - ends[1]) / 2e-6 == pytest.approx((param.grad * way).sum(), rel=1e-5, abs=1e-8), name


@every_kind
def test_the_sizes_tell_the_shape_of_every_parameter(model, layers, pool):
    sizes = sizes_of(model, layers, pool)
    found = {
        name[1:]: param.shape for name, param in SequenceClassifier(sizes, numpy.random.default_rng(0)).namedparams()
    }
    assert found == sizes.shapes()
    length = {"bilstm": 2 * UNITS, "bow": WIDTH, "flatten": MAXLEN * WIDTH}.get(model, UNITS)
    assert found["out/W"] == (CLASSES, 3 * length if pool == "concat" else length)


def test_layers_have_the_names_of_the_language_model():
    assert sizes_of("lstm", 2).stacks() == [["l1", "l2"]]
    assert sizes_of("bilstm", 2).stacks() == [["l1", "l2"], ["b1", "b2"]]
    assert sizes_of("bow").stacks() == []
    assert MODELS == ("lstm", "bilstm", "rnn", "bow", "flatten")


def test_the_last_layer_of_a_stack_may_have_units_of_its_own(rng):
    """As that of a language model whose output layer is its embedding."""
    ours = made(sizes_of("lstm", 2, last=WIDTH))
    assert ours.l2_x.W.shape == (4 * WIDTH, UNITS)
    assert {name[1:]: param.shape for name, param in ours.namedparams()} == ours.sizes.shapes()
    sequences, _ = batch_of(rng)
    logits = F.concat([plain_logits(ours, ids) for ids in sequences], axis=0)
    assert relative_error(probabilities_of(ours, sequences), F.softmax(logits).array) < 1e-10


@pytest.mark.parametrize(
    ("model", "settings"),
    [("lstm", {"layers": 3}), ("bilstm", {"layers": 2}), ("rnn", {"layers": 2}), ("lstm", {"layers": 3, "last": 4})],
)
def test_what_a_layer_reads_is_added_to_what_it_hands_on(rng, model, settings):
    ours = made(sizes_of(model, skip=True, **settings))
    for ids in batch_of(rng)[0]:
        wanted = F.softmax(plain_logits(ours, ids)).array
        assert relative_error(probabilities_of(ours, [ids]), wanted) < 1e-10
        other = made(sizes_of(model, **settings))
        assert relative_error(probabilities_of(other, [ids]), wanted) > 1e-6


@pytest.mark.parametrize("locked", [False, True])
@pytest.mark.parametrize("model", ["lstm", "bilstm", "rnn"])
def test_the_skip_is_taken_before_dropout(rng, monkeypatch, model, locked):
    """Where all is dropped between layers, the upper one reads zeros, and still what the lower hands on is added."""
    for name in ("dropout", "drop_sequences"):
        monkeypatch.setattr(K, name, lambda x, *mask: 0 * x)
    ours = made(sizes_of(model, 2, skip=True, dropout_between=0.5, locked=locked))
    plain = made(sizes_of(model, 2, skip=True))
    for stack in plain.sizes.stacks():
        getattr(plain, f"{stack[1]}_x").W.array[...] = 0
    sequences, labels = batch_of(rng)
    found, wanted = (float(loss_of(each, sequences, labels)[0].array) for each in (ours, plain))
    assert found == pytest.approx(wanted, rel=1e-10)


def test_layers_from_the_output_down():
    assert sizes_of("bow").groups() == [["out"], ["l0"]]
    assert sizes_of("lstm", 2).groups() == [["out"], ["l2_x", "l2_h"], ["l1_x", "l1_h"], ["l0"]]
    two = sizes_of("bilstm", 2)
    assert two.groups()[1] == ["l2_x", "l2_h", "b2_x", "b2_h"]
    links = {link.name for link in SequenceClassifier(two, numpy.random.default_rng(0)).children()}
    assert sorted(itertools.chain(*two.groups())) == sorted(links)


def test_words_begin_small_weights_with_the_variance_of_their_inputs_and_gates_remember():
    model = SequenceClassifier(ClassifierSizes(50, 400, 300, 2), numpy.random.default_rng(0))
    rows = model.l0.W.array
    assert 0.99 * LARGEST < -rows.min() <= LARGEST
    assert 0.99 * LARGEST < rows.max() <= LARGEST
    assert rows.std() == pytest.approx(LARGEST / 3**0.5, rel=0.05)
    assert model.l1_x.W.array.std() == pytest.approx(400**-0.5, rel=0.05)
    assert model.l1_h.W.array.std() == pytest.approx(300**-0.5, rel=0.05)
    assert (model.l1_h.b.array.reshape(-1, 4) == [0, 0, 1, 0]).all()
    assert [abs(link.b.array).max() for link in (model.l1_x, model.out)] == [0, 0]
    rnn = SequenceClassifier(sizes_of("rnn"), numpy.random.default_rng(0))
    assert [abs(link.b.array).max() for link in (rnn.l1_x, rnn.l1_h)] == [0, 0]


@every_kind
def test_a_text_is_read_alike_whatever_stands_beside_it(rng, model, layers, pool):
    ours = made(sizes_of(model, layers, pool), "f")
    sequences, _ = batch_of(rng, count=9, longest=12)
    together = probabilities_of(ours, sequences)
    assert together.dtype == numpy.float32
    assert together.sum(1) == pytest.approx(1, abs=1e-6)
    assert (together > 0).all()
    order = rng.permutation(9)
    assert relative_error(probabilities_of(ours, [sequences[n] for n in order]), together[order]) < 1e-5
    alone = numpy.concatenate([probabilities_of(ours, [ids]) for ids in sequences])
    assert relative_error(alone, together) < 1e-5


def test_probabilities_of_large_logits_are_finite():
    model = made(sizes_of("bow"), "f")
    model.out.b.array[...] = [1000, 0, -1000]
    assert model.probabilities(packing.pack_sequences([[1, 2]])).tolist() == [[1, 0, 0]]


@pytest.mark.parametrize("pool", POOLS)
def test_one_of_the_two_directions_reads_backwards(rng, pool):
    """A text turned round says to a model whose stacks have changed places what the text says to the model."""
    ours, turned = (made(sizes_of("bilstm", 2, pool)) for _ in range(2))
    for layer, side, part in itertools.product("12", "xh", "Wb"):
        for here, there in (("l", "b"), ("b", "l")):
            to, of = getattr(turned, f"{there}{layer}_{side}"), getattr(ours, f"{here}{layer}_{side}")
            getattr(to, part).array = getattr(of, part).array
    turned.out.W.array = numpy.roll(ours.out.W.array, ours.sizes.pooled // 2, axis=1)
    sequences, _ = batch_of(rng)
    backwards = [ids[::-1] for ids in sequences]
    wanted = probabilities_of(ours, sequences)
    assert relative_error(probabilities_of(turned, backwards), wanted) < 1e-10
    assert relative_error(probabilities_of(ours, backwards), wanted) > 1e-4


# Frozen words, precision, influence


@pytest.mark.parametrize("model", MODELS)
def test_frozen_words_have_no_gradient_and_all_else_has_the_same(rng, model):
    sequences, labels = batch_of(rng)
    grads = []
    for frozen in (False, True):
        ours = made(sizes_of(model), "f")
        chainer.optimizers.SGD().setup(ours)
        if frozen:
            ours.l0.disable_update()
        loss = loss_of(ours, sequences, labels)[0]
        ours.cleargrads()
        loss.backward()
        grads.append({name: param.grad for name, param in ours.namedparams()})
    assert grads[1].pop("/l0/W") is None
    assert abs(grads[0].pop("/l0/W")).max() > 0
    assert all((grads[0][name] == grads[1][name]).all() for name in grads[0])


@pytest.mark.skipif(native.extension() is None, reason="the native kernels are not built here")
def test_only_training_is_in_a_coarser_precision(rng):
    fine, coarse = (made(sizes_of("bilstm"), "f", precision=name) for name in (native.FLOAT32, native.BFLOAT16))
    sequences, labels = batch_of(rng)
    losses = [float(loss_of(model, sequences, labels)[0].array) for model in (fine, coarse)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)
    assert (probabilities_of(fine, sequences) == probabilities_of(coarse, sequences)).all()


@every_kind
def test_influence_equals_differences(rng, model, layers, pool):
    """Of p, where a word's row is stretched a little; every word stands there once, so that each row is one word's."""
    ours = made(sizes_of(model, layers, pool))
    ids, guess = rng.permutation(WORDS)[:9].astype("i"), int(rng.integers(CLASSES))
    found, rows = ours.influence(ids, guess), ours.l0.W.array.copy()
    wanted = []
    for word in ids:
        ends = []
        for stretch in (1 + 1e-6, 1 - 1e-6):
            ours.l0.W.array[word] = rows[word] * stretch
            ends.append(ours.probabilities(packing.pack_sequences([ids]))[0, guess])
        ours.l0.W.array[word] = rows[word]
        wanted.append((ends[0] - ends[1]) / 2e-6)
    assert relative_error(found, wanted, floor=1e-4) < 1e-5


def test_influences_of_all_classes_cancel_out(rng):
    ours, ids = made(sizes_of("bilstm")), rng.integers(0, WORDS, 8).astype("i")
    every = [ours.influence(ids, guess) for guess in range(CLASSES)]
    assert every[0].shape == (8,)
    assert abs(every[0]).max() > 1e-6
    assert numpy.sum(every, axis=0) == pytest.approx(0, abs=1e-12)
