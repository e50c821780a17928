"""The scores of a classifier: worked by hand, against scikit-learn's, and as a table that aligns."""

import time

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsuzuri.training import metrics

#   guessed:                    a  b  c
BY_HAND = numpy.array([[3, 1, 0],  # a: 4 examples
                       [2, 2, 0],  # b: 4
                       [1, 0, 0]])  # c: 1, never guessed  # fmt: skip


@st.composite
def guesses(draw):
    """A truth and guesses (n,) of K classes, not all of which need occur."""
    classes = draw(st.integers(2, 7))
    pairs = draw(st.lists(st.tuples(*[st.integers(0, classes - 1)] * 2), max_size=60))
    truth, guessed = zip(*pairs, strict=True) if pairs else ((), ())
    return truth, guessed, classes


def test_the_matrix_by_hand():
    truth = [0, 0, 0, 0, 1, 1, 1, 1, 2]
    guessed = [0, 1, 0, 0, 0, 1, 0, 1, 0]
    matrix = metrics.confusion_matrix(truth, guessed, 3)
    assert matrix.tolist() == BY_HAND.tolist()
    assert matrix.dtype == numpy.int64
    assert metrics.confusion_matrix([], [], 2).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(("truth", "guessed"), [([3], [0]), ([0], [3]), ([-1], [0]), ([0], [-1]), ([0, 1], [0])])
def test_a_class_that_is_none_is_a_bug(truth, guessed):
    with pytest.raises(AssertionError):
        metrics.confusion_matrix(truth, guessed, 3)


def test_the_scores_by_hand():
    found = metrics.class_scores(BY_HAND)
    assert found.accuracy == pytest.approx(5 / 9)
    assert found.precision == pytest.approx([3 / 6, 2 / 3, 0])  # none was guessed to be c
    assert found.recall == pytest.approx([3 / 4, 2 / 4, 0])
    assert found.f1 == pytest.approx([6 / 10, 4 / 7, 0])
    assert found.support.tolist() == [4, 4, 1]
    assert found.macro_precision == pytest.approx((3 / 6 + 2 / 3) / 3)
    assert found.macro_recall == pytest.approx((3 / 4 + 2 / 4) / 3)
    assert found.macro_f1 == pytest.approx((6 / 10 + 4 / 7) / 3)


def test_a_class_without_example_and_guess_is_in_no_mean():
    wider = numpy.zeros((4, 4), int)
    wider[:3, :3] = BY_HAND
    assert metrics.class_scores(wider)[-3:] == pytest.approx(metrics.class_scores(BY_HAND)[-3:])


def test_no_examples_at_all():
    found = metrics.class_scores(numpy.zeros((2, 2), int))
    assert [*found[:1], *found[-3:]] == [0, 0, 0, 0]
    assert "accuracy - (0 of 0 examples)" in metrics.metrics_report(numpy.zeros((2, 2), int), ["a", "b"])


@pytest.mark.parametrize("absent", [0, 2])
def test_scores_are_those_of_scikit_learn(rng, absent):
    sklearn = pytest.importorskip("sklearn.metrics")
    classes = int(rng.integers(3, 9))
    truth, guessed = rng.integers(0, classes - absent, (2, 200))
    guessed = numpy.where(rng.random(200) < 0.5, truth, guessed)
    matrix = metrics.confusion_matrix(truth, guessed, classes)
    found, everyone = metrics.class_scores(matrix), list(range(classes))
    assert matrix.tolist() == sklearn.confusion_matrix(truth, guessed, labels=everyone).tolist()
    assert found.accuracy == pytest.approx(sklearn.accuracy_score(truth, guessed))
    wanted = sklearn.precision_recall_fscore_support(truth, guessed, labels=everyone, zero_division=0)
    for mine, theirs in zip((found.precision, found.recall, found.f1, found.support), wanted, strict=True):
        assert mine == pytest.approx(theirs)
    wanted = sklearn.precision_recall_fscore_support(truth, guessed, average="macro", zero_division=0)
    assert found[-3:] == pytest.approx(wanted[:3])


@given(guesses())
def test_what_holds_for_all_scores(drawn):
    truth, guessed, classes = drawn
    matrix = metrics.confusion_matrix(truth, guessed, classes)
    found, turned = metrics.class_scores(matrix), metrics.class_scores(matrix.T)
    assert matrix.sum() == len(truth)
    assert found.support.tolist() == [truth.count(k) for k in range(classes)]
    assert found.accuracy * len(truth) == pytest.approx(sum(a == b for a, b in zip(truth, guessed, strict=True)))
    assert (found.recall * found.support).sum() == pytest.approx(found.accuracy * len(truth))
    assert found.precision == pytest.approx(turned.recall)  # truth and guess change places
    assert found.f1 == pytest.approx(turned.f1)
    low, high = numpy.minimum(found.precision, found.recall), numpy.maximum(found.precision, found.recall)
    assert (found.f1 >= low - 1e-12).all()
    assert (found.f1 <= high + 1e-12).all()


