"""train.py and generate.py as a person uses them: in processes of their own, with what goes wrong there."""

import fcntl
import itertools
import json
import os
import random
import re
import resource
import signal
import struct
import subprocess
import sys
import termios
import time

import numpy
import pytest

from tests.cli import run_command
from tests.conftest import ROOT, refused
from tsuzuri.compat import chainer
from tsuzuri.kernels import native

pytestmark = pytest.mark.usefixtures("no_pictures")  # but for the run of the whole module, which is made before

SMALL = [
    "--tokens",
    "space",
    "-u",
    "12",
    "-b",
    "4",
    "-l",
    "6",
    "--min-count",
    "1",
    "--dropout",
    "0.1",
    "--lr",
    "0.01",
    "-d",
    "cpu",
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Sentences of a small grammar, 3,600 words."""
    generator = random.Random(4)
    nouns, verbs = ["cat", "dog", "bird", "fish"], ["sees", "likes", "chases"]
    lines = [
        f"the {generator.choice(nouns)} {generator.choice(verbs)} the {generator.choice(nouns)} ." for _ in range(520)
    ]
    path = tmp_path_factory.mktemp("corpus") / "small.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def train(*args, **settings):
    """Run train.py, in this process unless there are settings of one of its own."""
    if not settings:
        return run_command("train.py", *args)
    command = [sys.executable, ROOT / "train.py", *map(str, args)]
    settings = {"capture_output": True, "text": True, "encoding": "utf-8", "timeout": 300} | settings
    return subprocess.run(command, **settings)


@pytest.fixture
def script(monkeypatch):
    """Run a command in this process; it is started as a process of its own where that is the point."""
    monkeypatch.chdir(ROOT)
    return run_command


@pytest.fixture(scope="module")
def straight(corpus, tmp_path_factory):
    """A run of six epochs straight through, with its picture."""
    out = tmp_path_factory.mktemp("runs") / "straight"
    process = train(corpus, "-o", out, "-e", 6, *SMALL)
    assert process.returncode == 0, process.stderr
    return out, process


def test_a_run_leaves_what_it_should(straight, corpus):
    out, process = straight
    assert sorted(os.listdir(out)) == [
        "checkpoint.npz", "log.jsonl", "loss.png", "model.npz", "run.json", "vocabulary.txt",
    ]  # fmt: skip
    assert (out / "loss.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    epochs = re.findall(
        r"^epoch +(\d+) +train loss ([\d.]+) +valid loss ([\d.]+) perplexity +([\d.]+) +lr [\d.e-]+ +([\d,]+) words/s",
        process.stdout,
        re.MULTILINE,
    )
    assert [int(epoch[0]) for epoch in epochs] == [1, 2, 3, 4, 5, 6]
    assert float(epochs[-1][2]) < float(epochs[0][2]) < numpy.log(12)
    assert re.search(r"^test +loss [\d.]+ perplexity [\d.]+ of the best model$", process.stdout, re.MULTILINE)
    for line in ("read     1 files (0 of Aozora Bunko), 520 lines", "windows  137 an epoch", "by space"):
        assert line in process.stderr
    about = json.loads((out / "run.json").read_text())
    assert about["kind"] == "text"
    assert about["recipe"]["lr"] == 0.01
    history = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [entry["epoch"] for entry in history] == [1, 2, 3, 4, 5, 6]
    with numpy.load(out / "model.npz", allow_pickle=False) as weights:
        assert weights["l1_x/W"].shape == (48, 12)


def test_what_it_learnt(straight, script):
    """The grammar has 4 x 3 x 4 sentences: an ideal model needs log(48) / 7 = 0.55 nats a word."""
    out, process = straight
    assert float(re.search(r"test +loss ([\d.]+)", process.stdout)[1]) < 1.0
    text = script("generate.py", out, "the", "--sentences", 30, "--seed", 1).stdout
    good = re.findall(
        r"^the (?:cat|dog|bird|fish) (?:sees|likes|chases) the (?:cat|dog|bird|fish) \.$", text, re.MULTILINE
    )
    assert len(good) >= 20, text


def same_weights(a, b):
    names = ("model.npz", "checkpoint.npz")
    with numpy.load(a / names[1]) as x, numpy.load(b / names[1]) as y:
        assert x.files == y.files
        for name in x.files:
            if name != "meta":  # holds words a second
                assert x[name].tobytes() == y[name].tobytes(), name
    assert (a / names[0]).read_bytes() == (b / names[0]).read_bytes()
    logs = [[json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()] for run in (a, b)]
    for entry in logs[0] + logs[1]:
        del entry["words_per_second"]
    assert logs[0] == logs[1]


def begin(*args):
    command = [sys.executable, ROOT / "train.py", *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")


def wait_for(stream, beginning):
    """What a process says on a stream up to a line that begins so, or to its end."""
    said = []
    for line in stream:
        said.append(line)
        if line.startswith(beginning):
            break
    return "".join(said)


def seconds_an_epoch(run):
    speeds = [json.loads(line)["words_per_second"] for line in (run / "log.jsonl").read_text().splitlines()]
    return 137 * 4 * 6 / min(speeds)


def stop(process, number, delay):
    """Send a signal some time from now, and see the process out; whether it came to the end of the training first."""
    time.sleep(delay)
    process.send_signal(number)
    output = process.communicate(timeout=60)
    return "test     loss" in output[0], output[1]


INT = pytest.param(signal.SIGINT, marks=pytest.mark.slow)  # which is handled as SIGTERM is


@pytest.mark.parametrize("number", [signal.SIGTERM, INT, signal.SIGKILL])
def test_stopped_anywhere_and_resumed_gives_the_same_bytes(straight, corpus, tmp_path, number):
    epoch, out = seconds_an_epoch(straight[0]), tmp_path / "run"
    process = begin(corpus, "-o", out, "-e", 6, *SMALL)
    wait_for(process.stdout, "epoch")
    finished, output = stop(process, number, random.uniform(0, 1.5 * epoch))
    status = -number if number == signal.SIGKILL else 128 + number
    assert finished or process.returncode == status, output
    if process.returncode == 128 + number:
        assert "stopped  in epoch" in output

    for _ in range(5):
        if finished:
            break
        process = begin("-o", out, "--resume", "-d", "cpu")
        assert "go on    in epoch" in wait_for(process.stderr, "go on")
        finished, output = stop(
            process, number, random.uniform(0, 2 * epoch) if number != signal.SIGKILL else 3 * epoch
        )
        # once a run says that it goes on, a signal that it can heed ends in a checkpoint or in a finished run
        assert finished or process.returncode == status, output

    # and where it comes at any moment of starting, nothing is lost either
    process = begin("-o", out, "--resume", "-d", "cpu")
    stop(process, number, random.uniform(0, 1.5))
    last = train("-o", out, "--resume", "-d", "cpu")
    assert last.returncode == 0, last.stderr
    same_weights(straight[0], out)


def test_precision_is_of_the_run_and_goes_on_with_it(straight, corpus, tmp_path):
    if native.extension() is None:
        assert "needs the native kernels" in refused(train(corpus, "-o", tmp_path / "run", "--precision", "bfloat16"))
        return
    out, whole = tmp_path / "half", tmp_path / "whole"
    first = train(corpus, "-o", out, "-e", 1, "--precision", "bfloat16", *SMALL)
    assert ", bfloat16, " in first.stderr
    second = train("-o", out, "--resume", "-e", 2, "-d", "cpu")
    assert ", bfloat16, " in second.stderr
    assert train(corpus, "-o", whole, "-e", 2, "--precision", "bfloat16", *SMALL).returncode == 0
    same_weights(whole, out)
    losses = [json.loads(line)["train_loss"] for line in (whole / "log.jsonl").read_text().splitlines()]
    wanted = [json.loads(line)["train_loss"] for line in (straight[0] / "log.jsonl").read_text().splitlines()[:2]]
    assert losses != wanted
    assert losses == pytest.approx(wanted, rel=0.05)
    third = train("-o", out, "--resume", "-e", 3, "-d", "cpu", "--precision", "float32")
    assert ", float32, " in third.stderr
    assert json.loads((out / "run.json").read_text())["recipe"]["precision"] == "float32"


def test_gradients_are_clipped(corpus, tmp_path):
    """With a norm of next to nothing, sgd's steps are next to nothing: losses do not fall."""
    losses = []
    for clip in (1e-6, 5):
        out = tmp_path / str(clip)
        done = train(corpus, "-o", out, "-e", 3, *SMALL, "--optimizer", "sgd", "--lr", 1, "-c", clip)
        assert done.returncode == 0, done.stderr
        losses.append([json.loads(line)["valid_loss"] for line in (out / "log.jsonl").read_text().splitlines()])
    assert losses[0][-1] == pytest.approx(losses[0][0], rel=1e-3)
    assert losses[1][-1] < 0.8 * losses[0][-1]


def test_a_stop_inside_an_epoch_says_how_to_go_on(corpus, tmp_path):
    out = tmp_path / "a run"
    process = begin(corpus, "-o", out, "-e", 500, "--patience", 500, *SMALL)
    wait_for(process.stdout, "epoch")
    error = stop(process, signal.SIGTERM, 0.05)[1]
    assert process.returncode == 128 + signal.SIGTERM
    line = error.strip().splitlines()[-1]
    assert re.match(
        rf"stopped  in epoch \d+, after window \d+; go on with: python train\.py -o '{out}' --resume -d cpu$", line
    )


def test_a_run_killed_before_its_first_epoch_ends_can_be_resumed(straight, corpus, tmp_path):
    out = tmp_path / "run"
    for _ in range(5):  # on a busy machine the epoch may end before we are heard
        process = begin(corpus, "-o", out, "-e", 6, "--force", *SMALL)
        wait_for(process.stderr, "engine")
        while not (out / "checkpoint.npz").exists():
            assert process.poll() is None
            time.sleep(0.005)
        process.kill()
        process.communicate()
        if not (out / "model.npz").exists():
            break
    assert not (out / "model.npz").exists()
    last = train("-o", out, "--resume", "-d", "cpu")
    assert last.returncode == 0, last.stderr
    same_weights(straight[0], out)


def test_the_best_model_is_kept_and_learning_slows_after_an_epoch_that_did_no_better(corpus, tmp_path):
    """At a learning rate this high the validation loss soon rises."""
    from tsuzuri.data.corpus import build_text_corpus
    from tsuzuri.text.settings import TextSettings
    from tsuzuri.training import evaluation
    from tsuzuri.training.run import load_run

    out = tmp_path / "run"
    process = train(corpus, "-o", out, "-e", 12, *SMALL, "--lr", "0.3", "--patience", "2", "--lr-decay", "0.9")
    assert process.returncode == 0, process.stderr
    history = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    losses = [entry["valid_loss"] for entry in history]
    assert [entry["best"] for entry in history] == [loss < min([9e9, *losses[:k]]) for k, loss in enumerate(losses)]
    for before, after in itertools.pairwise(history):
        assert after["lr"] == before["lr"] * (1 if before["best"] else 0.9)
    assert not history[-1]["best"], "the last epoch must not be the best, or this test shows nothing"
    valid = build_text_corpus([str(corpus)], settings=TextSettings(tokens="space"), least=1).valid
    kept = evaluation.evaluate_loss(load_run(str(out)).load_best(), valid)
    assert kept == pytest.approx(min(losses), rel=1e-6)
    again = train("-o", out, "--resume", "-d", "cpu")
    assert "patience  is used up: --patience above 2 goes on" in again.stderr
    assert len((out / "log.jsonl").read_text().splitlines()) == len(history)


def test_a_folder_with_files_of_these_names_is_left_alone(corpus, tmp_path):
    (tmp_path / "model.npz").write_text("precious")
    assert "holds model.npz already" in refused(train(corpus, "-o", tmp_path, *SMALL))
    assert os.listdir(tmp_path) == ["model.npz"]
    assert (tmp_path / "model.npz").read_text() == "precious"


def test_epochs_can_be_added_later(straight, corpus, tmp_path):
    out = tmp_path / "run"
    assert train(corpus, "-o", out, "-e", 2, *SMALL).returncode == 0
    assert train("-o", out, "-r", "-e", 6).returncode == 0
    same_weights(straight[0], out)


def test_a_run_is_not_overwritten(straight, corpus, tmp_path):
    out, _ = straight
    before = (out / "model.npz").read_bytes()
    assert "holds a run already: --resume goes on with it, --force replaces it" in refused(train(corpus, "-o", out))
    assert (out / "model.npz").read_bytes() == before
    again = tmp_path / "run"
    assert train(corpus, "-o", again, "-e", 1, *SMALL).returncode == 0
    assert train(corpus, "-o", again, "-e", 1, "--force", *SMALL).returncode == 0


def test_a_loss_that_is_not_finite_stops_at_once(corpus, tmp_path):
    out = tmp_path / "run"
    process = train(corpus, "-o", out, *SMALL, "--optimizer", "sgd", "--lr", "1e30", "-c", "1e30")
    line = refused(process)
    assert re.search(r"the loss became (nan|inf) in epoch 1, by window \d+; the best model and the last", line)
    with numpy.load(out / "checkpoint.npz") as kept:
        assert all(numpy.isfinite(kept[name]).all() for name in kept.files)


def test_a_full_disk_is_one_line_and_harms_nothing(straight, corpus, tmp_path):
    """A limit on the size of files fails writes as a full disk does: the checkpoint, the largest, no longer fits."""
    out = tmp_path / "run"
    assert train(corpus, "-o", out, "-e", 2, *SMALL).returncode == 0
    whole = {path.name: path.read_bytes() for path in out.iterdir()}
    limit = len(whole["checkpoint.npz"]) - 1000
    process = train(
        *("-o", out, "--resume"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert re.search(r"checkpoint\.npz: cannot be written: .*what was there before is unchanged", refused(process))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == whole


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder(corpus, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "cannot be made: Permission denied" in refused(train(corpus, "-o", tmp_path / "closed" / "run", *SMALL))


def test_a_run_that_cannot_be_made(corpus, tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be made: Not a directory" in refused(train(corpus, "-o", tmp_path / "file" / "run", *SMALL))


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ([], "-o/--out is missing"),
        (["-o", "x"], "no corpus"),
        (["none.txt", "-o", "x"], "none.txt: no such file or folder"),
        (["README.md", "-o", "x", "-u", "0"], "--unit: 0 is out of range: must be 1 or more"),
        (["README.md", "-o", "x", "--dropout", "0.99"], "0.99 is out of range: must be 0 or more, at most 0.95"),
        (["README.md", "-o", "x", "--lr", "nan"], "nan is out of range"),
        (["README.md", "-o", "x", "-e", "many"], "--epoch: many is not a whole number: must be 1 or more"),
        (
            ["README.md", "-o", "x", "--tokens", "bpe"],
            "--tokens: bpe is unknown: must be one of auto, mecab, char, space",
        ),
        (["README.md", "-o", "x", "--nonsense"], "--nonsense: no such option: --help lists the options"),
        (["README.md", "-o", "x", "-d", "tpu"], "--device tpu: must be auto, cpu, gpu or gpu:N"),
        (["README.md", "-o", "x", "-d", "gpu:77"], "--device gpu:77: CuPy finds"),
        (["corpus/stories", "-o", "x", "-b", "5000"], "words to train on, at least 180000 are needed"),
        (["-o", "none", "-r"], "none: not a run"),
        (["-o", "none", "-r", "-u", "5"], "--unit cannot be given with --resume: only --device, --epoch, --pat"),
    ],
)
def test_what_train_refuses(script, args, reason):
    assert reason in refused(script("train.py", *args))
    assert not (ROOT / "x").exists()


def test_hyphens_and_underscores_are_alike(corpus, tmp_path):
    out = tmp_path / "run"
    assert train(corpus, "-o", out, "-e", 1, "--min_count=1", "--lr_decay", "0.7", *SMALL).returncode == 0
    assert json.loads((out / "run.json").read_text())["recipe"]["lr_decay"] == 0.7


def test_a_text_that_changed_is_not_resumed(corpus, tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text(corpus.read_text())
    assert train(path, "-o", tmp_path / "run", "-e", 1, *SMALL).returncode == 0
    path.write_text(corpus.read_text().replace("cat", "cow", 1))
    assert "no longer the corpus" in refused(train("-o", tmp_path / "run", "--resume"))


def test_on_a_terminal_there_is_a_bar(corpus, tmp_path):
    pty = pytest.importorskip("pty", reason="no pseudo-terminals here")
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    process = subprocess.Popen(
        [sys.executable, ROOT / "train.py", corpus, "-o", tmp_path / "run", "-e", "2", *SMALL],
        stdout=subprocess.PIPE,
        stderr=slave,
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            data = os.read(master, 4096)
        except OSError:
            break
        if not data:
            break
        shown += data
    process.communicate(timeout=60)
    os.close(master)
    assert re.search(r"epoch 1/2: +\d+%.*\| \d\d:\d\d, \d\d:\d\d left, loss \d\.\d+, [\d,]+ words/s", shown.decode())


# generate.py


def test_the_same_seed_writes_the_same_text(straight, script):
    out, _ = straight
    first = script("generate.py", out, "the", "--length", 30, "--seed", 5)
    assert first.returncode == 0
    assert first.stderr == "seed 5\n"
    assert first.stdout.startswith("the ")
    assert len(first.stdout.split()) > 20
    assert script("generate.py", out, "the", "--length", 30, "--seed", 5).stdout == first.stdout
    again = script("generate.py", "-m", out, "-p", "the", "--length", 30, "--seed", 5, "-o", out / "text")
    assert again.stdout == ""
    assert (out / "text").read_text() == first.stdout
    (out / "text").unlink()


def test_a_seed_that_is_not_given_is_told(straight, script):
    out, _ = straight
    first = script("generate.py", out, "--length", 40)
    seed = re.fullmatch(r"seed (\d+)\n", first.stderr)[1]
    assert script("generate.py", out, "--length", 40, "--seed", seed).stdout == first.stdout


def test_several_texts(straight, script):
    out, _ = straight
    text = script("generate.py", out, "-n", 3, "--sentences", 2, "--seed", 2).stdout
    parts = re.split(r"======== \d of 3 ========\n", text)
    assert parts[0] == ""
    assert [part.count(".") for part in parts[1:]] == [2, 2, 2]
    assert len(set(parts[1:])) == 3


def test_temperature_zero_needs_no_luck(straight, script):
    out, _ = straight
    plain = ("generate.py", out, "the", "--temperature", 0, "--escape", "off", "--seed")
    assert len({script(*plain, seed).stdout for seed in (1, 2)}) == 1


def test_unknown_words(straight, script):
    out, _ = straight
    line = refused(script("generate.py", out, "the catt"))
    assert line.startswith("'catt': not a known word;")
    assert "cat" in line
    assert "--unk skip" in line
    skipped = script("generate.py", out, "the catt", "--unk", "skip", "--seed", 1, "--length", 5)
    assert skipped.stderr == "note: without catt\nseed 1\n"
    nearest = script("generate.py", out, "the catt", "--unk", "nearest", "--seed", 1, "--length", 5)
    assert "note: cat for catt" in nearest.stderr
    assert nearest.stdout.startswith("the cat ")


def test_unk_is_never_written(corpus, tmp_path, script):
    """With a vocabulary of six, most words are <unk> in training."""
    out = tmp_path / "run"
    assert train(corpus, "-o", out, "-e", 2, "--vocab-size", 6, *SMALL).returncode == 0
    text = script("generate.py", out, "--length", 500, "--seed", 3).stdout
    assert "unk" not in text
    assert len(text.split()) > 300


def test_text_is_shown_as_it_is_made(straight):
    out, _ = straight
    process = subprocess.Popen(
        [sys.executable, ROOT / "generate.py", out, "the", "--length", "1000000", "--seed", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout.read(200).startswith(b"the ")  # long before the end
    process.stdout.close()
    assert process.wait(timeout=20) == 128 + signal.SIGPIPE
    assert process.stderr.read() == b"seed 1\n"
    process.stderr.close()


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ([], "no run directory"),
        (["none"], "none: not a run (it holds no run.json; train.py -o none makes one)"),
        (["tests"], "tests: not a run"),
        (["RUN", "a", "-p", "b"], "one run directory and one text to begin with are enough"),
        (["RUN", "--temperature", "-1"], "-1 is out of range: must be 0 or more"),
        (["RUN", "--top-p", "1.5"], "1.5 is out of range: must be above 0, at most 1"),
        (["RUN", "-o", "README.md/text"], "README.md/text: cannot be written: Not a directory"),
    ],
)
def test_what_generate_refuses(straight, script, args, reason):
    args = [str(straight[0]) if arg == "RUN" else arg for arg in args]
    assert reason in refused(script("generate.py", *args))


def test_an_articles_snapshot_in_place_of_the_weights_generates(straight, script, tmp_path):
    """A snapshot that Chainer's own serializer wrote, compressed, is as good as ours."""
    import shutil

    from tsuzuri.training.run import load_run

    out = shutil.copytree(straight[0], tmp_path / "run")
    model = load_run(str(out)).load_best()
    chainer.serializers.save_npz(out / "model.npz", model)
    wanted = script("generate.py", straight[0], "the", "--seed", 1).stdout
    assert script("generate.py", out, "the", "--seed", 1).stdout == wanted


def test_help_answers_at_once(script):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        assert "usage: generate.py" in script("generate.py", "--help").stdout
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5
