"""Two trainings of one process on one run: the second is refused, and the run can be used meanwhile and afterwards."""

import os
import threading

import pytest

import tsuzuri
from tests.api.conftest import SMALL, TEXT

FEW = SMALL | {"sample_every": 0}


@pytest.mark.parametrize("second", ["train", "force", "resume"])
def test_a_second_training_of_one_run_is_refused_and_the_first_is_not_disturbed(tmp_path, second):
    refusals, drawn = [], []

    def again():
        try:
            if second == "resume":
                tsuzuri.resume(tmp_path / "run", epoch=50)
            else:
                tsuzuri.train(texts=[TEXT], out=tmp_path / "run", **FEW | {"seed": 9}, force=second == "force")
        except tsuzuri.UserError as error:
            refusals.append(str(error))

    def listen(event):
        if event.kind == "epoch" and not refusals:
            thread = threading.Thread(target=again)
            thread.start()
            thread.join()
            drawn.append(tsuzuri.load(tmp_path / "run").generate("a", length=4, seed=1))

    run = tsuzuri.train(texts=[TEXT], out=tmp_path / "run", callback=listen, **FEW)
    assert len(drawn) == 1
    (line,) = refusals
    assert line.startswith(f"{tmp_path / 'run'}: process {os.getpid()} on ")
    assert line.endswith(" is training it: one at a time")
    straight = tsuzuri.train(texts=[TEXT], out=tmp_path / "straight", **FEW)
    for name in ("model.npz", "vocabulary.txt"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "straight" / name).read_bytes()
    assert run.generate("a", length=8, seed=1) == straight.generate("a", length=8, seed=1)
    assert sorted(os.listdir(tmp_path)) == ["run", "straight"]
    assert ".lock" not in os.listdir(tmp_path / "run")


def test_two_that_begin_together_where_there_is_nothing(tmp_path):
    barrier, ended = threading.Barrier(2), []

    def work(seed):
        barrier.wait()
        try:
            ended.append(tsuzuri.train(texts=[TEXT], out=tmp_path / "run", **FEW | {"seed": seed}))
        except tsuzuri.UserError as error:
            ended.append(str(error))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [end for end in ended if isinstance(end, str)]
    assert len(lines) == 1
    assert "is training it: one at a time" in lines[0] or "holds a run already" in lines[0]
    assert tsuzuri.load(tmp_path / "run").generate("a", length=4)
    assert os.listdir(tmp_path) == ["run"]


def test_a_training_that_cannot_begin_leaves_nothing(tmp_path):
    with pytest.raises(tsuzuri.UserError, match="no such file"):
        tsuzuri.train([tmp_path / "none"], tmp_path / "new" / "run")
    assert os.listdir(tmp_path) == []
