"""The quality benchmark cuts its corpora as it says, reads what train.py reads, and tells what train.py found."""

import math
import sys

import numpy
import pytest

from benchmarks import quality, quality_corpora, quality_ours
from benchmarks.quality_corpora import NATS, PERPLEXITY, SPLITS, Source
from benchmarks.quality_result import Limits, Result
from tsuzuri.data.corpus import build_text_corpus
from tsuzuri.errors import UserError
from tsuzuri.models import rnn
from tsuzuri.training import evaluation
from tsuzuri.training.run import load_run

WORDS = ("red", "green", "blue", "cat", "dog", "house")


def story(seed, lines=60):
    """Lines of a few words, an empty one after every fifth."""
    rng = numpy.random.default_rng(seed)
    spelled = [" ".join(rng.choice(WORDS, rng.integers(3, 9))) + f" {n}" for n in range(lines)]
    return "".join(line + "\n" * (1 + (n % 5 == 4)) for n, line in enumerate(spelled))


def written(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def tiny(folder, **more):
    """The table of corpora with one story in it."""
    written(folder / "tiny" / "a.txt", story(0))
    return Source("tiny", quality_corpora.ends_of_texts, ("--tokens", "space", "--min-count", "1"), **more)


def test_nanogpt_s_split_is_of_characters_byte_for_byte(tmp_path):
    text = story(1)[:-3]
    parts = quality_corpora.as_nanogpt(written(tmp_path / "input.txt", text))
    train, valid, test = (parts[split]["input.txt"] for split in SPLITS)
    assert train + valid == text
    assert len(train) == int(0.9 * len(text))
    assert test == valid


def test_wikitext_is_trained_on_its_validation_text_but_for_the_last_lines(tmp_path):
    lines = [f" line {n}\u2028or two \n{' ' * (n % 3)}\n" for n in range(40)]
    written(tmp_path / "valid.txt", "".join(lines))
    written(tmp_path / "test.txt", " other \n\n")
    parts = quality_corpora.of_wikitext(tmp_path)
    assert parts["train"]["train.txt"] == "".join(lines[:38])
    assert parts["valid"]["valid.txt"] == "".join(lines[38:])
    assert parts["test"]["test.txt"] == " other \n\n"


def test_one_text_is_cut_as_train_py_cuts_it(tmp_path):
    file = written(tmp_path / "tiny" / "a.txt", story(2))
    whole = build_text_corpus([str(file)])
    arguments = quality_corpora.write_splits(tiny(tmp_path)._replace(options=()), str(tmp_path), tmp_path / "out")
    assert_same(quality_corpora.read_corpus(arguments), build_text_corpus([str(tmp_path / "tiny")]))
    written(tmp_path / "tiny" / "a.txt", story(2))
    arguments = quality_corpora.write_splits(
        Source("tiny/a.txt", quality_corpora.ends_of_texts, ()), str(tmp_path), tmp_path / "more"
    )
    assert_same(quality_corpora.read_corpus(arguments), whole)


def assert_same(found, wanted):
    assert found.vocabulary.words == wanted.vocabulary.words
    assert found.fingerprint() == wanted.fingerprint()


def test_each_of_several_texts_has_its_end_held_out(tmp_path):
    for n in range(3):
        written(tmp_path / f"{n}.txt", story(n))
    parts = quality_corpora.ends_of_texts(tmp_path)
    for n in range(3):
        lines = {split: [line for line in parts[split][f"{n}.txt"].split("\n") if line] for split in SPLITS}
        assert [len(lines[split]) for split in SPLITS] == [54, 3, 3]
        assert lines["train"] + lines["test"] + lines["valid"] == [line for line in story(n).split("\n") if line]


def test_a_text_that_cannot_be_cut_is_named(tmp_path):
    written(tmp_path / "a.txt", "one\ntwo\n")
    with pytest.raises(UserError, match=r"a\.txt: 2 lines, at least 3 are needed"):
        quality_corpora.ends_of_texts(tmp_path)


def test_options_of_train_py_decide_which_words_there_are(tmp_path):
    source = tiny(tmp_path)
    arguments = quality_corpora.write_splits(source, str(tmp_path), tmp_path / "out")
    every = quality_corpora.read_corpus([*arguments, *source.options])
    few = quality_corpora.read_corpus([*arguments, *source.options, "--min-count=3", "--unit", "9"])
    assert len(few.vocabulary) == 2 + len(WORDS) < len(every.vocabulary)


@pytest.mark.parametrize(("more", "told"), [(-1, False), (0, False), (1, True)])
def test_words_that_others_count_otherwise_are_told(tmp_path, more, told):
    source = tiny(tmp_path)
    corpus = quality_corpora.read_corpus(
        [*quality_corpora.write_splits(source, str(tmp_path), tmp_path / "out"), *source.options]
    )
    source = source._replace(counts={"valid": len(corpus.valid) + more})
    assert any("others count" in line for line in quality_corpora.remarks(source, corpus)) == told


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.setattr(quality, "SOURCES", {"tiny": tiny(tmp_path)})
    return tmp_path


def run(folder, *arguments):
    quality.main(["tiny", "--data", str(folder), *arguments])


def test_train_py_is_run_and_what_it_says_is_told(table, capfd):
    kept = table / "out"
    run(table, "--who", "ours", "-o", str(kept), "--", "-u", "5", "-b", "2", "-l", "9", "-e", "3", "--dropout", "0")
    printed = capfd.readouterr().out
    found = load_run(str(kept / "run-0"))
    corpus = quality_corpora.read_corpus([str(kept / "splits" / "train"), *held_out(kept), *tiny(table).options])
    model, documents = found.load_best(), corpus.documents
    valid = math.exp(evaluation.evaluate_documents(model, corpus.valid, documents["valid"]))
    test = math.exp(evaluation.evaluate_documents(model, corpus.test, documents["test"], True))
    numbers = sum(math.prod(shape) for shape in rnn.Sizes(len(corpus.vocabulary), 5, tied=True).shapes().values())
    cells = printed.strip().split("\n")[-1].strip("| ").split(" | ")
    assert cells[:4] == ["tiny", "ours", "0", f"{numbers:,}"]
    assert cells[5] == "3, 3"
    assert [float(cell) for cell in cells[6:]] == pytest.approx([valid, test], rel=1e-3)

    untested = quality_ours.read_result(corpus, kept / "run-0", "", 1.0)
    assert untested.test == pytest.approx(math.log(test), abs=1e-6)
    with pytest.raises(UserError, match="read other words"):
        quality_ours.read_result(corpus._replace(train=corpus.valid), kept / "run-0", "", 1.0)


def held_out(kept):
    return ["--valid", str(kept / "splits" / "valid"), "--test", str(kept / "splits" / "test")]


def test_train_py_is_stopped_after_its_minutes(table, capfd):
    run(table, "--who", "ours", "--minutes", "0.0001", "--", "-u", "5", "-b", "2", "-l", "9", "-e", "1000000",
        "--patience", "1000000", "--dropout", "0")  # fmt: skip
    cells = capfd.readouterr().out.strip().split("\n")[-1].strip("| ").split(" | ")
    assert float(cells[4]) < 10
    assert 1 < float(cells[7]) < 1000


def test_what_train_py_refuses_ends_in_one_line(table, capfd):
    with pytest.raises(SystemExit) as ended:
        run(table, "--who", "ours", "--", "-u", "5", "-b", "1000")
    assert ended.value.code == 2
    assert "too small" in capfd.readouterr().err


def test_means_stand_below_the_seeds(table, monkeypatch, capsys):
    losses = {0: 1.0, 1: 3.0}
    monkeypatch.setattr(
        quality_ours, "train", lambda corpus, arguments, seed, *_: Result(1000, 60.0, losses[seed], 2.0, 4, 2)
    )
    run(table, "--who", "ours", "--seeds", "0", "1")
    rows = capsys.readouterr().out.strip().split("\n")[-3:]
    assert rows[0] == f"| tiny | ours | 0 | 1,000 | 1.0 | 4, 2 | {math.e:.2f} | {math.e**2:.2f} |"
    assert rows[2] == f"| tiny | ours | mean | 1,000 | 1.0 | 4, 2 | {math.e**2:.2f} | {math.e**2:.2f} |"


def test_a_figure_is_a_perplexity_or_in_nats():
    result = Result(1234, 90.0, 1.0, 2.0, 3.25, 1.5)
    assert quality.figures(result, NATS) == ["1,234", "1.5", "3.25, 1.5", "1.0000", "2.0000"]
    assert quality.figures(result, PERPLEXITY)[3:] == ["2.72", "7.39"]


def test_a_gpt_may_take_what_ours_took_and_the_others_what_was_asked():
    args = quality.argparse.Namespace(minutes=7.0, parameters=None)
    gpt, example = (quality.Contender(name, None, None, name) for name in ("gpt", "word_language_model"))
    ours = Result(1234, 90.0, 1.0, 2.0, 3, 1)
    assert quality.limits_of(gpt, args, ours) == Limits(1.5, 1234)
    assert quality.limits_of(example, args, ours) == Limits(7.0, None)
    args.parameters = 99
    assert quality.limits_of(gpt, args, None) == Limits(7.0, 99)
    quality.check_limits([gpt], args)
    args.parameters = None
    quality.check_limits([gpt, example, gpt._replace(name="ours")], args)
    with pytest.raises(UserError, match="needs ours beside it, or --minutes and --parameters"):
        quality.check_limits([gpt, example], args)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--who", "theirs"], "--who theirs: must be one of ours, word_language_model, gpt"),
        (["--who", "ours:units=3"], "--who ours:units=3: options of train.py stand after --"),
        (["--who", "ours", "-o", "{data}"], "--out {data}: is there already"),
        (["--who", "ours", "--data", "nowhere"], "--data nowhere: there is no tiny"),
        (["--who", "ours", "--", "--widths", "3"], "--widths: no such option"),
        (["--minutes", "0"], "argument --minutes"),
    ],
)
def test_what_is_asked_wrongly_ends_in_one_line(table, capsys, arguments, message):
    with pytest.raises(SystemExit) as ended:
        run(table, *(word.format(data=table) for word in arguments))
    assert ended.value.code == 2
    assert message.format(data=table) in capsys.readouterr().err


def test_without_pytorch_the_peers_are_refused(table, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "benchmarks.quality_peers", raising=False)
    monkeypatch.delitem(sys.modules, "benchmarks.quality_gpt", raising=False)
    with pytest.raises(SystemExit) as ended:
        run(table, "--who", "gpt")
    assert ended.value.code == 2
    assert "the package torch is missing (pip install torch" in capsys.readouterr().err


def test_peers_are_trained_and_told(table, capfd):
    pytest.importorskip("torch")
    peers = ("word_language_model:units=4,epochs=1", "gpt:layers=1,context=8,epochs=1")
    run(table, "--who", *peers, "--minutes", "1", "--parameters", "2000")
    rows = [line.strip("| ").split(" | ") for line in capfd.readouterr().out.splitlines() if line.startswith("| tiny")]
    assert [row[1] for row in rows] == list(peers)
    for row in rows:
        assert row[5] == "1, 1"
        assert all(1 < float(cell) < 1000 for cell in row[6:8])
