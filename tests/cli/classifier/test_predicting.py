"""classify.py's predict and evaluate as a person uses them: what they answer, what they show, and what goes wrong."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import types

import numpy
import pytest

from tests.cli.classifier import CUES, SMALL, TUNES, about, call, captured, contents, lines, right_of, stop_after
from tests.conftest import ROOT
from tsuzuri.cli import generate
from tsuzuri.data import preprocessing
from tsuzuri.kernels import devices
from tsuzuri.training import explain, predictor
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import CLASSIFIER

# Predicting


SAID = ["it was a superb film", "", "a dull , weak story", "   ", "unheard"]


@pytest.fixture
def predicted(monkeypatch):
    """What ``predict`` answers to lines of standard input, as lines."""

    def answers(run, *args, lines=SAID):
        data = "".join(line + "\n" for line in lines).encode()
        monkeypatch.setattr(preprocessing.sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(data)))
        status, out, _ = captured("predict", run, *args, "-d", "cpu")
        assert status == 0
        return out.split("\n")[:-1]

    return answers


def test_each_line_gets_a_line(straight, predicted, tmp_path):
    found = predicted(straight[0])
    assert len(found) == len(SAID)
    assert re.fullmatch(r"good\t[01]\.\d{3}\tit was a superb film", found[0])
    assert re.fullmatch(r"bad\t[01]\.\d{3}\ta dull , weak story", found[2])
    assert (found[1], found[3]) == ("", "")
    assert re.fullmatch(r"(bad|good)\t0\.\d{3}\tunheard", found[4])
    (tmp_path / "a").write_text("\n".join(SAID[:3]) + "\n")
    (tmp_path / "b").write_text("\n".join(SAID[3:]))
    assert predicted(straight[0], tmp_path / "a", tmp_path / "b") == found


def test_predictions_as_json(straight, predicted):
    every = [json.loads(line) for line in predicted(straight[0], "--json")]
    assert [item["text"] for item in every] == SAID
    assert [item["class"] for item in every][:4] == ["good", None, "bad", None]
    assert every[1] == {"text": "", "class": None}
    for item in (every[0], every[2], every[4]):
        assert list(item["probabilities"]) == ["bad", "good"]
        assert sum(item["probabilities"].values()) == pytest.approx(1, abs=2e-6)
        assert max(item["probabilities"], key=item["probabilities"].get) == item["class"]
        assert "words" not in item


@pytest.mark.parametrize("by", ["leave-one-out", "gradient"])
def test_the_word_that_tells_the_class_has_a_large_share(straight, predicted, by):
    lines = ["The film was DULL and it", "it was a song , superb"]
    every = [
        json.loads(line)["words"] for line in predicted(straight[0], "--json", "--explain", "--by", by, lines=lines)
    ]
    assert [word for word, _ in every[0]] == ["the", "film", "was", "dull", "and", "it"]
    for words, cue in zip(every, ("dull", "superb"), strict=True):
        assert cue in [word for word, share in sorted(words, key=lambda pair: pair[1])[-2:] if share > 0]


def test_the_two_ways_of_explaining_differ_and_are_what_they_say(straight, predicted):
    run = load_run(str(straight[0]), CLASSIFIER)
    words = ["it", "was", "superb"]
    predicts = predictor.Predictor(run, devices.choose("cpu"))
    p = [predicts.probabilities([text])[0][1] for text in (words, words[1:], words[::2], words[:2])]
    line = predicted(run.path, "--json", "--explain", lines=["it was superb"])[0]
    assert [share for _, share in json.loads(line)["words"]] == pytest.approx([p[0] - x for x in p[1:]], abs=2e-6)
    line = predicted(run.path, "--json", "--explain", "--by", "gradient", lines=["it was superb"])[0]
    influence = run.load_best().influence(run.vocabulary.encode(words), 1)
    assert [share for _, share in json.loads(line)["words"]] == pytest.approx(influence.tolist(), abs=2e-6)
    alone = predicted(run.path, "--json", "--explain", lines=["superb"])[0]
    assert json.loads(alone)["words"][0][1] == pytest.approx(predicts.probabilities([["superb"]])[0][1] - 0.5, abs=2e-6)


def test_shares_are_colors_where_they_are_asked_for(straight, predicted):
    line = ["The  film was DULL!"]
    plain = predicted(straight[0], "--explain", lines=line)[0]
    assert re.search(r"\t[^\x1b]*film was DULL\(\+0\.\d\d\)", plain)
    colored = predicted(straight[0], "--explain", "--color", "always", lines=line)[0]
    assert f";48;5;{explain.TOWARDS[-1]}mDULL\x1b[0m" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored).endswith("\tThe  film was DULL!")


@pytest.mark.parametrize(
    ("color", "no_color", "shown"), [("auto", "", True), ("auto", "1", False), ("never", "", False)]
)
def test_on_a_terminal_shares_are_colors(straight, tmp_path, monkeypatch, color, no_color, shown):
    (tmp_path / "a").write_text("the film was dull\n")
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    call("predict", straight[0], tmp_path / "a", "--explain", "--color", color, "-d", "cpu")
    assert ("mdull\x1b[0m" in terminal.getvalue()) == shown
    assert ("dull(+0." in terminal.getvalue()) == (not shown)


@pytest.mark.usefixtures("no_pictures")
def test_texts_are_cut_as_in_training(mood, tmp_path, predicted):
    out = tmp_path / "a"
    captured("train", mood, "-o", out, "-e", 1, *SMALL, "--maxlen", 3, "--truncate", "pre")
    long, short = "superb superb superb the dull film", "the dull film"
    found = [json.loads(line) for line in predicted(out, "--json", "--explain", lines=[long, short])]
    assert found[0]["probabilities"] == found[1]["probabilities"]
    assert [word for word, _ in found[0]["words"]] == short.split()
    assert len(found[0]["words"]) == 3


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    ("truncate", "shown"),
    [("pre", "The(+0.10) Dull(-0.50) film(+0.30)"), ("post", "A(+0.10)  superb(-0.50) song(+0.30)")],
)
def test_shares_are_shown_by_the_words_that_were_read(mood, tmp_path, predicted, monkeypatch, truncate, shown):
    out = tmp_path / "a"
    captured("train", mood, "-o", out, "-e", 1, *SMALL, "--maxlen", 3, "--truncate", truncate)
    monkeypatch.setattr(predictor.Predictor, "shares", lambda *_: numpy.array([0.1, -0.5, 0.3]))
    line = predicted(out, "--explain", lines=["A  superb song and The Dull film"])[0]
    assert line.split("\t")[2] == shown


def test_lines_are_answered_as_they_come(straight):
    process = subprocess.Popen(
        [sys.executable, ROOT / "classify.py", "predict", straight[0], "-d", "cpu"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    for line, label in (("a superb film\n", "good"), ("an awful film\n", "bad")):
        process.stdin.write(line)
        process.stdin.flush()
        assert process.stdout.readline().startswith(f"{label}\t")
    process.stdin.close()
    assert process.wait(timeout=60) == 0
    process.stdout.close()


def test_a_tune_that_is_refused_is_told_and_the_others_are_sorted(tunes, tmp_path):
    folder = tmp_path / "new"
    folder.mkdir()
    shutil.copy(TUNES[1], folder)
    (folder / "broken.mid").write_bytes(b"MThd")
    bad = [tmp_path / "none.mid", ROOT / "README.md"]
    status, said, noted = captured("predict", tunes[0] / "run", bad[0], TUNES[0], folder, bad[1], TUNES[2], "-d", "cpu")
    assert status == 2
    assert [line.split("\t")[2] for line in said.splitlines()] == [tune.name for tune in TUNES[:3]]
    refusals = [line for line in noted.splitlines() if line.startswith("refused  ")]
    assert len(refusals) == 3
    for line, path in zip(refusals, (bad[0], folder / "broken.mid", bad[1]), strict=True):
        assert re.search(rf"{re.escape(str(path))}: \w", line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("predict RUN MOOD --by gradient", "--by: is for --explain"),
        ("predict RUN MOOD --color never", "--color: is for --explain"),
        ("evaluate RUN --form tab", "--form: is for labeled examples: name some"),
        ("evaluate RUN --encoding cp1252", "--encoding: is for labeled examples: name some"),
        ("evaluate RUN --label-column 1", "--label-column: is for labeled examples: name some"),
        ("evaluate RUN --text_column 2 -d cpu", "--text-column: is for labeled examples: name some"),
    ],
)
def test_options_that_would_do_nothing(straight, mood, refused, line, reason):
    before, names = contents(straight[0]), {"RUN": straight[0], "MOOD": mood}
    assert refused(*(names.get(word, word) for word in line.split())) == reason
    assert contents(straight[0]) == before


@pytest.mark.usefixtures("no_pictures")
def test_a_run_that_was_stopped_before_there_was_a_model(mood, tmp_path, refused, monkeypatch):
    out = tmp_path / "a"
    with monkeypatch.context() as patched:
        stop_after(patched, 1)
        assert captured("train", mood, "-o", out, "-e", 1, *SMALL)[0] == 128 + signal.SIGTERM
    reason = f"{out}: holds no trained model yet (--resume goes on with its training)"
    assert refused("predict", out, mood, "-d", "cpu") == reason
    assert refused("evaluate", out, "-d", "cpu") == reason
    assert refused("train", mood, "-o", tmp_path / "b", "--init-from", out) == reason
    assert captured("train", "-o", out, "--resume", "-d", "cpu")[0] == 0
    assert captured("predict", out, mood, "-d", "cpu")[0] == 0


def test_a_language_model_that_was_stopped_before_there_was_one(language, tmp_path, refused):
    out = shutil.copytree(language, tmp_path / "run")
    (out / "model.npz").unlink()
    reason = f"{out}: holds no trained model yet (--resume goes on with its training)"
    assert refused(out, "the", main=generate.main) == reason
    (out / "checkpoint.npz").unlink()
    assert refused(out, "the", main=generate.main).endswith("model.npz: no such file")


# Evaluating


def test_evaluation_on_what_was_held_out(straight, tmp_path, capsys):
    out = shutil.copytree(straight[0], tmp_path / "run")
    assert call("evaluate", out, "-d", "cpu") == 0
    said = capsys.readouterr()
    report = straight[2].partition("The best model on the test examples:\n\n")[2]
    assert said.out == report
    assert right_of(said.out) >= (11, 12)
    assert said.err == f"picture  {out / 'confusion.png'}\n"
    assert (out / "confusion.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_evaluation_on_files(straight, tmp_path):
    (tmp_path / "new.tsv").write_text("".join(lines(40, 9)) + "good\tdull awful weak\n")
    picture = tmp_path / "picture.png"
    status, said, _ = captured("evaluate", straight[0], tmp_path / "new.tsv", "-o", picture, "-d", "cpu")
    assert status == 0
    assert (37, 41) <= right_of(said) <= (40, 41)  # the last one's label is wrong
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "confusion.png" not in os.listdir(straight[0])
    (tmp_path / "one.tsv").write_text("good\tsuperb\ngood\tawful\n")
    assert right_of(captured("evaluate", straight[0], tmp_path / "one.tsv", "-o", picture, "-d", "cpu")[1]) == (1, 2)
    (tmp_path / "run.csv").write_text("body,stars\nsuperb,good\ndull,bad\n")
    columns = ("--label-column", "stars", "--text-column", "body")
    assert right_of(
        captured("evaluate", straight[0], tmp_path / "run.csv", *columns, "-o", picture, "-d", "cpu")[1]
    ) == (
        2,
        2,
    )


@pytest.mark.usefixtures("no_pictures")
def test_positive_and_negative_files(tmp_path, predicted):
    for label, cues in CUES.items():
        (tmp_path / label).write_text("".join(f"the {cue} film {n}\n" for cue in cues for n in range(10)))
    files = ("--pos", tmp_path / "good", "--neg", tmp_path / "bad")
    captured("train", *files, "-o", tmp_path / "a", "-e", 4, *SMALL)
    assert about(tmp_path / "a")["classes"] == ["neg", "pos"]
    assert predicted(tmp_path / "a", lines=["superb", "awful"])[0].startswith("pos\t")
    said = captured("evaluate", tmp_path / "a", *files, "-o", tmp_path / "p", "-d", "cpu")[1]
    assert right_of(said) >= (78, 80)
