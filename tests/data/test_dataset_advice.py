"""Warnings of labeled examples whose figures will say little."""

import pytest

from tsuzuri.data.advice import dataset_warnings
from tsuzuri.data.dataset import build_dataset


def dataset(known=20, odd=0, rare=8, valid=10, test=10):
    """Two classes: "a" of ``known`` examples, "b" of ``rare``; of ten validation words ``odd`` are unknown."""
    words = ["x", "y"] * 5
    main = [("a", words)] * known + [("b", words)] * rare
    held = [*words[odd:], *(f"odd{n}" for n in range(odd))]
    return build_dataset(main, [("a", held)] * valid, [("a", words)] * test, held=(0, 0), seed=0, size=99, least=1)


def test_good_examples_have_none():
    assert dataset_warnings(dataset(odd=2), "space") == []  # 20 %, and not above it


@pytest.mark.parametrize(
    ("tokens", "advice"),
    [
        ("space", "add examples, lower --min-count, or take --tokens char"),
        ("char", "add examples, lower --min-count"),
        ("midi", "add tunes, or a coarser --grid or fewer --velocities"),
    ],
)
def test_unknown_words(tokens, advice):
    (line,) = dataset_warnings(dataset(odd=3), tokens)
    assert line == f"warning  30% of the validation words are unknown, and the classifier reads none of them: {advice}"


def test_a_class_of_few_examples():
    assert dataset_warnings(dataset(rare=5), "space") == []
    (line,) = dataset_warnings(dataset(rare=4), "space")
    assert line == (
        "warning  fewer than 5 examples of a class to train on (b 4): it will hardly be recognized: add examples of it"
    )


def test_only_some_of_many_such_classes_are_named():
    pairs = [(label, ["x"]) for label in "abcde"] * 2
    data = build_dataset(pairs, pairs, pairs, held=(0, 0), seed=0, size=99, least=1)
    assert "(a 2, b 2, c 2 and 2 more)" in dataset_warnings(data, "space")[0]


def test_few_examples_held_out():
    assert dataset_warnings(dataset(valid=1, test=9), "space") == [
        "warning  validation is of 1 example only, and its error says little: add some, or name --valid files",
        "warning  test is of 9 examples only, and its error says little: add some, or name --test files",
    ]
    assert dataset_warnings(dataset(test=0), "space") == []
