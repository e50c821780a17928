"""What a training cannot do is said in one line, and harms nothing that was there before."""

import os
import re
import resource

import numpy
import pytest

from tests.cli.text import SMALL, train
from tests.conftest import ROOT, refused

pytestmark = pytest.mark.usefixtures("no_pictures")  # but for the run that they share, which is made before


def test_a_folder_with_files_of_these_names_is_left_alone(corpus, tmp_path):
    (tmp_path / "model.npz").write_text("precious")
    assert "holds model.npz already" in refused(train(corpus, "-o", tmp_path, *SMALL))
    assert os.listdir(tmp_path) == ["model.npz"]
    assert (tmp_path / "model.npz").read_text() == "precious"


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
    hopeless = ("--recipe", "plain", "--optimizer", "sgd", "--lr", "1e30", "-c", "1e30")
    process = train(corpus, "-o", out, *SMALL, *hopeless)
    line = refused(process)
    assert re.search(r"the loss became (nan|inf) in epoch 1, by window \d+; the last checkpoint is kept", line)
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
        (["-o", "none", "-r"], "none: no such folder"),
        (["-o", "none", "-r", "-u", "5"], "none: no such folder"),
    ],
)
def test_what_train_refuses(script, args, reason):
    assert reason in refused(script("train.py", *args))
    assert not (ROOT / "x").exists()


def test_a_text_that_changed_is_not_resumed(corpus, tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text(corpus.read_text())
    assert train(path, "-o", tmp_path / "run", "-e", 1, *SMALL).returncode == 0
    path.write_text(corpus.read_text().replace("cat", "cow", 1))
    assert "no longer the corpus" in refused(train("-o", tmp_path / "run", "--resume"))
