"""A training goes on where its files lie by now, and by the command that began it."""

import json
import os
import shutil

import pytest

import tsuzuri
from tests.cli import run_command
from tests.conftest import ROOT, refused

pytestmark = pytest.mark.usefixtures("no_pictures")

TEXT = "".join(f"the {a} sees the {b} .\n" for a in ("cat", "dog", "owl") * 4 for b in "abcdefgh")
LETTERS = "".join(f"good\ta fine day {n}\nbad\ta poor day {n}\n" for n in range(30))
SMALL = {
    "text": ["train.py", "--tokens", "space", "-u", 6, "-b", 3, "-l", 6, "--min-count", 1, "--lr", 0.01],
    "music": ["train.py", "-u", 8, "-b", 2, "-l", 8, "--grid", 12, "--transpose", "0..1", "--stretch", "0.9"],
    "classes": ["classify.py", "train", "-u", 4, "-b", 8, "--dropout", 0.3, "--use-dropout", "off", "--maxlen", 9],
}  # fmt: skip


@pytest.fixture(params=SMALL)
def project(request, tmp_path):
    """The words that train, a folder that holds the corpus and the run, and the corpus."""
    folder, kind = tmp_path / "project", request.param
    folder.mkdir()
    corpus = folder / {"text": "a.txt", "music": "tunes", "classes": "a.tsv"}[kind]
    if kind == "music":
        corpus.mkdir()
        for tune in sorted((ROOT / "corpus" / "tunes").glob("*.mid"))[:12]:
            shutil.copy(tune, corpus)
    else:
        corpus.write_text(TEXT if kind == "text" else LETTERS)
    command = [*SMALL[kind], "-o", folder / "run", "-d", "cpu"]
    fine(*command, "-e", 1, corpus)
    return command, folder, corpus


def fine(*command):
    done = run_command(*command)
    assert done.returncode == 0, done.stderr
    return done


def going_on(command, run):
    return [*command[: 1 if command[0] == "train.py" else 2], "-o", run, "--resume", "-d", "cpu"]


def epochs(run):
    return len((run / "log.jsonl").read_text().splitlines())


def about(run):
    return json.loads((run / "run.json").read_text())


def test_a_corpus_that_moved_is_named_and_kept(project, tmp_path):
    command, folder, corpus = project
    run, new = folder / "run", tmp_path / "elsewhere" / corpus.name
    resume = going_on(command, run)
    new.parent.mkdir()
    corpus.rename(new)
    before = (run / "run.json").read_bytes()
    assert refused(run_command(*resume, "-e", 2)) == (
        f"{corpus}: is gone, and {run} learns from it: PATH with --resume says where"
    )
    assert (run / "run.json").read_bytes() == before
    fine(*resume, "-e", 2, new)
    assert about(run)["corpus"]["corpus"] == [str(new)]
    assert about(run)["corpus"]["relative"]["corpus"] == [f"../../elsewhere/{corpus.name}"]
    fine(*resume, "-e", 3)  # which knows the place by now
    assert epochs(run) == 3


def test_a_project_that_moved_goes_on_by_itself(project, tmp_path):
    command, folder, corpus = project
    moved = folder.rename(tmp_path / "renamed")
    fine(*going_on(command, moved / "run"), "-e", 2)
    assert epochs(moved / "run") == 2
    deep = tmp_path / "other" / "deep"
    deep.mkdir(parents=True)
    corpus.parent.mkdir()
    (moved / corpus.name).rename(corpus)  # and where the run alone was moved, the corpus is where it was
    run = (moved / "run").rename(deep / "run")
    fine(*going_on(command, run), "-e", 3)
    assert epochs(run) == 3


def test_the_command_that_began_it_goes_on(project, tmp_path):
    command, folder, corpus = project
    fine(*command, "-e", 2, corpus, "--resume")
    before = (folder / "run" / "run.json").read_bytes()
    straight = [folder / "straight" if word == folder / "run" else word for word in command]
    fine(*straight, "-e", 2, corpus)
    for name in ("model.npz", "vocabulary.txt"):
        assert (folder / "run" / name).read_bytes() == (folder / "straight" / name).read_bytes()
    assert about(folder / "run")["id"] == about(folder / "straight")["id"]
    for option, value, has in (("--unit", 99, None), ("--seed", 3, 0), ("--lr", 0.5, None), ("--batchsize", 64, None)):
        line = refused(run_command(*command, corpus, "--resume", option, value))
        assert line.startswith(f"{option} {value}: {folder / 'run'} has {'' if has is None else has}")
        assert ", and with --resume only --device, " in line
    assert (folder / "run" / "run.json").read_bytes() == before