@given(guesses())
def test_perfect_guesses(drawn):
    truth, _, classes = drawn
    found = metrics.class_scores(metrics.confusion_matrix(truth, truth, classes))
    assert found.f1.tolist() == [float(k in truth) for k in range(classes)]
    assert found[-3:] == ((1.0,) * 3 if truth else (0.0,) * 3)


# The table


def test_the_table():
    assert metrics.metrics_report(BY_HAND, ["嬉しい", "sad", "怒り"]).split("\n") == [
        "accuracy 55.6 % (5 of 9 examples)",
        "",
        "   class          precision  recall      F1  examples",
        "1  嬉しい            50.0 %  75.0 %  60.0 %         4",
        "2  sad               66.7 %  50.0 %  57.1 %         4",
        "3  怒り                   -   0.0 %   0.0 %         1",
        "   macro average     38.9 %  41.7 %  39.0 %         9",
        "",
        "   class \\ guess  1  2  3",
        "1  嬉しい         3  1  0",
        "2  sad            2  2  0",
        "3  怒り           1  0  0",
    ]


def test_a_class_without_examples_has_no_recall():
    row = metrics.metrics_report(numpy.array([[5, 1], [0, 0]]), ["a", "b"]).split("\n")[4]
    assert " ".join(row.split()) == "2 b 0.0 % - 0.0 % 0"


def test_columns_align_whatever_the_names(rng):
    letters = numpy.array(list("aé漢ｱＡが\u3099\u0301 \t\x1b한…"))
    names = ["".join(rng.choice(letters, rng.integers(1, 40))) for _ in range(12)]
    matrix = rng.integers(0, 10 ** rng.integers(1, 6, (12, 12)))
    _, scores, counts = metrics.metrics_report(matrix, names).split("\n\n")
    for table in (scores, counts):
        assert len({metrics.text_width(line) for line in table.split("\n")}) == 1  # each line ends with its last number
    assert [line.split()[-12:] for line in counts.split("\n")[1:]] == [list(map(str, row)) for row in matrix]


def test_many_classes_have_their_most_frequent_mistakes_instead():
    matrix = 9 * numpy.eye(50, dtype=int)
    matrix[3, 7], matrix[7, 3], matrix[49, 0] = 1, 4, 2
    table = metrics.metrics_report(matrix, [f"n{k}" for k in range(50)]).split("\n\n")[2]
    assert [line.split() for line in table.split("\n")[1:]] == [
        ["class", "guess", "examples"],
        ["n7", "n3", "4"],
        ["n49", "n0", "2"],
        ["n3", "n7", "1"],
    ]


def test_many_classes_without_a_mistake():
    names = [f"n{k}" for k in range(50)]
    for matrix in (9 * numpy.eye(50, dtype=int), numpy.zeros((50, 50), int)):
        assert metrics.metrics_report(matrix, names).split("\n\n")[2] == "No mistakes."


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("漢字", 4), ("ｱｲ", 2), ("Ａ", 2), ("e\u0301", 1), ("か\u3099", 2), ("", 0), ("…", 1)],
)
def test_the_width_of_letters(text, columns):
    assert metrics.text_width(text) == columns


def test_names_are_made_legible():
    assert metrics.legible_name("か\u3099\tb\x1b[0m") == "が b [0m"
    assert metrics.legible_name("怒り" * 9, 8) == "怒り怒…"
    assert metrics.legible_name("12345678", 8) == "12345678"
    assert metrics.legible_name("123456789", 8) == "1234567…"
    assert metrics.legible_name("e\u0301" * 9, 8) == "é" * 7 + "…"
    assert metrics.legible_name("12345678\u0316", 8) == "12345678\u0316"
    assert metrics.legible_name("123456789\u0316", 8) == "1234567…"


@pytest.mark.parametrize("name", ["怒" * 100_000, "a" + "\u0301\u0316" * 50_000, "\u0301" * 100_000])
def test_the_name_of_a_class_may_be_long(name):
    start = time.process_time()
    shown = metrics.legible_name(name)
    assert time.process_time() - start < 0.1
    assert shown.endswith("…")
    assert metrics.text_width(shown) <= metrics.WIDEST
