"""Labeled words to the examples that a classifier learns from."""

import numpy
import pytest

from tsuzuri.data import dataset
from tsuzuri.data.dataset import Dataset, Examples
from tsuzuri.errors import UserError
from tsuzuri.text import vocabulary

HELD = (0.1, 0.2)


def numbered(**counts):
    """So many examples of each class, each with the word "all", one of its class, and one that is in no other."""
    return [(label, ["all", label, f"{label}{n}"]) for label, count in counts.items() for n in range(count)]


def made(main, valid=None, test=None, **settings):
    return dataset.build_dataset(main, valid, test, **{"held": HELD, "seed": 0, "least": 1} | settings)


def parts(data):
    return {"train": data.train, "valid": data.valid, "test": data.test}


def texts(data, part):
    """The words of each example of a part, those that are not known as None."""
    words = [None if n == vocabulary.UNK else word for n, word in enumerate(data.vocabulary.words)]
    return [tuple(words[i] for i in ids) for ids in parts(data)[part].sequences]


def test_each_class_gives_its_share_and_every_example_is_in_one_part(rng):
    pairs = numbered(b=40, a=20, c=10)
    data = made([pairs[n] for n in rng.permutation(len(pairs))], known=[words[-1] for _, words in pairs])
    assert data.classes == ["a", "b", "c"]
    counts = {part: numpy.bincount(examples.labels).tolist() for part, examples in parts(data).items()}
    assert counts == {"valid": [2, 4, 1], "test": [4, 8, 2], "train": [14, 28, 7]}
    assert data.report["classes"] == counts
    recovered = []
    for part, of in parts(data).items():
        recovered += [(data.classes[n], list(words)) for n, words in zip(of.labels, texts(data, part), strict=True)]
    assert sorted(recovered) == sorted(pairs)


def test_parts_may_be_of_any_share_and_the_seed_picks_them():
    pairs = numbered(a=30, b=30)
    assert [len(part) for part in parts(made(pairs, held=(0.5, 0))).values()] == [30, 30, 0]
    assert [len(part) for part in parts(made(pairs, held=(0.3, 0.5))).values()] == [12, 18, 30]
    prints = [made(pairs, seed=seed, known=[words[-1] for _, words in pairs]).fingerprint() for seed in (3, 3, 4)]
    assert prints[0] == prints[1] != prints[2]


def test_identical_texts_are_on_one_side():
    pairs = [(label, [f"{label}{n % 7}"]) for label in "ab" for n in range(28)]
    data = made(pairs, held=(0.2, 0.2), known=[f"{label}{n}" for label in "ab" for n in range(7)])
    sides = [set(texts(data, part)) for part in parts(data)]
    assert sum(map(len, sides)) == 14
    assert all(sides)


def test_the_vocabulary_is_counted_on_the_training_part_alone():
    data = made(numbered(a=40, b=40))
    trained = {words[-1] for words in texts(data, "train")}
    assert set(data.vocabulary.words) == {*vocabulary.SPECIAL, "all", "a", "b"} | trained
    assert len(trained) == 56
    for part, unknown in (("train", 0), ("valid", 1 / 3), ("test", 1 / 3)):
        assert all((words[-1] is None) == (unknown > 0) for words in texts(data, part))
        assert data.report["unknown"][part] == pytest.approx(unknown)
    assert data.report["vocabulary"] == 56 + 3 + 2
    assert data.report["distinct"] == 80 + 3
    assert data.report["words"] == {"train": 168, "valid": 24, "test": 48}


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [({"least": 2}, ["all", "a", "b"]), ({"size": 4}, ["all", "a"]), ({"size": 4, "least": 60}, [])],
)
def test_rare_words_are_unknown(settings, wanted):
    data = made(numbered(a=40, b=39), **settings)
    assert data.vocabulary.words == [*vocabulary.SPECIAL, *wanted]


def test_known_words_come_first_and_beyond_the_size():
    known = [*vocabulary.SPECIAL, "b", "elsewhere"]
    data = made(numbered(a=40, b=40), known=known, least=2, size=4)
    assert data.vocabulary.words == [*known, "a", "all"] or data.vocabulary.words == [*known, "all", "a"]
    assert made(numbered(a=40, b=40), known=data.vocabulary.words, least=2, size=4).fingerprint() == data.fingerprint()


