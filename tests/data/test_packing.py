"""Packed rows of sequences against a loop over steps and sequences, and which sequences make a batch."""

import numpy
import pytest

from tsuzuri.data import packing


def sequences_of(rng, count, longest=9, words=50):
    return [rng.integers(0, words, rng.integers(1, longest + 1)).astype("i") for _ in range(count)]


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_rows_are_the_steps_of_the_sequences_that_go_on(rng, count):
    sequences = sequences_of(rng, count)
    packed = packing.pack_sequences(sequences)
    inorder = [sequences[b].tolist() for b in packed.order]
    steps = range(max(map(len, inorder)))
    assert packed.ids.tolist() == [ids[t] for t in steps for ids in inorder if t < len(ids)]
    assert packed.backwards.tolist() == [ids[::-1][t] for t in steps for ids in inorder if t < len(ids)]
    assert packed.counts.tolist() == [sum(t < len(ids) for ids in inorder) for t in steps]


def test_the_longest_comes_first_and_equals_keep_their_order(rng):
    sequences = sequences_of(rng, 60, longest=5)
    order = packing.pack_sequences(sequences).order.tolist()
    assert order == sorted(range(60), key=lambda b: (-len(sequences[b]), b))


@pytest.mark.parametrize("kind", ["i", "q", list])
def test_kinds_of_numbers(kind):
    made = [kind(ids) if kind is list else numpy.array(ids, kind) for ids in ([7], [1, 2, 3], [4, 5])]
    packed = packing.pack_sequences(made)
    assert packed.ids.tolist() == [1, 4, 7, 2, 5, 3]
    assert packed.backwards.tolist() == [3, 5, 7, 2, 4, 1]
    assert packed.order.tolist() == [1, 2, 0]
    assert (packed.ids.dtype, packed.backwards.dtype) == (numpy.int32, numpy.int32)
    assert packed.counts.dtype.kind == packed.order.dtype.kind == "i"


@pytest.mark.parametrize("by_length", [False, True])
@pytest.mark.parametrize("count", [1, 5, 6, 47])
def test_an_epoch_has_every_example_once(rng, count, by_length):
    cut = packing.epoch_batches(rng.integers(1, 30, count), 6, rng, by_length)
    assert sorted(numpy.concatenate(cut).tolist()) == list(range(count))
    assert sorted(map(len, cut), reverse=True) == [6] * (count // 6) + [count % 6] * (count % 6 > 0)


@pytest.mark.parametrize("by_length", [False, True])
def test_the_generator_alone_decides_on_batches(rng, by_length):
    lengths, seed = rng.integers(1, 30, 60), int(rng.integers(2**32))

    def drawn(seed):
        return [
            batch.tolist() for batch in packing.epoch_batches(lengths, 7, numpy.random.default_rng(seed), by_length)
        ]

    assert drawn(seed) == drawn(seed) != drawn(seed + 1)


def test_batches_by_length_are_alike_in_it_and_come_in_any_order(rng):
    lengths = rng.permutation(200) + 1
    spans = [(lengths[batch].min(), lengths[batch].max()) for batch in packing.epoch_batches(lengths, 10, rng, True)]
    assert sorted(spans) == [(n + 1, n + 10) for n in range(0, 200, 10)]
    assert spans != sorted(spans)


def test_only_so_many_batches_are_put_in_order_together(rng):
    """Else the same texts would meet in every epoch."""
    lengths = numpy.arange(4 * packing.POOL) + 1
    longest = [lengths[batch].max() - lengths[batch].min() for batch in packing.epoch_batches(lengths, 2, rng, True)]
    assert max(longest) > 1
    assert numpy.mean(longest) < 8
