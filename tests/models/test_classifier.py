"""The classifier against its own formulation a text and a word at a time, and against differences."""

import copy
import dataclasses
import itertools

import numpy
import pytest

from tests.conftest import relative_error
from tsuzuri.compat import F, chainer
from tsuzuri.data import packing
from tsuzuri.kernels import functions as K
from tsuzuri.kernels import native
from tsuzuri.kernels.numpy_ import dropout
from tsuzuri.kernels.numpy_ import packed as packed_kernels
from tsuzuri.models.classifier import LARGEST, MODELS, POOLS, ClassifierSizes, SequenceClassifier

WORDS, WIDTH, UNITS, CLASSES = 23, 5, 7, 3
KINDS = [*itertools.product(("lstm", "bilstm", "rnn"), (1, 2), POOLS), *(("bow", 1, pool) for pool in POOLS)]
KINDS.append(("flatten", 1, "mean"))
EVERY_DROPOUT = {
    "dropout": 0.4,
    "dropout_words": 0.3,
    "drop_words": 0.2,
    "dropout_between": 0.3,
    "dropout_weights": 0.4,
}
MAXLEN = 12  # of a flattened text
every_kind = pytest.mark.parametrize(("model", "layers", "pool"), KINDS)


def sizes_of(model="lstm", layers=1, pool="mean", **others):
    others = {"dropout": 0.0, "maxlen": MAXLEN if model == "flatten" else None} | others
    return ClassifierSizes(WORDS, WIDTH, UNITS, CLASSES, model, layers, pool, **others)


def made(sizes, dtype="d", **settings):
    """A classifier of such numbers, whose biases are not zeros either."""
    model = SequenceClassifier(sizes, numpy.random.default_rng(0), **settings)
    noise = numpy.random.default_rng(1)
    for _, param in sorted(model.namedparams()):
        param.array = (param.array + noise.normal(0, 0.3, param.shape)).astype(dtype)
    model.cleargrads()  # which are of another type still
    return model


def batch_of(rng, count=6, longest=8):
    """Texts, and the class of each; none has a word twice, for which a maximum would have no one gradient."""
    sequences = [rng.permutation(WORDS)[: rng.integers(1, longest + 1)].astype("i") for _ in range(count)]
    return sequences, rng.integers(0, CLASSES, count).astype("i")


def loss_of(model, sequences, labels):
    packed = packing.pack_sequences(sequences)
    return model(packed, labels[packed.order])


def probabilities_of(model, sequences):
    """In the order of the sequences."""
    packed = packing.pack_sequences(sequences)
    found = numpy.empty((len(sequences), model.sizes.classes), model.out.W.dtype)
    found[packed.order] = model.probabilities(packed)
    return found


def read(model, stack, ids):
    """What each word of a text says, (R, N): a word at a time, layer by layer, in plain Chainer."""
    rows = model.l0(ids)
    for name in stack:
        below, before = getattr(model, f"{name}_x"), getattr(model, f"{name}_h")
        h = c = model.xp.zeros((1, before.W.shape[1]), rows.dtype)
        said = []
        for row in rows:
            z = below(row[None]) + before(h)
            c, h = F.lstm(c, z) if model.sizes.model != "rnn" else (c, F.tanh(z))
            said.append(h)
        rows = F.concat(said, axis=0)
    return rows


def pooled(rows, pool):
    pools = {"mean": F.mean(rows, axis=0), "max": F.max(rows, axis=0), "last": rows[-1]}
    return F.concat([pools[part] for part in ("last", "max", "mean")], axis=0) if pool == "concat" else pools[pool]


def plain_logits(model, ids):
    """Of one text, (1, K), by what the model is said to be."""
    if model.sizes.model == "flatten":  # zeros, and the last word in the first place
        rows = F.pad(model.l0(ids[::-1]), [(0, MAXLEN - len(ids)), (0, 0)], "constant")
        return model.out(rows.reshape(1, -1))
    stacks = model.sizes.stacks() or [[]]
    said = [pooled(read(model, stack, ids[::step]), model.sizes.pool) for stack, step in zip(stacks, (1, -1))]  # noqa: B905
    return model.out(F.concat(said, axis=0)[None])


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


# Dropout


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
