"""What the benchmarks say is so: each fault of music is found, speeds are of equal work."""

import math
import os
import sys
from types import SimpleNamespace

import pytest

from benchmarks import classifier as accuracy
from benchmarks import floor, loaded_speed, music_proof, train_speed, trainers
from tsuzuri.midi.file import smf
from tsuzuri.models import rnn
from tsuzuri.options import command_line
from tsuzuri.options.classify import TRAIN


def written(path, *events):
    """A MIDI file of events in hex."""
    track = smf.make_track([(tick, bytes.fromhex(message)) for tick, message in events])
    path.write_bytes(smf.write_smf(smf.MidiFile(0, 480, [track], [])))
    return path


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ([(0, "904050"), (9, "804000")], None),
        ([(0, "904050"), (0, "804000")], "of no length"),
        ([(0, "904050"), (5, "904050"), (9, "804000")], "struck while it sounds"),
        ([(0, "904050")], "stuck"),
        ([(0, "804000")], "no note to end"),
        ([(0, "904050"), (1, "b0407f"), (9, "804000")], "pedal 0"),
    ],
)
def test_faults_are_found(tmp_path, events, fault):
    _, wrong = music_proof.faults(written(tmp_path / "a.mid", *events))
    assert any(fault in each for each in wrong) if fault else wrong == []


SIZE = (50, 8, 3, 4)  # V, N, B, T


def test_the_article_and_numpy_compute_the_same_losses_and_are_timed_in_turn(monkeypatch):
    monkeypatch.setattr(train_speed, "SECONDS", 0.01)
    monkeypatch.setattr(train_speed, "TRIAL", 0.01)
    workers = train_speed.measure(SIZE, ["article", "numpy"], "layers", rounds=1)
    assert [(worker.name, len(worker.losses), len(worker.speeds)) for worker in workers] == [
        ("article", 3, 1),
        ("numpy", 3, 1),
    ]
    assert all(worker.process.returncode == 0 for worker in workers)
    assert all(worker.peak > 10 for worker in workers)  # MB, and a Python alone has more


XS = train_speed.batch(*(SIZE[axis] for axis in (0, 2, 3)))


@pytest.mark.parametrize("name", [name for name in trainers.KINDS if "compiled" not in name])
@pytest.mark.parametrize("place", trainers.DROPOUT_ON)
def test_every_contender_learns_as_the_article_s_does_and_drops_where_it_is_asked(name, place):
    article = trainers.TheArticles(*SIZE[:2], 0.0, place)
    wanted = [article.train(XS) for _ in range(3)]
    make, precision, _ = trainers.KINDS[name]
    try:
        contender = make(*SIZE[:2], 0.0, place)
        losses = [contender.train(XS) for _ in range(3)]
    except trainers.MissingError as missing:
        pytest.skip(str(missing))
    assert losses == pytest.approx(wanted, rel=train_speed.TOLERANCE[precision])
    assert losses[2] < losses[0]
    dropped = make(*SIZE[:2], 0.5, place).train(XS)
    assert math.isfinite(dropped)
    assert dropped != losses[0]


def worker_of(name, losses, speeds, missing=None):
    return SimpleNamespace(name=name, losses=losses, speeds=speeds, missing=missing, threads=2, peak=100.0)


def test_losses_must_agree_to_the_coarser_of_two_precisions():
    first = worker_of("article", [4.0, 3.0], [1])
    near, far = [4.0, 3.0001], [4.0, 3.01]
    assert train_speed.differing([first, worker_of("ours", near, [1]), worker_of("ours-bfloat16", far, [1])]) == []
    assert train_speed.differing([first, worker_of("ours", far, [1])]) == ["ours"]
    assert train_speed.differing([first, worker_of("ours-bfloat16", [4.0, 3.1], [1])]) == ["ours-bfloat16"]
    assert train_speed.differing([first, worker_of("pytorch", None, [], "no torch")]) == []


def test_the_rows_of_training():
    machine = floor.Machine(1e12, 4e12, 1e9, 1e9)
    workers = [
        worker_of("article", [1.0], [10.0, 30.0]),
        worker_of("ours", [1.0], [40.0, 90.0]),
        worker_of("pytorch", [1.0], [20.0, 60.0]),
        worker_of("pytorch-compiled", None, [], "no compiler"),
    ]
    rows = {row[1]: row for row in train_speed.rows(SIZE, workers, machine)}
    assert {len(row) for row in rows.values()} == {9}
    assert rows["article"][4:6] == ["1.00", "0.50"]
    assert rows["ours"][2:6] == ["65", "2", "3.50", "1.75"]  # medians of 4 and 3, of 2 and 1.5
    assert rows["pytorch-compiled"][2] == "cannot here: no compiler"


