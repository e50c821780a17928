"""Trainings from Python: the same as by the commands, heard, stopped and gone on with."""

import json
import pathlib
import shutil
import subprocess
import sys
import threading

import numpy
import pytest

import tsuzuri
from tests.api.conftest import PAIRS, SMALL, SORTING, TEXT, TUNES
from tests.conftest import ROOT
from tests.training.test_events import assert_same_training
from tsuzuri.cli import classify, train
from tsuzuri.training import trainer


def as_arguments(options):
    """Options as a command line has them."""
    return [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", str(value))]


def after(calls):
    """A ``stop`` that is true from so many calls on."""
    asked = []

    def stop():
        asked.append(1)
        return len(asked) >= calls

    return stop


def test_a_training_is_the_same_as_by_the_command(tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text(TEXT)
    assert train.main([str(corpus), "-o", str(tmp_path / "command"), *as_arguments(SMALL)]) == 0
    run = tsuzuri.train([corpus], tmp_path / "api", **SMALL)
    assert isinstance(run, tsuzuri.TextRun)
    assert_same_training(tmp_path / "command", tmp_path / "api")
    assert (tmp_path / "command" / "run.json").read_bytes() == (tmp_path / "api" / "run.json").read_bytes()
    assert sorted(path.name for path in (tmp_path / "command").iterdir()) == sorted(
        path.name for path in (tmp_path / "api").iterdir()
    )


def test_strings_are_learned_from_as_a_file_is(tmp_path, text_run):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text(TEXT)
    tsuzuri.train(str(corpus), tmp_path / "file", **SMALL)
    assert_same_training(tmp_path / "file", pathlib.Path(text_run.path))


def test_a_classifier_is_the_same_as_by_the_command(tmp_path, classifier):
    table = tmp_path / "pairs.tsv"
    table.write_text("".join(f"{label}\t{text}\n" for label, text in PAIRS))
    assert classify.main(["train", str(table), "-o", str(tmp_path / "command"), *as_arguments(SORTING)]) == 0
    tsuzuri.train_classifier([table], tmp_path / "api", **SORTING)
    assert_same_training(tmp_path / "command", tmp_path / "api")
    assert (tmp_path / "command" / "run.json").read_bytes() == (tmp_path / "api" / "run.json").read_bytes()
    assert_same_training(tmp_path / "command", pathlib.Path(classifier.path))


def test_events_come_in_order(tmp_path):
    events = []
    run = tsuzuri.train(texts=[TEXT], out=tmp_path / "run", callback=events.append, **SMALL)
    kinds = [event.kind for event in events if event.kind != "batch"]
    told = kinds.index("epoch")
    assert told >= 2
    assert set(kinds[:told]) == {"note", "warning"}  # of a corpus that is this small
    best = [entry["best"] for entry in run.history]
    assert kinds[told:] == [
        *(kind for good in best for kind in ("epoch", "sample")[: 1 + good]),
        "test",
        "end",
    ]
    assert [event.entry for event in events if event.kind == "epoch"] == run.history
    assert [event.done for event in events] == sorted(event.done for event in events)
    assert all(isinstance(event, tsuzuri.Event) for event in events)


@pytest.mark.parametrize("kind", ["batch", "epoch", "sample"])
def test_an_exception_of_the_callback_is_raised_and_loses_nothing(tmp_path, text_run, monkeypatch, kind):
    monkeypatch.setattr(trainer, "EVENT_SECONDS", 0)
    failure = ZeroDivisionError("mine")

    def fail(event):
        if event.kind == kind and event.epoch == (2 if kind == "batch" else 1):
            raise failure

    with pytest.raises(ZeroDivisionError) as caught:
        tsuzuri.train(texts=[TEXT], out=tmp_path / "run", callback=fail, **SMALL)
    assert caught.value is failure
    assert len(tsuzuri.load(tmp_path / "run").history) == 1
    assert len(tsuzuri.resume(tmp_path / "run", device="cpu").history) == 3
    assert_same_training(pathlib.Path(text_run.path), tmp_path / "run")


@pytest.mark.parametrize("calls", [1, 4, 7])
def test_a_function_stops_a_training_which_goes_on_to_the_same_bytes(tmp_path, text_run, calls):
    ends = []
    options = {"stop": after(calls), "callback": lambda event: event.kind == "test" and ends.append(event)}
    run = tsuzuri.train(texts=[TEXT], out=tmp_path / "run", **options, **SMALL)
    assert len(run.history) < 3
    assert ends == []
    again = tsuzuri.train(out=tmp_path / "run", resume=True, device="cpu")
    assert len(again.history) == 3
    assert_same_training(pathlib.Path(text_run.path), tmp_path / "run")


def test_an_event_stops_a_training_from_another_thread(tmp_path, text_run, monkeypatch):
    monkeypatch.setattr(trainer, "EVENT_SECONDS", 0)
    under_way, stop = threading.Event(), threading.Event()

    def press():
        under_way.wait(60)
        stop.set()

    def listen(event):
        if (event.kind, event.epoch) == ("batch", 2):
            under_way.set()
            stop.wait(60)

    presser = threading.Thread(target=press)
    presser.start()
    run = tsuzuri.train(texts=[TEXT], out=tmp_path / "run", callback=listen, stop=stop, **SMALL)
    presser.join(60)
    assert len(run.history) == 1
    tsuzuri.resume(tmp_path / "run", device="cpu")
    assert_same_training(pathlib.Path(text_run.path), tmp_path / "run")


def test_a_classifier_is_stopped_and_gone_on_with(tmp_path, classifier):
    run = tsuzuri.train_classifier(PAIRS, tmp_path / "run", stop=after(5), **SORTING)
    assert len(run.history) < len(classifier.history)
    shutil.move(tmp_path / "run", tmp_path / "moved")
    again = tsuzuri.resume(tmp_path / "moved")
    assert isinstance(again, tsuzuri.Classifier)
    assert_same_training(pathlib.Path(classifier.path), tmp_path / "moved")


def test_all_works_outside_the_main_thread(tmp_path, text_run):
    done = []

    def work():
        run = tsuzuri.train(texts=[TEXT], out=tmp_path / "run", **SMALL)
        done.append(run.generate("a", length=8, seed=1))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert done == [text_run.generate("a", length=8, seed=1)]
    assert_same_training(pathlib.Path(text_run.path), tmp_path / "run")


INTERRUPTED = """
import json, os, pathlib, signal, sys
import tsuzuri
handler, facts = signal.getsignal(signal.SIGINT), {}
options = json.loads(sys.argv[2]) | {"epoch": 500, "patience": 500, "sample_every": 0}

def listen(event):
    facts["same handler"] = signal.getsignal(signal.SIGINT) is handler
    if event.kind == "epoch" and "sent" not in facts:  # a second one would not wait for the training
        facts["sent"] = True
        os.kill(os.getpid(), signal.SIGINT)

try:
    tsuzuri.train(texts=[sys.argv[3]], out=sys.argv[1], callback=listen, **options)
except KeyboardInterrupt as error:
    facts |= {"error": str(error), "epochs": len(tsuzuri.load(sys.argv[1]).history)}
pathlib.Path("facts.json").write_text(json.dumps(facts))
"""


def test_an_interrupt_saves_and_is_raised_and_nothing_is_printed(tmp_path):
    """As Ctrl-C does, and a notebook's stop button; the process has no terminal."""
    quiet = ["-W", "ignore:warning :UserWarning"]  # of a corpus that is this small
    command = [sys.executable, *quiet, "-c", INTERRUPTED, tmp_path / "run", json.dumps(SMALL), TEXT]
    settings = {"capture_output": True, "text": True, "timeout": 120, "cwd": tmp_path}
    process = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, **settings)
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")
    facts = json.loads((tmp_path / "facts.json").read_text())
    assert facts["same handler"] is True
    assert "saved" in facts["error"]
    assert 1 <= facts["epochs"] < 500
    epochs = facts["epochs"] + 1
    tsuzuri.resume(tmp_path / "run", epoch=epochs, device="cpu", sample_every=0)
    unbroken = {**SMALL, "epoch": epochs, "patience": 500, "sample_every": 0}
    tsuzuri.train(texts=[TEXT], out=tmp_path / "unbroken", **unbroken)
    assert_same_training(tmp_path / "unbroken", tmp_path / "run")


def test_a_run_that_was_moved_still_has_its_texts(tmp_path, text_run):
    tsuzuri.train(texts=iter([TEXT]), out=tmp_path / "run", **SMALL | {"epoch": 1})
    shutil.move(tmp_path / "run", tmp_path / "elsewhere")
    assert tsuzuri.resume(tmp_path / "elsewhere", epoch=3, device="cpu").path == str(tmp_path / "elsewhere")
    assert_same_training(pathlib.Path(text_run.path), tmp_path / "elsewhere")


def test_force_replaces_a_run_with_its_texts(tmp_path):
    few = SMALL | {"epoch": 1, "sample_every": 0}
    tsuzuri.train(texts=[TEXT], out=tmp_path / "run", **few)
    before = (tmp_path / "run" / "texts.zip").read_bytes()
    with pytest.raises(tsuzuri.UserError, match="holds a run already"):
        tsuzuri.train(texts=[TEXT], out=tmp_path / "run", **few)
    tsuzuri.train(texts=[TEXT.replace("a", "z")], out=tmp_path / "run", force=True, **few)
    assert (tmp_path / "run" / "texts.zip").read_bytes() != before
    assert "z" in tsuzuri.load(tmp_path / "run").vocabulary
    (tmp_path / "corpus.txt").write_text(TEXT)
    tsuzuri.train(tmp_path / "corpus.txt", tmp_path / "run", force=True, **few)
    assert not (tmp_path / "run" / "texts.zip").exists()


def test_values_may_be_numpys_and_paths_of_pathlib(tmp_path, text_run):
    options = {
        name: numpy.int64(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in SMALL.items()
    }
    tsuzuri.train(texts=(TEXT,), out=tmp_path / "run", gradclip=numpy.float32(5), seed=numpy.uint8(0), **options)
    assert_same_training(pathlib.Path(text_run.path), tmp_path / "run")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["recipe"]["epoch"] == 3


def test_pieces_are_learned_from_in_other_keys(music_run, tmp_path):
    options = {"unit": 4, "epoch": 1, "batchsize": 2, "bproplen": 10, "sample_every": 0}
    run = tsuzuri.train(TUNES, tmp_path / "run", transpose=(-1, 0), **options)
    assert isinstance(run, tsuzuri.MusicRun)
    assert len(run.vocabulary) > len(music_run.vocabulary)
    assert run.about["corpus"]["midi"]["transpose"] == [-1, 0]


REFUSED = {
    "no corpus": ({}, "no corpus"),
    "no out": ({"texts": [TEXT], "out": None}, "out is missing"),
    "both": ({"corpus": "a.txt", "texts": [TEXT]}, "a corpus of files, or texts: one of them only"),
    "number for texts": ({"texts": 5}, "texts: is 5, must be a list of strings"),
    "bytes for texts": ({"texts": b"abc"}, "texts: is b'abc', must be a list of strings"),
    "no texts": ({"texts": []}, "texts: hold no text"),
    "texts of blanks": ({"texts": ["", " \n"]}, "texts: hold no text"),
    "a text that is none": ({"texts": [TEXT, None]}, r"texts\[1\]: is None, must be a string"),
    "half a character": ({"texts": ["a\ud800"]}, r"texts\[0\]: holds half a character at 1"),
    "a zero byte": ({"texts": [TEXT, "a\0"]}, r"texts\[1\]: is binary"),
    "too few": ({"texts": ["a"]}, "too small"),
    "number for corpus": ({"corpus": 5}, "corpus: 5 is not a text"),
    "dict for corpus": ({"corpus": {"a": 1}}, "corpus: .* is not a list"),
    "file that is not there": ({"corpus": ["nothing.txt"]}, "nothing.txt: no such file"),
    "number for out": ({"texts": [TEXT], "out": 5}, "out: 5 is not a text"),
    "misspelled": ({"texts": [TEXT], "epohc": 3}, "epohc: no such option: did you mean epoch?"),
    "wrong value": ({"texts": [TEXT], "lr": "fast"}, "lr: fast is not a number"),
    "wrong choice": ({"texts": [TEXT], "optimizer": "best"}, "optimizer: best is unknown: must be one of adam, "),
    "option of music": ({"texts": [TEXT], "grid": 12}, "^grid is for MIDI"),
    "stop that is none": ({"texts": [TEXT], "stop": True}, "stop: is True, must be a threading.Event"),
    "callback that is none": ({"texts": [TEXT], "callback": "x"}, "callback: is x, must be a function"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_and_nothing_is_written(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    arguments, message = REFUSED[name]
    with pytest.raises(tsuzuri.UserError, match=message) as error:
        tsuzuri.train(**{"out": "run", **arguments})
    assert "\n" not in str(error.value)
    assert "tsuzuri-" not in str(error.value)  # the name of a temporary folder
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"texts": ["a"]}, "texts: cannot be given with resume=True"),
        ({"out": "other"}, "out: not an option of resume"),
        ({"unit": 9}, "^unit=9: .* has 5, and with resume=True only device, epoch, "),
        ({"force": True}, "^force=True cannot be given with resume=True"),
    ],
)
def test_what_resume_cannot_change_is_refused(text_run, options, message):
    with pytest.raises(tsuzuri.UserError, match=message):
        tsuzuri.resume(text_run.path, **options)


def test_examples_cannot_be_given_to_a_classifier_that_goes_on(classifier):
    with pytest.raises(tsuzuri.UserError, match="examples: cannot be given with resume=True"):
        tsuzuri.train_classifier(PAIRS, classifier.path, resume=True)


@pytest.mark.parametrize("path", [5, None, b"run", "", "a\0b"])
def test_a_path_that_is_none_is_refused(path):
    for function in (tsuzuri.load, tsuzuri.resume):
        with pytest.raises(tsuzuri.UserError, match="path: "):
            function(path)


FEW = SMALL | {"epoch": 1, "sample_every": 0}


def test_a_run_is_not_replaced_by_what_it_would_take_away(tmp_path):
    run = tsuzuri.train(texts=[TEXT], out=tmp_path / "run", **FEW)
    kept = (tmp_path / "run" / "texts.zip").read_bytes()
    for corpus in (tmp_path / "run" / "texts.zip", tmp_path / "run"):
        with pytest.raises(tsuzuri.UserError, match="is to be replaced"):
            tsuzuri.train(corpus, tmp_path / "run", force=True, **FEW)
    assert (tmp_path / "run" / "texts.zip").read_bytes() == kept
    assert len(run.history) == 1
