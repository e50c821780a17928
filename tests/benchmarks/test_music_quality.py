"""The quality benchmark of music holds out what train.py does, gives its ids to the peers, and tells bits a note."""

import math
import shutil
import sys
import time
import zipfile
from types import SimpleNamespace

import numpy
import pytest

from benchmarks import music_quality, music_quality_corpora, quality_ours
from benchmarks.music_quality_corpora import read_pieces
from benchmarks.quality_corpora import SPLITS, read_corpus
from benchmarks.quality_result import Limits, Result
from tsuzuri.api.piece import Piece
from tsuzuri.errors import UserError
from tsuzuri.training import evaluation
from tsuzuri.training.run import load_run

SMALL = ["-u", "5", "-b", "2", "-l", "9", "-e", "2", "--dropout", "0"]


def tune(path, seed, notes=6, up=0):
    """A MIDI file of a few eighths."""
    keys = numpy.random.default_rng(seed).integers(60, 72, notes) + up
    Piece.from_words([word for key in keys for word in (f"00_90_{key:02x}50", f"8170_80_{key:02x}00")]).save(path)
    return path


@pytest.fixture
def folder(tmp_path):
    """23 tunes, and one of them once more."""
    (tmp_path / "tunes").mkdir()
    for n in range(23):
        tune(tmp_path / "tunes" / f"{n:02}.mid", n, up=n % 5)
    shutil.copy(tmp_path / "tunes" / "03.mid", tmp_path / "tunes" / "04b.mid")
    return tmp_path / "tunes"


def test_pieces_at_equal_distances_are_held_out():
    split = music_quality_corpora.hold_out(list(range(40)))
    assert (split["valid"], split["test"]) == ([10, 30], [9, 29])
    assert split["train"] == [n for n in range(40) if n not in (9, 10, 29, 30)]
    with pytest.raises(UserError, match="2 different pieces, at least 3 are needed"):
        music_quality_corpora.hold_out([1, 2])


def test_the_split_is_that_of_train_py(folder):
    pieces = read_pieces(folder, [])
    assert sum(map(len, pieces.paths.values())) == 23
    found, whole = read_corpus(pieces.arguments()), read_corpus([str(folder)])
    assert found.fingerprint() == whole.fingerprint()
    assert found.beginnings() == whole.beginnings()
    assert found.vocabulary.words == whole.vocabulary.words


@pytest.mark.parametrize("name", music_quality.OWN)
def test_all_notes_of_the_held_out_pieces_are_counted(folder, name):
    more = [*music_quality.OWN[name]]
    pieces = read_pieces(folder, more)
    assert pieces.notes == {"valid": 6, "test": 6}
    assert pieces.paths == read_pieces(folder, []).paths


def test_a_published_split_is_kept(tmp_path):
    for n, split in enumerate(SPLITS):
        (tmp_path / split).mkdir()
        for m in range(3 - n):
            tune(tmp_path / split / f"{m}.mid", 10 * n + m, notes=5 + n)
    pieces = read_pieces(tmp_path, [])
    assert pieces.paths == {split: [str(tmp_path / split)] for split in SPLITS}
    assert pieces.notes == {"valid": 12, "test": 7}
    corpus = read_corpus(pieces.arguments())
    assert [len(corpus.documents[split]) for split in SPLITS] == [3, 2, 1]


def test_notes_of_copies_do_not_count(folder):
    pieces = read_pieces(folder, ["--transpose", "0..3"])
    assert pieces.notes == {"valid": 6, "test": 6}


def test_an_archive_is_refused(folder):
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.write(folder / "00.mid", "other.mid")
    with pytest.raises(UserError, match=r"more\.zip.*: is in an archive or holds several pieces"):
        read_pieces(folder, [])


def test_nats_a_word_become_bits_a_note():
    corpus = SimpleNamespace(valid=range(10), test=range(12))
    found = music_quality.in_bits(Result(9, 1.0, math.log(2), 2 * math.log(2), 1, 1), corpus, {"valid": 4, "test": 3})
    assert (found.valid, found.test) == (pytest.approx(2.5), pytest.approx(8))


def run(folder, *arguments):
    music_quality.main(["tunes", "--data", str(folder.parent), *arguments])


def rows(printed):
    return [line.strip("| ").split(" | ") for line in printed.splitlines() if line.startswith("| tunes")]


def test_what_train_py_says_is_told_in_bits(folder, tmp_path, capfd):
    kept = tmp_path / "out"
    run(folder, "--who", "own-keys", "ours", "-o", str(kept), "--", *SMALL)
    printed = capfd.readouterr().out
    assert [row[1] for row in rows(printed)] == ["ours", "own-keys"]
    fingerprints = [line.split("fingerprint ")[1] for line in printed.splitlines() if "fingerprint" in line]
    for row, fingerprint in zip(rows(printed), fingerprints, strict=True):
        name = row[1]
        found = load_run(str(kept / f"{name}-0"))
        corpus = read_corpus([str(folder), *music_quality.OWN[name]])
        assert corpus.fingerprint().startswith(fingerprint)
        model = found.load_best()
        for cell, split in ((row[6], "valid"), (row[7], "test")):
            ids = getattr(corpus, split)
            loss = evaluation.evaluate_documents(model, ids, corpus.documents[split], split == "test")
            assert float(cell) == pytest.approx(loss * len(ids) / 6 / math.log(2), rel=1e-3)


@pytest.fixture
def trained(monkeypatch):
    """What train.py would be given, without a training."""
    given = []

    def train(corpus, arguments, seed, out, limits):
        given.append((out.name, corpus, arguments, limits))
        return Result(1000, 90.0, 1.0 + seed, 2.0, 4, 2)

    monkeypatch.setattr(quality_ours, "train", train)
    return given