def test_what_is_given_is_held_out_instead():
    main, other = numbered(a=30, b=30), [("b", ["all", "new"]), ("a", ["a"])]
    data = made(main, test=other)
    assert [len(part) for part in parts(data).values()] == [54, 6, 2]
    assert texts(data, "test") == [("all", None), ("a",)]
    assert data.test.labels.tolist() == [1, 0]
    data = made(main, valid=other, test=other[:1])
    assert [len(part) for part in parts(data).values()] == [60, 2, 1]
    assert data.test.labels.dtype == data.train.labels.dtype == numpy.int32


@pytest.mark.parametrize("part", ["valid", "test"])
def test_labels_that_are_not_trained_on(part):
    with pytest.raises(UserError, match="the class 'c' is not among those that are trained on: a, b"):
        made(numbered(a=9, b=9), **{part: [("a", ["x"]), ("c", ["x"])]})


def long_and_short():
    return [(label, [f"{n}" for n in range(length)]) for label in "ab" for length in range(1, 31)]


def test_long_texts_are_left_out_of_training_and_validation():
    whole, data = made(long_and_short()), made(long_and_short(), maxlen=20)
    for part, lengths in ((part, [len(ids) for ids in examples.sequences]) for part, examples in parts(whole).items()):
        kept = [n for n in lengths if n <= 20 or part == "test"]
        assert [len(ids) for ids in parts(data)[part].sequences] == kept
        assert data.report.get(f"left_out_{part}", 0) == len(lengths) - len(kept)
        assert len(parts(data)[part].labels) == len(kept)
    assert data.report["left_out_train"] > 0
    assert data.report["longest"] <= 20


@pytest.mark.parametrize(("truncate", "end"), [("pre", slice(-20, None)), ("post", slice(20))])
def test_or_all_are_cut(truncate, end):
    known = [str(n) for n in range(30)]
    whole = made(long_and_short(), known=known)
    data = made(long_and_short(), known=known, maxlen=20, truncate=truncate)
    for part in parts(data):
        assert texts(data, part) == [words[end] for words in texts(whole, part)]
    assert data.report["left_out_train"] == 0


@pytest.mark.parametrize(
    ("pairs", "settings", "reason"),
    [
        (numbered(a=9), {}, "one class only, 'a': at least two are needed"),
        (numbered(a=1, b=1), {}, "too small: 2 examples, and none is left to validate on"),
        (numbered(a=9, b=9), {"maxlen": 2}, "18 examples, and none of at most --maxlen 2 words is left to train on"),
    ],
)
def test_too_little(pairs, settings, reason):
    with pytest.raises(UserError, match=reason):
        made(pairs, **settings)


def of_ids(train, valid, test):
    """A ``Dataset`` of (label, ids) pairs."""
    splits = [
        Examples([numpy.array(ids, "i") for _, ids in part], numpy.array([label for label, _ in part], "i"))
        for part in (train, valid, test)
    ]
    return Dataset(*splits, [], vocabulary.Vocabulary([]), {})


def test_the_fingerprint_is_of_all_there_is():
    a, b, c = (0, [5, 6]), (1, [7]), (0, [8, 9])
    same = [([a, b], [c], []), ([a, b], [c], [])]
    different = [
        ([b, a], [c], []),
        ([a, b], [], [c]),
        ([a], [b, c], []),
        ([a, b, c], [], []),
        ([a, (0, [7])], [c], []),
        ([a, (1, [6])], [c], []),
        ([(0, [5]), (1, [6, 7])], [c], []),
        ([a, b], [(0, [9, 8])], []),
        ([(1, [5, 6]), (0, [7])], [c], []),
    ]
    prints = [of_ids(*parts).fingerprint() for parts in same + different]
    assert len(set(prints)) == len(different) + 1
    assert prints[0] == prints[1]


def test_examples_of_a_run():
    words = vocabulary.Vocabulary([*vocabulary.SPECIAL, "x", "y"])
    pairs = [("b", ["x", "new", "y"]), ("a", ["y"])]
    for bounds, wanted in (
        ({"maxlen": None, "truncate": None}, [2, 1, 3]),
        ({"maxlen": 2, "truncate": None}, [2, 1, 3]),
        ({"maxlen": 2, "truncate": "pre"}, [1, 3]),
        ({"maxlen": 2, "truncate": "post"}, [2, 1]),
    ):
        part = dataset.encode_examples(pairs, words, ["a", "b"], bounds)
        assert [ids.tolist() for ids in part.sequences] == [wanted, [3]]
        assert part.labels.tolist() == [1, 0]
    with pytest.raises(UserError, match="the class 'c' is not among those"):
        dataset.encode_examples([("c", ["x"])], words, ["a", "b"], bounds)
