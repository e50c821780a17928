"""How new texts and pieces are: copies by file and line, in every key, with and without a kept corpus."""

import os
import shutil

import pytest

import tsuzuri
from tests.api.conftest import SMALL, TUNES
from tsuzuri.api.novelty import LEAST
from tsuzuri.storage import encode_npz, load_npz
from tsuzuri.training.run import load_run

LINES = [f"{a} {b} {c} {d} sees the {a} of {b} .\n" for a in "abcd" for b in "efgh" for c in "ij" for d in "kl"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a run of two files, and of its corpus."""
    folder = tmp_path_factory.mktemp("novelty")
    for name, lines in (("one.txt", LINES[:30]), ("two.txt", LINES[30:])):
        (folder / name).write_text("".join(lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tsuzuri.training.plots.plot_loss_curves", lambda *_: b"picture")
        tsuzuri.train([folder / "one.txt", folder / "two.txt"], folder / "run", recipe="plain", **SMALL)
    return folder


def test_a_copy_is_told_by_its_file_and_line(made):
    found = tsuzuri.load(made / "run", "text").novelty("of of " + "".join(LINES[32:34]).strip() + " the the")
    copy = found.longest
    assert (copy.source, copy.number, copy.start, copy.length, copy.times) == ("two.txt", 3, 2, 21, 1)
    assert copy.passage == "".join(LINES[32:34]).strip()
    assert found.copies == (copy,)
    assert found.lengths() == [0] * 2 + [21] * 21 + [0] * 2
    assert found.seen[16] == 6 / 10
    assert "longest copy: 21 words, in two.txt, line 3:" in str(found)


def test_neither_the_prime_nor_unknown_words_are_copies(made):
    run, line = tsuzuri.load(made / "run", "text"), LINES[3].strip()
    assert run.novelty(line).longest.length == 10
    assert run.novelty(line, line[:7]).longest.length == 6
    assert run.novelty("zebra zebra zebra").longest is None
    assert "none of two words or more" in str(run.novelty("zebra"))
    assert run.novelty("").seen == {4: None, 8: None, 16: None}
    with pytest.raises(tsuzuri.UserError, match="must be what the text begins with"):
        run.novelty(line, "zebra")


def test_a_text_keeps_to_the_limit(made):
    run = tsuzuri.load(made / "run", "text")
    free = [run.novelty(run.generate(length=60, seed=seed, temperature=0.3)).longest.length for seed in range(3)]
    for seed in range(3):
        text = run.generate(length=60, seed=seed, temperature=0.3, max_copy=2)
        assert run.novelty(text).longest.length <= 2
    assert max(free) > 2


def test_without_its_own_words_a_run_reads_its_corpus_again_or_says_so(made, tmp_path):
    for name in ("one.txt", "two.txt", "run"):
        (shutil.copytree if name == "run" else shutil.copy)(made / name, tmp_path / name)
    os.unlink(tmp_path / "run" / "corpus.npz")
    kept, again = (tsuzuri.load(folder / "run", "text") for folder in (made, tmp_path))
    assert kept.novelty(LINES[40]) == again.novelty(LINES[40])
    with open(tmp_path / "one.txt", "a") as stream:
        stream.write("another line .\n")
    with pytest.raises(tsuzuri.UserError, match=r"keeps no corpus\.npz.* has changed"):
        tsuzuri.load(tmp_path / "run", "text").novelty("a")


def test_a_damaged_or_foreign_corpus_is_refused(made, tmp_path):
    shutil.copytree(made / "run", tmp_path / "run")
    path, run = tmp_path / "run" / "corpus.npz", load_run(str(tmp_path / "run"))
    arrays = load_npz(path)
    for name, value, said in (
        ("ids", arrays["ids"][:-1], "ids are"),
        ("ids", arrays["ids"] + 1000, "ids are 1"),
        ("names", arrays["names"][:-1], "damaged"),
        ("starts", arrays["starts"][::-1], "starts are not"),
        ("run", arrays["run"] ^ 1, "it is another run's"),
        ("more", arrays["run"], "more is not known"),
    ):
        path.write_bytes(encode_npz(arrays | {name: value}))
        with pytest.raises(tsuzuri.UserError, match=said):
            run.load_corpus()


def test_a_transposed_copy_is_found(music_run):
    piece = tsuzuri.read_midi(TUNES[0])
    parts = [word.split("_") for word in piece.words if "_90_" in word or "_80_" in word]
    moved = tsuzuri.Piece.from_words([f"{at}_{kind}_{int(key, 16) + 0x500:04x}" for at, kind, key in parts])
    for tune in (piece, moved):
        found = music_run.novelty(tune)
        assert found.unit == "notes"
        assert found.longest.source == os.path.basename(TUNES[0])
        assert found.longest.length > LEAST
        assert found.longest.number >= 1


def test_neither_is_the_prime_of_a_piece_a_copy(music_run, tmp_path):
    intro = tsuzuri.read_midi(TUNES[0])
    note = next(word for word in music_run.vocabulary if word.startswith("00_90_"))
    for prime in (intro, TUNES[0], note):
        tune = music_run.generate(prime, bars=2, seed=1, temperature=2.0)
        tune.save(tmp_path / "tune.mid")
        whole, begun = music_run.novelty(tune), music_run.novelty(tune, prime)
        assert music_run.novelty(tmp_path / "tune.mid", prime) == begun
        assert begun.count == len(tune.notes) - (1 if isinstance(prime, str) else len(intro.notes))
        assert begun.longest != whole.longest or isinstance(prime, str)
    assert music_run.novelty(intro, intro).count == 0
    assert music_run.novelty(intro, "") == music_run.novelty(intro)
    for other in (tsuzuri.read_midi(TUNES[1]), "00_90_7f50 8360_80_7f00"):
        with pytest.raises(tsuzuri.UserError, match=r"^prime: is .*, must be what the piece begins with$"):
            music_run.novelty(intro, other)
    with pytest.raises(tsuzuri.UserError, match="must be what the piece begins with"):
        music_run.novelty("00_90_3c50 8360_80_3c00 00_90_4050 8360_80_4000", "8360_90_4050 8360_80_4000")
    with pytest.raises(tsuzuri.UserError, match=r"^prime: is 3, must be a piece"):
        music_run.novelty(intro, 3)


def test_a_piece_keeps_to_the_limit(music_run):
    options = {"bars": 8, "temperature": 0.5}
    free = [music_run.novelty(music_run.generate(seed=seed, **options)).longest for seed in range(12)]
    for seed in range(3):
        found = music_run.novelty(music_run.generate(seed=seed, max_copy=2, **options))
        assert found.longest is None or found.longest.length <= 2
    assert max(copy.length for copy in free if copy) > 2
