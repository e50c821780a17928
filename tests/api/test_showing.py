"""A notebook shows a piece: its picture, its HTML, its sound."""

import base64
import html.parser
import io
import re
import threading
import wave

import numpy
import pytest

from tests.api.midi_messages import TUNE, TWO_NOTES
from tsuzuri.api.midi_files import read_midi, write_midi
from tsuzuri.api.pictures import Picture
from tsuzuri.api.piece import Piece
from tsuzuri.api.player import LONGEST
from tsuzuri.errors import UserError

PNG = b"\x89PNG\r\n\x1a\n"


def test_a_picture(tune, tmp_path):
    picture = tune.plot()
    assert picture.png.startswith(PNG)
    width, height = picture.size
    assert width >= 600
    assert height >= 200
    assert repr(picture) == f"Picture({width} x {height} pixels)"
    assert picture._repr_png_() == picture.png
    picture.save(tmp_path / "made" / "tune.png")
    assert Picture((tmp_path / "made" / "tune.png").read_bytes()) == picture
    with pytest.raises(UserError, match=r"tune\.jpg: ends in \.jpg, must end in \.png"):
        picture.save("tune.jpg")


class Elements(html.parser.HTMLParser):
    """The elements of HTML that is well-formed: (name, attributes), and its text."""

    EMPTY = ("img", "br")

    def __init__(self, text):
        super().__init__()
        self.open, self.found, self.text = [], [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self.open += [tag] * (tag not in self.EMPTY)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def data_of(self, tag, kind):
        (attributes,) = (attributes for name, attributes in self.found if name == tag)
        return base64.b64decode(attributes["src"].removeprefix(f"data:{kind};base64,"), validate=True)


def test_a_notebook_shows_and_plays_a_piece(tune):
    text = tune._repr_html_()
    elements = Elements(text)
    assert elements.data_of("img", "image/png") == tune.plot().png
    assert ("controls", None) in dict(elements.found)["audio"].items()
    with wave.open(io.BytesIO(elements.data_of("audio", "audio/wav"))) as sound:
        assert -1 < sound.getnframes() / sound.getframerate() - tune.seconds < 3
        assert sound.getframerate() >= 11025
        samples = numpy.frombuffer(sound.readframes(sound.getnframes()), "<i2")
    assert numpy.abs(samples).max() > 3000
    assert len(text) < 1_700_000
    assert "17 bars, 32 notes, 37 s" in elements.text
    assert not re.search(r"https?:|<script|<link", text)


def test_a_name_is_no_html():
    elements = Elements(Piece.from_words(TWO_NOTES, name='"><script>&').changed(tempo=300)._repr_html_())
    assert {tag for tag, _ in elements.found} == {"div", "b", "br", "img", "audio"}
    assert '"><script>&' in elements.text


def test_of_a_long_piece_a_notebook_plays_the_beginning():
    rest = "8f00"  # 1920 ticks: a bar
    piece = Piece.from_words(["00_90_3c50", f"{rest}_80_3c00"] * 200).changed(tempo=240)  # 200 seconds
    elements = Elements(piece._repr_html_())
    with wave.open(io.BytesIO(elements.data_of("audio", "audio/wav"))) as sound:
        assert 0 <= sound.getnframes() / sound.getframerate() - LONGEST < 3
    assert f"the first {LONGEST} seconds" in elements.text


def test_a_piece_too_long_to_be_drawn_says_so():
    piece = Piece.from_words(["00_90_3c50", "87ffff7f_80_3c00"] * 4).changed(tempo=1000)
    assert "a piano roll shows at most" in Elements(piece._repr_html_()).text
    with pytest.raises(UserError, match="a piano roll shows at most"):
        piece.plot()


def test_outside_the_main_thread(tmp_path):
    failed = []

    def work():
        try:
            piece = read_midi(TUNE)
            write_midi(piece, tmp_path / "copy.mid")
            piece.save(tmp_path / "copy.wav")
            piece.save(tmp_path / "copy.png")
            assert Elements(piece._repr_html_()).found
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert failed == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.mid", "copy.png", "copy.wav"]
