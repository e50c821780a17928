"""What pieces are saved over: a file that was named, but none of a run; in a folder nothing, unless forced."""

import pytest

import tsuzuri

PIECE = "00_90_4050 8360_80_4000"


@pytest.fixture
def piece(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    return tsuzuri.Piece.from_words(PIECE, "a")


def test_a_file_that_is_named_is_replaced_unless_a_run_needs_it(piece, tmp_path):
    for _ in range(2):
        for name in ("a.mid", "a.png", "a.words", "run/a.mid"):
            piece.save(name)
    for name in ("run/sample.mid", "run/loss.png"):
        with pytest.raises(tsuzuri.UserError, match=r"is a file of the run in run"):
            piece.save(name)
    (tmp_path / "b.words.json").write_text("theirs")
    with pytest.raises(tsuzuri.UserError, match=r"^b\.words\.json: is there already: must be another file$"):
        piece.save("b.words")
    assert not (tmp_path / "b.words").exists()


def test_in_a_folder_only_force_replaces(piece):
    assert tsuzuri.write_midi([piece], "out") == ["out/a.mid"]
    with pytest.raises(tsuzuri.UserError, match=r"^out/a\.mid: is there already: force=True replaces it$"):
        tsuzuri.write_midi([piece], "out")
    assert tsuzuri.write_midi([piece], "out", force=True) == ["out/a.mid"]
    assert tsuzuri.write_midi(piece, "out/a.mid", tempo=90) == ["out/a.mid"]
