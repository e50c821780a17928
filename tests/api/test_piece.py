"""A piece of music from Python: read, shown, saved and written."""

import base64
import io
import wave

import pytest

import tsuzuri
from tests.api.conftest import TUNES
from tests.api.test_runs import Tags

WORDS = "00_90_4050 8360_80_4000"


@pytest.fixture(scope="module")
def tune():
    return tsuzuri.read_midi(TUNES[0], track="all", events="all")


def test_a_piece_is_saved_and_read_again(tune, tmp_path):
    tune.save(tmp_path / "new" / "tune.mid")
    assert tsuzuri.read_midi(tmp_path / "new" / "tune.mid", track="all", events="all") == tune
    tune.save(str(tmp_path / "tune.words"))
    assert tsuzuri.read_midi(tmp_path / "tune.words").words == tune.words
    tune.save(tmp_path / "tune.png")
    assert (tmp_path / "tune.png").read_bytes() == tune.plot().png
    tune.save(tmp_path / "tune.wav")
    with wave.open(str(tmp_path / "tune.wav")) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (2, 44_100)
        assert sound.getnframes() / 44_100 == pytest.approx(tune.seconds, abs=5)


def test_a_piece_of_words_has_its_notes():
    piece = tsuzuri.Piece.from_words(WORDS)
    assert piece.notes == [tsuzuri.Sounding(0.0, 1.0, 64, 80, 1)]
    assert (piece.words, piece.bars, piece.tempo, piece.seconds) == (WORDS.split(), 1, 120, 0.5)
    assert piece == tsuzuri.Piece.from_words(iter(WORDS.split()))
    assert piece != tsuzuri.Piece.from_words("00_90_4150 8360_80_4100")
    assert piece.changed(tempo=60).seconds == 1


def test_a_piece_shows_itself_in_little_html(tune):
    html = tune._repr_html_()
    page = Tags(html)
    assert repr(tune) in page.text
    (player,) = [attributes for tag, attributes in page.seen if tag == "audio"]
    data = base64.b64decode(player["src"].removeprefix("data:audio/wav;base64,"), validate=True)
    with wave.open(io.BytesIO(data)) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (1, 16_000)
        samples = memoryview(sound.readframes(sound.getnframes())).cast("h")
    assert max(samples) > 1000  # it can be heard
    assert len(html) < 2_000_000


def test_sixteen_bars_are_under_two_megabytes_of_html():
    quarters = " ".join(["00_90_4050 8360_80_4000"] * 64)
    piece = tsuzuri.Piece.from_words(quarters)
    assert piece.bars == 16
    assert len(piece._repr_html_()) < 2_000_000


def test_pieces_are_written(tune, tmp_path):
    path = tmp_path / "copy.mid"
    assert tsuzuri.write_midi(tune, path) == [str(path)]
    assert path.read_bytes() == tune.midi()
    tsuzuri.write_midi(WORDS, path, tempo=90)
    assert round(tsuzuri.read_midi(path, events="all").tempo) == 90
    paths = tsuzuri.write_midi([tune, tsuzuri.Piece.from_words(WORDS)], tmp_path / "folder")
    assert len(set(paths)) == 2
    assert len(list((tmp_path / "folder").iterdir())) == 2


def test_several_files_are_several_pieces():
    pieces = tsuzuri.read_midi(TUNES)
    assert len(pieces) == len(TUNES)
    assert pieces[0] == tsuzuri.read_midi(str(TUNES[0]))
    assert len(tsuzuri.read_midi(TUNES[0].parent)) == len(TUNES)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda piece, path: piece.save(path / "a.mp3"), "must end in .mid, "),
        (lambda piece, path: piece.save(5), "path: 5 is not a text"),
        (lambda piece, path: piece.save(path / "a.wav", soundfont=5), "soundfont: 5 is not a text"),
        (lambda piece, path: piece.wav("fast"), "rate: is fast, must be a whole number"),
        (lambda piece, path: piece.wav(100), "sampling rate 100: must be in range"),
        (lambda piece, path: piece.changed(tempo=0), "tempo: 0 is out of range"),
        (lambda piece, path: tsuzuri.write_midi(5, path / "a.mid"), "pieces: is 5"),
        (lambda piece, path: tsuzuri.write_midi([], path / "a.mid"), "pieces: are none"),
        (lambda piece, path: tsuzuri.write_midi([piece, 5], path / "a"), r"pieces\[1\]: is 5"),
        (lambda piece, path: tsuzuri.write_midi(piece, None), "path: None is not a text"),
        (lambda piece, path: tsuzuri.write_midi(piece, path / "a.mid", program=128), "program: 128"),
        (lambda piece, path: tsuzuri.Piece.from_words(5), "words: is 5"),
        (lambda piece, path: tsuzuri.Piece.from_words(["00_90_4050", 5]), r"words\[1\]: is 5"),
        (lambda piece, path: tsuzuri.Piece.from_words("prose"), r"words\[0\]: 'prose'"),
        (lambda piece, path: tsuzuri.read_midi(5), "files: 5 is not a text"),
        (lambda piece, path: tsuzuri.read_midi([]), "no files"),
        (lambda piece, path: tsuzuri.read_midi("nothing.mid"), "nothing.mid: no such file"),
        (lambda piece, path: tsuzuri.read_midi(TUNES[0], plot=True), "plot: not an option of read_midi"),
    ],
)
def test_what_cannot_be_is_refused(tune, tmp_path, call, message):
    with pytest.raises(tsuzuri.UserError, match=message):
        call(tune, tmp_path)
    assert list(tmp_path.iterdir()) == []