def test_the_floor_counts_each_product_and_each_weight_s_way():
    words, units, streams, steps = SIZE
    model = rnn.Sizes(words, units).shapes()
    matrices = [shape for name, shape in model.items() if name.endswith("W") and name != "l0/W"]
    forward = sum(2 * rows * columns for rows, columns in matrices)
    assert train_speed.operations(words, units) == 3 * forward
    still = floor.Machine(1.0, 1.0, math.inf, math.inf)
    assert train_speed.seconds_at_least(SIZE, "float32", still) == 3 * forward * streams * steps
    slow = floor.Machine(math.inf, math.inf, math.inf, 1.0)
    every = sum(math.prod(shape) for shape in model.values())
    assert train_speed.seconds_at_least(SIZE, "float32", slow) == 4 * every * 8


def test_the_floor_is_measured():
    rates = floor.products("float32", side=64, seconds=0)
    assert rates["NumPy"] > 1e6
    read, change = floor.memory(1 << 20, seconds=0)
    assert read > 1e6
    assert change > 1e6


def test_a_load_runs_beside_and_ends():
    with loaded_speed.load(loaded_speed.QUIET) as nothing:
        assert nothing is None
    with loaded_speed.load(loaded_speed.LOADED) as busy:
        assert busy.poll() is None
    assert busy.returncode
    if hasattr(os, "sched_setaffinity"):
        with loaded_speed.load(loaded_speed.PINNED) as busy:
            assert len(os.sched_getaffinity(busy.pid)) == 1


def test_the_rows_under_load():
    workers = [worker_of("ours", [1.0], []), worker_of("pytorch", [1.0], [])]
    speeds = {loaded_speed.QUIET: ([100.0, 80.0], [50.0, 50.0]), loaded_speed.LOADED: ([50.0, 80.0], [10.0, 10.0])}
    quiet, loaded = (row[2:] for row in loaded_speed.rows(SIZE, workers, speeds))
    assert quiet == ["ours, 2 threads", "90", "1.00", "pytorch, 2 threads", "50", "1.00", "1.80"]
    assert loaded == ["ours, 2 threads", "65", "1.50", "pytorch, 2 threads", "10", "5.00", "6.50"]


def sentiment(folder):
    """A folder like that of the real sentences, a few of which are in two collections, parted differently."""
    for name, cue in (("pos", "fine"), ("neg", "dull")):
        lines = [f"it's a {cue} film , number {n}\n" for n in range(20)]
        (folder / f"rt-polarity.{name}").write_text("".join(lines))
    both = [f"0 it 's a fine film, number {n}\n" for n in range(20)]
    (folder / "subj.all").write_text("".join([*both, *(f"1 a plot of {n} men\n" for n in range(20))]))
    return str(folder)


def test_what_a_fold_holds_out_is_in_neither_its_training_nor_its_unlabeled_texts(tmp_path):
    folder = sentiment(tmp_path)
    seen = set()
    for fold in range(accuracy.FOLDS):
        training, valid, test = accuracy.parts(folder, "mr", fold)
        assert valid is None
        texts = {example.text for example in test}
        seen |= texts
        assert not texts & {example.text for example in training}
        held = {accuracy.letters(text) for text in texts}
        free = accuracy.unlabeled(folder, training, test, fold)
        assert not held & {accuracy.letters(text) for text in free}
        assert len(free) == len(training) + 40 - sum("fine" in text for text in texts)
    assert len(seen) == 40


@pytest.mark.parametrize("name", accuracy.ROWS)
def test_a_rows_options_are_options_and_a_rate_that_falls_has_a_last_epoch(name):
    options = accuracy.ROWS[name].options
    given = command_line.read_command_line(TRAIN, options)
    flags = [option for option in options if option.startswith("-")]
    assert len(given) == len(flags)  # none of them twice
    assert ("schedule" in given) == ("epoch" in given)


def test_figures_of_another_recipe_are_not_taken_for_these(tmp_path, monkeypatch, capsys):
    made = []

    def run(folder, out, name, fold, vectors):
        made.append((name, fold))
        entry = {"train_error": 0.1, "valid_error": 0.2, "test_error": 0.25, "epochs": 1.0, "best": True}
        return {"accuracy": 0.75, "history": [entry], "start": {}}

    monkeypatch.setattr(accuracy, "run", run)
    for patience in ("4", "4", "5"):
        monkeypatch.setattr(accuracy, "PATIENCE", ["--patience", patience])
        command = ["x", str(tmp_path), "-o", str(tmp_path / "out"), "--rows", "mr-lstm", "--folds", "2"]
        monkeypatch.setattr(sys, "argv", command)
        accuracy.main()
    assert made == [("mr-lstm", 0), ("mr-lstm", 1)] * 2
    assert "| mr | LSTM, mean | chance | 75.0 ± 0.0 | 2 | 1 |" in capsys.readouterr().out
    assert (tmp_path / "out" / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_fold_that_was_interrupted_is_not_kept():
    with pytest.raises(SystemExit) as ended:
        accuracy.quietly(lambda _: 130, [])
    assert ended.value.code == 130