def test_each_is_given_its_options_and_means_stand_below(folder, trained, capsys):
    run(folder, "--who", "ours", "plain", "--minutes", "2", "--processor", "--seeds", "0", "1", "--", "-u", "7")
    assert [name for name, *_ in trained] == ["ours-0", "plain-0", "ours-1", "plain-1"]
    for name, corpus, arguments, limits in trained:
        assert arguments[-len(music_quality.OWN[name[:-2]]) - 2 :][:2] == ["-u", "7"]
        assert tuple(arguments[len(arguments) - len(music_quality.OWN[name[:-2]]) :]) == music_quality.OWN[name[:-2]]
        assert corpus.fingerprint() == read_corpus(arguments).fingerprint()
        assert limits == Limits(2.0, None, True)
    found = rows(capsys.readouterr().out)
    assert [row[:3] for row in found[-2:]] == [["tunes", "ours", "mean"], ["tunes", "plain", "mean"]]
    assert float(found[-2][6]) == pytest.approx((float(found[0][6]) + float(found[2][6])) / 2, abs=1e-3)


def test_the_peers_read_the_ids_of_ours_and_take_what_it_took(folder, trained, capsys):
    peers = pytest.importorskip("benchmarks.music_quality_peers", exc_type=ImportError)
    given = []

    def train(corpus, settings, seed, limits):
        given.append((corpus.fingerprint(), settings, limits))
        return Result(900, 90.0, 1.0, 2.0, 4, 2)

    with pytest.MonkeyPatch.context() as patch:
        for name, peer in peers.PEERS.items():
            patch.setitem(peers.PEERS, name, peer._replace(train=train))
        run(folder, "--who", "lookback:units=9", "own-keys", "gpt", "ours")
    ours = read_corpus([str(folder)]).fingerprint()
    assert given == [
        (ours, peers.Lookback(units=9), Limits(1.5, 1000)),
        (ours, peers.MusicGPT(), Limits(1.5, 1000)),
    ]
    assert [row[1] for row in rows(capsys.readouterr().out)] == ["ours", "lookback:units=9", "own-keys", "gpt"]


def test_limits_that_are_named_hold():
    peer, ours = SimpleNamespace(peer=True), Result(1000, 90.0, 1.0, 2.0, 4, 2)
    named = SimpleNamespace(minutes=8.0, parameters=4000, processor=True)
    assert music_quality.limits_of(peer, named, ours) == Limits(8.0, 4000, True)
    assert music_quality.limits_of(peer, named, None) == Limits(8.0, 4000, True)
    assert music_quality.limits_of(SimpleNamespace(peer=None), named, None) == Limits(8.0, 4000, True)


def test_peers_are_trained_and_told(folder, capsys):
    pytest.importorskip("torch")
    who = ("lookback:epochs=1,units=8,look=4", "gpt:epochs=1,layers=1,width=8,context=8")
    run(folder, "--who", *who, "--minutes", "1", "--parameters", "5000")
    found = rows(capsys.readouterr().out)
    assert [row[1] for row in found] == list(who)
    for row in found:
        assert row[5] == "1, 1"
        assert all(5 < float(cell) < 50 for cell in row[6:8])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--who", "theirs"], "--who theirs: must be one of ours, own-keys, plain, lookback, gpt"),
        (["--who", "own-keys:units=3"], "--who own-keys:units=3: options of train.py stand after --"),
        (["--who", "ours", "-o", "{data}"], "--out {data}: is there already"),
        (["--who", "ours", "--data", "nowhere"], "tunes: there is no such folder"),
        (["--who", "ours", "--", "--widths", "3"], "--widths: no such option"),
        (["--minutes", "-1"], "argument --minutes"),
    ],
)
def test_what_is_asked_wrongly_ends_in_one_line(folder, capsys, arguments, message):
    with pytest.raises(SystemExit) as ended:
        run(folder, *(word.format(data=folder) for word in arguments))
    assert ended.value.code == 2
    assert message.format(data=folder) in capsys.readouterr().err


def test_a_peer_alone_needs_limits():
    args = SimpleNamespace(minutes=1.0, parameters=None, processor=False)
    peer, ours = (SimpleNamespace(name=name, asked=name, peer=name == "gpt") for name in ("gpt", "ours"))
    with pytest.raises(UserError, match="--who gpt: needs ours beside it, or --minutes and --parameters"):
        music_quality.check_limits([peer], args)
    music_quality.check_limits([ours, peer], args)
    args.parameters = 9
    music_quality.check_limits([peer], args)


def test_a_folder_of_text_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("no music\n")
    with pytest.raises(UserError, match="holds text, must hold MIDI files"):
        read_pieces(tmp_path, [])


def test_a_training_is_stopped_by_the_processor_s_minutes(tmp_path):
    log = tmp_path / "log"
    log.write_text("{}")
    program = "import signal, sys, time\nsignal.signal(2, lambda *_: sys.exit(130))\n"
    busy, idle = program + "while True: pass", program + "time.sleep(0.5)"
    with (tmp_path / "out").open("w") as stream:
        start = time.perf_counter()
        seconds = quality_ours._run([sys.executable, "-c", busy], stream, log, Limits(0.1 / 60, None, True))
        assert 0.1 < seconds <= time.perf_counter() - start + 0.1
        assert quality_ours._run([sys.executable, "-c", idle], stream, log, Limits(0.3 / 60, None, True)) < 0.4
        assert quality_ours._run([sys.executable, "-c", idle], stream, log, Limits()) > 0.5