def test_another_corpus_is_not_taken(project, tmp_path):
    command, folder, corpus = project
    other = tmp_path / corpus.name
    if corpus.is_dir():
        shutil.copytree(corpus, other)
        os.unlink(next(other.iterdir()))
    else:
        other.write_text(corpus.read_text().replace("fine", "good").replace("cat", "cow"))
    before = (folder / "run" / "run.json").read_bytes()
    line = refused(run_command(*going_on(command, folder / "run"), "-e", 2, other))
    assert line.startswith(f"{other}: not the ")
    assert line.endswith(f" that {folder / 'run'} was trained on")
    assert (folder / "run" / "run.json").read_bytes() == before


def test_files_of_validation_and_test_move_too(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(f"{TEXT}{name} is another text\n")
    out = tmp_path / "run"
    held = ["--valid", tmp_path / "b", "--test", tmp_path / "c"]
    fine(*SMALL["text"], tmp_path / "a", *held, "-o", out, "-e", 1, "-d", "cpu")
    (tmp_path / "b").rename(tmp_path / "moved")
    resume = going_on(SMALL["text"], out)
    assert f"{tmp_path / 'b'}: is gone, and {out} learns from it: --valid PATH" in refused(run_command(*resume))
    fine(*resume, "-e", 2, "--valid", tmp_path / "moved")
    assert about(out)["corpus"]["valid"] == [str(tmp_path / "moved")]
    assert about(out)["corpus"]["test"] == [str(tmp_path / "c")]


def test_positive_and_negative_lines_move_together(tmp_path):
    for name in ("pos", "neg"):
        (tmp_path / name).write_text("".join(f"a {name} day {n}\n" for n in range(30)))
    out, small = tmp_path / "run", ["classify.py", "train", "-u", 4, "-b", 8, "-d", "cpu"]
    fine(*small, "--pos", tmp_path / "pos", "--neg", tmp_path / "neg", "-o", out, "-e", 1)
    for name in ("pos", "neg"):
        (tmp_path / name).rename(tmp_path / f"{name}2")
    resume = going_on(small, out)
    assert "name labeled examples: a corpus, or --pos and --neg files" in refused(
        run_command(*resume, "--pos", tmp_path / "pos2")
    )
    fine(*resume, "-e", 2, "--pos", tmp_path / "pos2", "--neg", tmp_path / "neg2")
    assert about(out)["corpus"]["neg"] == [str(tmp_path / "neg2")]


def test_a_folder_of_splits_is_named_as_it_was(tmp_path):
    for split in ("train", "test"):
        for label in ("good", "bad"):
            (tmp_path / "reviews" / split / label).mkdir(parents=True)
            for n in range(12):
                (tmp_path / "reviews" / split / label / f"{n}.txt").write_text(f"a {label} day {n % 5}\n")
    command = ["classify.py", "train", "-o", tmp_path / "run", "-u", 4, "-b", 8, "-d", "cpu"]
    fine(*command, tmp_path / "reviews", "-e", 1)
    moved = (tmp_path / "reviews").rename(tmp_path / "imdb")
    fine(*command, moved, "-e", 2, "--resume")
    assert about(tmp_path / "run")["corpus"]["test"] == [str(moved / "test")]


def test_python_names_files_again_too(project, tmp_path):
    command, folder, corpus = project
    moved = corpus.rename(tmp_path / corpus.name)
    with pytest.raises(tsuzuri.UserError, match=r"is gone, and .* learns from it: PATH with resume=True says where"):
        tsuzuri.resume(folder / "run", epoch=2, device="cpu")
    tsuzuri.resume(folder / "run", corpus=moved, epoch=2, device="cpu")
    again = tsuzuri.train_classifier if command[0] == "classify.py" else tsuzuri.train
    again(moved, folder / "run", resume=True, epoch=3, unit=command[command.index("-u") + 1], device="cpu")
    assert epochs(folder / "run") == 3


def test_strings_that_a_run_keeps_go_with_it(tmp_path):
    how = {"tokens": "space", "unit": 5, "batchsize": 3, "bproplen": 6, "min_count": 1, "device": "cpu"}
    tsuzuri.train(texts=[TEXT], out=tmp_path / "run", epoch=1, **how)
    moved = (tmp_path / "run").rename(tmp_path / "moved")
    assert about(moved)["corpus"]["relative"]["corpus"] == [None]
    tsuzuri.resume(moved, epoch=2, device="cpu")
    assert epochs(moved) == 2
