"""What is held out: each class by its share, and equal texts on one side."""

from collections import Counter

import numpy

from tsuzuri.data import splits


def shuffled(rng, counts):
    return rng.permutation(numpy.repeat([f"class {n}" for n in range(len(counts))], counts))


def test_a_split_takes_each_class_by_its_share(rng):
    counts = rng.integers(1, 60, rng.integers(2, 12))
    labels, fraction = shuffled(rng, counts), rng.uniform(0.02, 0.98)
    kept, held = splits.hold_out(labels, fraction, rng)
    assert sorted([*kept, *held]) == list(range(len(labels)))
    assert (numpy.diff(kept) > 0).all()
    assert (numpy.diff(held) > 0).all()
    taken = Counter(labels[held].tolist())
    free = 0
    for n, count in enumerate(counts):
        quota, held_out = fraction * count, taken[f"class {n}"]
        if count == 1:
            assert held_out == 0
        else:
            assert 1 <= held_out <= count - 1
            assert abs(held_out - quota) < 1 or held_out in (1, count - 1)
        free += count > 1 and 1 <= quota <= count - 1
    if free == len(counts):
        assert abs(len(held) - fraction * len(labels)) <= 0.5


def test_a_split_rounds_the_largest_remainders_up(rng):
    for _ in range(5):
        labels = shuffled(rng, [18, 14, 28])
        _, held = splits.hold_out(labels, 0.1, rng)  # shares of 1.8, 1.4 and 2.8
        assert Counter(labels[held].tolist()) == {"class 0": 2, "class 1": 1, "class 2": 3}


def test_small_classes_are_on_both_sides(rng):
    labels = shuffled(rng, [100, 3, 2, 1])
    _, held = splits.hold_out(labels, 0.1, rng)
    assert Counter(labels[held].tolist()) == {"class 0": 10, "class 1": 1, "class 2": 1}
    _, held = splits.hold_out(labels, 0.9, rng)
    assert Counter(labels[held].tolist()) == {"class 0": 90, "class 1": 2, "class 2": 1}
    labels = shuffled(rng, [15, 1])  # shares of 13.5 and 0.9, of which the larger remainder cannot be held out
    assert len(splits.hold_out(labels, 0.9, rng)[1]) == 14


def test_every_example_may_be_held_out(rng):
    labels = shuffled(rng, [20, 30])
    held = Counter(n for _ in range(60) for n in splits.hold_out(labels, 0.5, rng)[1].tolist())
    assert held.keys() == set(range(50))
    assert max(held.values()) < 60


def test_identical_texts_stay_together(rng):
    texts = rng.integers(0, 150, 400)
    labels = numpy.where(rng.random(400) < 0.9, texts % 3, (texts + 1) % 3)  # some texts have two labels
    kept, held = splits.hold_out(labels, 0.25, rng, texts.tolist())
    assert not set(texts[kept]) & set(texts[held])
    assert abs(len(held) - 100) <= 12
    for kept, held in splits.class_folds(labels, 4, rng, texts.tolist()):
        assert not set(texts[kept]) & set(texts[held])
        assert abs(len(held) - 100) <= 12


def test_a_class_of_copies_is_on_both_sides_if_it_can_be(rng):
    labels, texts = ["a"] * 6 + ["b"] * 20, [0, 0, 0, 1, 1, 1, *range(2, 22)]
    kept, held = splits.hold_out(labels, 0.2, rng, texts)
    assert sum(n < 6 for n in held) == 3
    kept, held = splits.hold_out(labels, 0.2, rng, [0] * 6 + texts[6:])
    assert set(range(6)) <= set(kept.tolist())


def test_folds_hold_each_example_out_once(rng):
    counts, k = rng.integers(1, 40, 5), int(rng.integers(2, 11))
    labels = shuffled(rng, counts)
    folds = splits.class_folds(labels, k, rng)
    assert len(folds) == k
    assert sorted(n for _, held in folds for n in held) == list(range(len(labels)))
    for kept, held in folds:
        assert sorted([*kept, *held]) == list(range(len(labels)))
    sizes = [len(held) for _, held in folds]
    assert max(sizes) - min(sizes) <= 1
    for name in set(labels.tolist()):
        counts_held = [(labels[held] == name).sum() for _, held in folds]
        assert max(counts_held) - min(counts_held) <= 1


def test_the_generator_alone_decides(rng):
    labels, seed = shuffled(rng, [30, 40]), int(rng.integers(1 << 30))
    first, second = (splits.hold_out(labels, 0.3, numpy.random.default_rng(seed)) for _ in range(2))
    assert (first[1] == second[1]).all()
    assert not numpy.array_equal(first[1], splits.hold_out(labels, 0.3, numpy.random.default_rng(seed + 1))[1])
    first, second = (splits.class_folds(labels, 5, numpy.random.default_rng(seed)) for _ in range(2))
    assert all((a[1] == b[1]).all() for a, b in zip(first, second, strict=True))
