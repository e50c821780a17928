"""A classifier from Python: the same answers as the command's."""

import json
import pathlib

import pytest

import tsuzuri
from tests.api.conftest import PAIRS, SORTING, TUNES
from tsuzuri.cli import classify

LINES = ["fine day c", "poor night", "fine a b", "what else"]


def command(capsys, *arguments):
    assert classify.main([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("".join(line + "\n" for line in LINES))
    return path


@pytest.mark.parametrize("by", ["leave-one-out", "gradient"])
def test_predictions_are_those_of_the_command(classifier, lines, capsys, by):
    printed = command(capsys, "predict", classifier.path, lines, "--json", "--explain", "--by", by)
    guesses = classifier.predict(LINES, explain=True, by=by)
    assert len(guesses) == len(LINES)
    for guess, line in zip(guesses, map(json.loads, printed.splitlines()), strict=True):
        assert guess.text == line["text"]
        assert guess.label == line["class"]
        assert guess.probabilities == pytest.approx(line["probabilities"], abs=1e-6)
        assert guess.probability == max(guess.probabilities.values())
        words, shares = zip(*line["words"], strict=True)
        assert [word for word, _ in guess.shares] == list(words)
        assert [share for _, share in guess.shares] == pytest.approx(shares, abs=1e-6)


def test_the_label_is_learned(classifier):
    assert classifier.classes == ["bad", "good"]
    assert [guess.label for guess in classifier.predict(["fine day e", "poor night e"])] == ["good", "bad"]


def test_one_text_has_one_prediction_and_several_have_a_list(classifier):
    one = classifier.predict(LINES[0])
    assert isinstance(one, tsuzuri.Prediction)
    assert one.shares is None
    assert classifier.predict([LINES[0]])[0].label == one.label
    assert [guess.text for guess in classifier.predict(iter(LINES))] == LINES
    assert classifier.predict([]) == []


def test_many_texts_are_read_in_parts(classifier):
    """More than are read at once, and each as if it were alone."""
    guesses = classifier.predict(LINES * 100)
    assert len(guesses) == 400
    alone = [classifier.predict(line) for line in LINES]
    for n in (0, 257, 399):
        assert guesses[n].label == alone[n % 4].label
        assert guesses[n].probability == pytest.approx(alone[n % 4].probability, abs=1e-5)


def test_a_text_without_words_has_no_label(classifier):
    guess = classifier.predict(" \n", explain=True)
    assert (guess.label, guess.probability, guess.shares) == (None, 0, [])
    assert set(guess.probabilities) == {"bad", "good"}


def test_line_ends_are_blanks_as_in_training(classifier):
    assert classifier.predict("fine\nday")[1:] == classifier.predict("fine day")[1:]


def test_evaluation_is_that_of_the_command(classifier, tmp_path, capsys):
    table = tmp_path / "pairs.tsv"
    table.write_text("".join(f"{label}\t{text}\n" for label, text in PAIRS))
    held_out = classifier.evaluate()
    assert held_out.report == command(capsys, "evaluate", classifier.path, "-o", tmp_path / "a.png").rstrip("\n")
    printed = command(capsys, "evaluate", classifier.path, table, "-o", tmp_path / "a.png").rstrip("\n")
    for examples in (table, [str(table)], PAIRS, iter(PAIRS)):
        found = classifier.evaluate(examples)
        assert found.report == printed
        assert found.accuracy == sum(found.matrix[n][n] for n in range(2)) / len(PAIRS)
    assert found.classes == ["bad", "good"]
    assert sum(map(sum, found.matrix)) == len(PAIRS)
    assert found.plot("mood").png.startswith(b"\x89PNG")
    files = {label: tmp_path / label for label in ("good", "bad")}
    for label, path in files.items():
        path.write_text("".join(f"{text}\n" for name, text in PAIRS if name == label))
    with pytest.raises(tsuzuri.UserError, match=r"the class '(neg|pos)' is not among"):
        classifier.evaluate(pos=files["good"], neg=files["bad"])


@pytest.mark.parametrize(
    ("texts", "options", "message"),
    [
        (5, {}, "texts: is 5, must be a text"),
        (None, {}, "texts: is None"),
        (b"abc", {}, "texts: is b'abc'"),
        ({"a": 1}, {}, "texts: is {'a': 1}"),
        (["a", 5], {}, r"texts\[1\]: is 5, must be a string"),
        (["a"] * 300 + [None], {}, r"texts\[300\]: is None"),
        ("a", {"by": "gradient"}, "by: is for explain=True"),
        ("a", {"explain": True, "by": "heart"}, "by: heart is unknown"),
        ("a", {"json": True}, "json: not an option of predict"),
        ("a", {"color": "always"}, "color: not an option of predict"),
        ("a", {"epoch": 3}, "epoch: no such option"),
    ],
)
def test_what_cannot_be_predicted_is_refused(classifier, texts, options, message):
    with pytest.raises(tsuzuri.UserError, match=message):
        classifier.predict(texts, **options)


@pytest.mark.parametrize(
    ("examples", "options", "message"),
    [
        (5, {}, "examples: is 5, must be"),
        ([], {}, "examples: are none"),
        ([("good",)], {}, r"examples\[0\]: is \('good',\), must be a \(label, text\) pair"),
        ([("other", "fine")], {}, "the class 'other' is not among"),
        (None, {"out": "a.png"}, "out: not an option of evaluate"),
        (None, {"run": "run"}, "run: not an option of evaluate"),
        (None, {"form": "tab"}, "^form: is for labeled examples"),
        (PAIRS, {"form": "tab"}, "form: is for files of examples"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(classifier, examples, options, message):
    with pytest.raises(tsuzuri.UserError, match=message):
        classifier.evaluate(examples, **options)


def test_tunes_are_given_as_paths_and_as_pieces(tune_classifier, capsys):
    guesses = tune_classifier.predict([TUNES[0], str(TUNES[1]), tsuzuri.read_midi(TUNES[0])], explain=True)
    assert guesses[0][1:] == guesses[2][1:]
    printed = command(capsys, "predict", tune_classifier.path, *TUNES[:2], "--json").splitlines()
    for guess, line in zip(guesses, map(json.loads, printed), strict=False):
        assert guess.label == line["class"]
        assert guess.probabilities == pytest.approx(line["probabilities"], abs=1e-6)
    assert isinstance(tune_classifier.predict(TUNES[0]), tsuzuri.Prediction)
    for wrong, message in ((5, "must be a piece or the path"), ("nothing.mid", "nothing.mid: no such file")):
        with pytest.raises(tsuzuri.UserError, match=message):
            tune_classifier.predict([wrong])


def test_labeled_files_may_be_given_by_class(tmp_path):
    for label, name in (("good", "pos"), ("bad", "neg")):
        (tmp_path / name).write_text("".join(f"{text}\n" for other, text in PAIRS if other == label))
    options = {"pos": tmp_path / "pos", "neg": [tmp_path / "neg"]}
    run = tsuzuri.train_classifier(out=tmp_path / "run", **options, **SORTING | {"epoch": 1})
    assert run.classes == ["neg", "pos"]
    assert pathlib.Path(run.path) == tmp_path / "run"


def test_what_was_loaded_before_predicts_by_the_weights_of_a_longer_training(tmp_path):
    mood = tsuzuri.train_classifier(PAIRS, tmp_path / "mood", **{**SORTING, "epoch": 1})
    before = mood.predict(PAIRS[0][1]).probabilities
    tsuzuri.resume(tmp_path / "mood", epoch=4)
    after = mood.predict(PAIRS[0][1]).probabilities
    assert after == tsuzuri.load(tmp_path / "mood").predict(PAIRS[0][1]).probabilities
    assert after != before
