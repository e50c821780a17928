"""The running mean of the weights, weight decay, and the learning rate as a training goes on."""

import json
import math
import types

import numpy
import pytest

from tsuzuri.cli import train
from tsuzuri.compat import chainer
from tsuzuri.errors import UserError
from tsuzuri.models.rnn import RNN, Sizes
from tsuzuri.training import averaging, schedules
from tsuzuri.training.optimizers import OPTIMIZERS
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import LanguageModelRecipe


def test_the_mean_is_of_the_last_fifth_at_first_and_decays_then(rng):
    values = rng.normal(size=(30, 3, 4)).astype("f")
    model = types.SimpleNamespace(xp=numpy, namedparams=lambda: [("/w", param)])
    param = types.SimpleNamespace(array=values[0].copy())
    mean, want = averaging.WeightAverage(model, 0.7), numpy.zeros((3, 4))
    for n, value in enumerate(values, start=1):
        param.array[...] = value
        mean.take(n)
        rate = max(0.3, 5 / (n + 4))
        want = (1 - rate) * want + rate * value
    assert numpy.allclose(mean.arrays["w"], want, atol=1e-6)
    with mean.in_place():
        assert param.array is mean.arrays["w"]
    assert (param.array == values[-1]).all()


@pytest.mark.parametrize("size", [1, 5, averaging.BLOCK, 3 * averaging.BLOCK + 7])
def test_blocks_do_not_show(rng, size):
    mean, values = rng.normal(size=(2, size)).astype("f")
    want = mean + numpy.float32(0.3) * (values - mean)
    averaging.mean_of(mean, values, 0.3)
    assert (mean == want).all()


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_weight_decay_shrinks_matrices_alone(name):
    made = {}
    for decay in (0.0, 0.1):
        model = RNN(Sizes(9, 4, 0.0), numpy.random.default_rng(1))
        before = {path: param.array.copy() for path, param in model.namedparams()}
        optimizer = OPTIMIZERS[name].make(0.01, decay=decay)
        optimizer.setup(model)
        xs = numpy.random.default_rng(2).integers(0, 9, (4, 2)).astype("i")
        loss = model(xs[:-1], xs[1:])
        model.cleargrads()
        loss.backward()
        optimizer.update()
        made[decay] = {path: param.array - before[path] for path, param in model.namedparams()}
    for path, change in made[0.1].items():
        shrunk = 0.01 * 0.1 * before[path] if change.ndim > 1 else 0
        assert numpy.allclose(change, made[0.0][path] - shrunk, atol=2e-7), path


def test_schedules():
    def rates(schedule, warmup=0.0, lr=0.5):
        recipe = LanguageModelRecipe(lr=0.002, schedule=schedule, warmup=warmup)
        return [schedules.learning_rate(recipe, lr, done) for done in (0.05, 0.1, 0.55, 1.0)]

    assert rates("stalls") == [0.5] * 4
    assert rates("stalls", 0.1) == pytest.approx([0.25, 0.5, 0.5, 0.5])
    assert rates("linear", 0.1) == pytest.approx([0.001, 0.002, 0.001, 0])
    assert rates("cosine", 0.1) == pytest.approx([0.001, 0.002, 0.001, 0])
    assert rates("cosine")[0] == pytest.approx(0.002 * (1 + math.cos(0.05 * math.pi)) / 2)


ALL = (
    *("--tie", "on", "--locked", "on", "--embed", "6", "--layers", "3", "--dropout-weights", "0.3"),
    *("--dropout-words", "0.2", "--ar", "0.1", "--tar", "0.1", "--weight-decay", "0.1", "--average", "0.9"),
    *("--schedule", "cosine", "--warmup", "0.2", "--label-smoothing", "0.1"),
)


def test_a_training_with_all_of_it_stops_and_goes_on_to_the_same_bytes(tmp_path, monkeypatch):
    text = tmp_path / "a.txt"
    text.write_text("the cat sat on the mat and the dog sat on the log\n" * 60)
    command = [str(text), "--tokens", "space", "-u", "8", "-b", "4", "-l", "9", "-d", "cpu", "--precision", "float32"]
    assert train.main([*command, "-o", str(tmp_path / "whole"), "-e", "4", *ALL]) == 0
    assert train.main([*command, "-o", str(tmp_path / "parts"), "-e", "4", *ALL, "--max-hours", "1e-9"]) == 0
    assert not (tmp_path / "parts" / "log.jsonl").read_text()  # an epoch that has not ended is in no history
    assert load_run(str(tmp_path / "parts")).load_best()
    with pytest.raises(UserError, match=r"^--tie off: "):
        train.main(["-o", str(tmp_path / "parts"), "--resume", "--tie", "off"])
    with pytest.raises(UserError, match=r"^--label-smoothing 0\.2: .* has 0\.1, and with --resume only "):
        train.main(["-o", str(tmp_path / "parts"), "--resume", "--label-smoothing", "0.2"])
    assert train.main(["-o", str(tmp_path / "parts"), "--resume", "--max-hours", "1"]) == 0
    states = [numpy.load(tmp_path / run / "checkpoint.npz") for run in ("whole", "parts")]
    assert any(name.startswith("average/") for name in states[0].files)
    for name in states[0].files:
        if name not in ("meta", "run"):
            assert states[0][name].tobytes() == states[1][name].tobytes(), name
    best = load_run(str(tmp_path / "whole"))
    assert best.sizes.tied
    assert best.sizes.layers == 3
    lrs = [json.loads(line)["lr"] for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    assert lrs[-1] < lrs[1]
    assert chainer.config.train


def test_hours_that_end_within_an_epoch_change_nothing(tmp_path):
    """No patience is lost, and no rate: the training that goes on is the one that was never ended."""
    text = tmp_path / "a.txt"
    text.write_text("the cat sat on the mat and the dog sat on the log\n" * 60)
    command = [str(text), "--tokens", "space", "-u", "8", "-b", "4", "-l", "9", "-d", "cpu", "--sample-every", "0"]
    command += ["--lr", "0.3", "--patience", "9", "-e", "3"]
    assert train.main([*command, "-o", str(tmp_path / "whole")]) == 0
    assert train.main([*command, "-o", str(tmp_path / "parts"), "--max-hours", "1e-9"]) == 0
    assert train.main([*command, "-o", str(tmp_path / "parts"), "--max-hours", "1", "--resume"]) == 0
    made = [numpy.load(tmp_path / run / "checkpoint.npz") for run in ("whole", "parts")]
    assert all(
        made[0][name].tobytes() == made[1][name].tobytes() for name in made[0].files if name not in ("meta", "run")
    )
    histories = [[json.loads(line) for line in (tmp_path / run / "log.jsonl").open()] for run in ("whole", "parts")]
    for entry in [*histories[0], *histories[1]]:
        del entry["words_per_second"]
    assert histories[0] == histories[1]
