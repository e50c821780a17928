"""What classify.py refuses, each in one line."""

import os
import shutil

import pytest

from tests.cli.classifier import SMALL, captured, contents, untrained
from tsuzuri.cli import classify, generate, train


def bad(tmp_path, mood):
    """Files with something wrong, by name."""
    made = {
        "one": b"good\tfine\ngood\twarm\n",
        "empty": b"",
        "blank": b"\n\n",
        "nolabel": b"good\tfine\n\tdull\nbad\tcold\n",
        "notext": b"good\tfine\nbad\t\nbad\tcold\n",
        "bytes": b"good\tfine\nbad\tcaf\xff\xfe\x81\x30\n",
        "few": b"good\tfine\nbad\tcold\ngood\tx\nbad\ty\n",
        "foreign": b"good\tfine\nugly\tcold\n",
        "texts": "".join(f"text {n}\tlabel {n}\n" for n in range(50)).encode(),
    }
    for name, data in made.items():
        (tmp_path / f"{name}.tsv").write_bytes(data)
    (tmp_path / "nothing").mkdir()
    names = {name.upper(): tmp_path / f"{name}.tsv" for name in made}
    return names | {"NOTHING": tmp_path / "nothing", "MOOD": mood, "NONE": tmp_path / "none"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "name labeled examples: a corpus, or --pos and --neg files"),
        ("MOOD --pos MOOD --neg MOOD", "name labeled examples"),
        ("--pos MOOD", "name labeled examples"),
        ("ONE", "one.tsv: has one class only, 'good': at least two are needed"),
        ("EMPTY", "empty.tsv: is empty"),
        ("BLANK", "blank.tsv: holds no text"),
        ("NOLABEL", "nolabel.tsv:2: has no label"),
        ("NOTEXT", "notext.tsv:2: has no text, but the label 'bad'"),
        ("BYTES --encoding utf-8", "bytes.tsv: is not text in UTF-8 (byte 0xff in line 2)"),
        ("MOOD --encoding klingon", "the encoding 'klingon' is unknown, must be auto, utf-8"),
        ("FEW", "few.tsv"),
        ("TEXTS", "texts.tsv: has 50 labels in 50 examples"),
        ("NONE", "none: no such file"),
        ("MOOD --test NONE", "none: no such file"),
        ("NOTHING", "nothing: must hold a folder for each class"),
        ("NOTHING", "whose name ends in .txt or has no ending, or for tunes in .mid or .midi"),
        ("MOOD --test FOREIGN", "the class 'ugly' is not among those that are trained on: bad, good"),
        ("MOOD --valid FOREIGN", "the class 'ugly' is not among those"),
        ("MOOD --maxlen 2 --valid FEW", "none of at most --maxlen 2 words is left to train on"),
        ("MOOD --truncate pre", "--truncate: to how many words? --maxlen says"),
        ("MOOD --freeze-vectors", "--freeze-vectors: is for --vectors or --init-from"),
        ("MOOD --freeze-epochs 2", "--freeze-epochs: is for --vectors or --init-from"),
        (
            "MOOD --vectors V --freeze-vectors --freeze-epochs 2",
            "--freeze-vectors and --freeze-epochs: one of them only",
        ),
        ("MOOD --thaw 1", "--thaw: is for --vectors or --init-from"),
        ("MOOD --layer-decay 0.5", "--layer-decay: is for --vectors or --init-from"),
        ("MOOD --lr-decay 0.5", "--lr-decay: is for --schedule stalls, not constant"),
        (
            "MOOD --schedule steps",
            "--schedule: steps is unknown: must be one of stalls, cosine, linear, ",
        ),
        ("MOOD --model flatten", "--model flatten: of how many words? --maxlen says"),
        ("MOOD --model flatten --maxlen 5 --pool max", "--pool: is not for --model flatten, which keeps every word in"),
        ("MOOD --model bow --dropout-weights 0.5", "--dropout-weights 0.5: is for --model lstm, bilstm, rnn, not bow"),
        ("MOOD --model bow --dropout-between 0.5", "--dropout-between 0.5: is for --model lstm, bilstm, rnn, not bow"),
        ("MOOD --dropout-between 0.5", "--dropout-between 0.5: is for --layers 2 and more"),
        ("MOOD --drop-words 1", "1 is out of range: must be 0 or more, at most 0.95"),
        ("MOOD --average 1", "1 is out of range"),
        ("MOOD --vectors V --init-from RUN", "--vectors and --init-from: one of them only"),
        ("MOOD --valid MOOD --valid-fraction 0.2", "--valid-fraction: there are examples of its own"),
        ("MOOD --test MOOD --test-fraction 0.2", "--test-fraction: there are examples of its own"),
        ("MOOD --valid-fraction 0.5 --test-fraction 0.5", "leave nothing to train on: must be below 1 together"),
        ("MOOD --grid 24", "--grid is for MIDI, and"),
        ("DATA --tokens space", "--tokens is for text, and"),
        ("DATA --label-column 1", "--label-column is for text, and"),
        ("DATA MOOD", "mood.tsv: must be a folder that holds a folder of MIDI files for each class"),
        ("MIXED", "text and MIDI in one corpus"),
        ("MOOD --transpose 3", "--transpose: no such option: --help lists the options"),
        ("MOOD --vectors NONE", "none: no such file"),
        ("MOOD --init-from NONE", "none: no such folder"),
        ("MOOD --init-from TUNES", "is of music, and the examples are not"),
        ("DATA --init-from RUN", "is of texts, and the examples are not"),
        ("MOOD --init-from RUN -u 9", "--unit 9: must be 8, as "),
        ("MOOD --form xml", "--form: xml is unknown: must be one of auto, "),
        ("MOOD -u 0", "--unit: 0 is out of range: must be 1 or more"),
        ("MOOD --layers 10", "10 is out of range: must be 1 or more, at most 9"),
        ("MOOD --dropout 0.99", "0.99 is out of range: must be 0 or more, at most 0.95"),
        ("MOOD --use-dropout=maybe", "maybe is unknown: must be on or off"),
        ("MOOD --decay-c -1", "-1 is out of range"),
        ("MOOD -d tpu", "--device tpu: must be auto, cpu, gpu or gpu:N"),
        ("MOOD --label-column topic --form csv", "has no column 'topic'"),
    ],
)
def test_what_train_refuses(straight, tunes, mood, tmp_path, refused, line, reason):
    names = bad(tmp_path, mood) | {"RUN": straight[0], "TUNES": tunes[0] / "run", "DATA": tunes[0] / "data"}
    if "MIXED" in line:
        shutil.copytree(tunes[0] / "data", tmp_path / "mixed")
        for n in range(9):  # fewer would be taken for texts about the tunes
            (tmp_path / "mixed" / "old" / f"text{n}.txt").write_text("words")
        names["MIXED"] = tmp_path / "mixed"
    given = [names.get(word, word) for word in line.split()]
    assert reason in refused("train", *given, "-o", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_is_not_overwritten(straight, mood, tmp_path, refused, monkeypatch):
    out = shutil.copytree(straight[0], tmp_path / "run")
    before = contents(out)
    reason = "run: holds a run already: --resume goes on with it, --force replaces it"
    assert reason in refused("train", mood, "-o", out, *SMALL)
    assert "--freeze-vectors: is for" in refused("train", mood, "-o", out, *SMALL, "--force", "--freeze-vectors")
    may = "--device, --disp-freq, --epoch, --patience, --precision, --save-freq, --tensorboard"
    reason = f"--unit 5: {out} has 8, and with --resume only {may} can change"
    assert reason in refused("train", "-o", out, "--resume", "-u", 5)
    assert "--force cannot be given with --resume: only" in refused("train", "-o", out, "--resume", "--force")
    assert contents(out) == before
    (out / "confusion.png").write_text("old")
    untrained(monkeypatch)
    captured("train", mood, "-o", out, *SMALL, "--force")
    assert sorted(os.listdir(out)) == ["checkpoint.npz", "log.jsonl", "run.json", "vocabulary.txt"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "loss.png").write_text("precious")
    assert "other: holds loss.png already" in refused("train", mood, "-o", tmp_path / "other", *SMALL)


def test_runs_of_the_other_kind(straight, language, mood, refused):
    line = refused("predict", language, "-d", "cpu")
    assert line == f"{language}: holds a language model, and a classifier is needed"
    assert line in refused("evaluate", language)
    assert line in refused("train", "-o", language, "--resume")
    line = refused(straight[0], "the", main=generate.main)
    assert line == f"{straight[0]}: holds a classifier, and a language model is needed"
    assert line in refused("-o", straight[0], "--resume", main=train.main)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("predict", "RUN is missing: name a run directory (--help lists the options)"),
        ("predict NONE", "none: no such folder: must be a run (training a classifier makes one)"),
        ("predict RUN NONE", "none: no such file"),
        ("predict RUN EMPTY", "empty.tsv: is empty"),
        ("predict RUN MOOD --encoding klingon", "the encoding 'klingon' is unknown"),
        ("predict RUN MOOD --encoding utf-16", "is not text in UTF-16"),
        ("predict RUN --by luck", "--by: luck is unknown: must be one of leave-one-out, gradient"),
        ("predict RUN -d tpu", "--device tpu: must be auto, cpu, gpu or gpu:N"),
        ("evaluate RUN FOREIGN", "the class 'ugly' is not among those that are trained on: bad, good"),
        ("evaluate RUN NONE", "none: no such file"),
        ("evaluate RUN --pos MOOD", "name labeled examples"),
        ("evaluate RUN -o MOOD/a.png", "mood.tsv/a.png: cannot be written: Not a directory"),
        ("evaluate NONE", "none: no such folder"),
        ("train MOOD", "-o/--out is missing: name the run directory"),
        ("train -o NONE --resume", "none: no such folder"),
        ("sort MOOD", "sort: must be one of train, predict, evaluate (--help says more)"),
        ("", "no command given: must be one of train, predict, evaluate (--help says more)"),
    ],
)
def test_what_else_is_refused(straight, mood, tmp_path, refused, line, reason):
    names = bad(tmp_path, mood) | {"RUN": straight[0], "MOOD/a.png": mood / "a.png"}
    before = contents(straight[0])
    assert reason in refused(*(names.get(word, word) for word in line.split()))
    assert contents(straight[0]) == before


def test_precisions_that_would_mean_nothing_are_refused(mood, tmp_path, refused):
    for how in (["--model", "rnn"], ["--model", "bow"]):
        line = refused("train", mood, "-o", tmp_path / "a", *how, "--precision", "bfloat16")
        assert "--precision bfloat16: is for --model lstm and bilstm on a CPU" in line


@pytest.mark.parametrize("option", classify.NOT_OFFERED)
def test_what_the_tutorial_has_and_this_has_not_is_named(mood, tmp_path, refused, option):
    line = refused("train", mood, "-o", tmp_path / "a", "--" + option[2:].replace("-", "_"), 1)
    assert line == f"{option}: not an option: {classify.NOT_OFFERED[option]}"
