"""Pieces of music as a notebook has them: files and back, each kind of file, HTML, and what is refused."""

import base64
import html.parser
import io
import re
import threading
import wave

import mido
import numpy
import pytest

from tests.conftest import ROOT
from tsuzuri.api.midi_files import read_midi, write_midi
from tsuzuri.api.pictures import Picture
from tsuzuri.api.piece import Piece, Sounding
from tsuzuri.api.player import LONGEST
from tsuzuri.errors import UserError
from tsuzuri.midi.words import settings, wordfile

TUNE = str(ROOT / "corpus" / "tunes" / "amazing-grace.mid")  # 16 bars of 3/4 at 84 quarter notes a minute, a violin
TWO_NOTES = "00_90_3c50 8360_80_3c00 00_90_4060 8740_80_4000"  # a quarter note C4, a half note E4
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def tune():
    return read_midi(TUNE)


@pytest.fixture
def duet(tmp_path):
    """The path of a file with a flute of two notes, a piano of one with its pedal, and a change of tempo."""
    file = mido.MidiFile(ticks_per_beat=96)
    meta, flute, piano = (file.add_track() for _ in range(3))
    meta += [
        mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(100)),
        mido.MetaMessage("time_signature", numerator=3, denominator=4),
        mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(50), time=240),
    ]
    flute += [
        mido.Message("program_change", program=73),
        mido.Message("note_on", note=60, velocity=80),
        mido.Message("note_off", note=60, time=96),
        mido.Message("note_on", note=64, velocity=96),
        mido.Message("note_off", note=64, time=192),
    ]
    piano += [
        mido.Message("control_change", channel=1, control=64, value=127),
        mido.Message("note_on", channel=1, note=48, velocity=70),
        mido.Message("note_off", channel=1, note=48, time=288),
    ]
    file.save(tmp_path / "duet.mid")
    return str(tmp_path / "duet.mid")


def messages(data):
    """All (tick, message as a dict) of a MIDI file by mido, which counts 480 ticks a quarter note."""
    file, tick, found = mido.MidiFile(file=io.BytesIO(data)), 0, []
    for message in mido.merge_tracks(file.tracks):
        tick += message.time
        found.append((tick * 480 // file.ticks_per_beat, message))
    return found


def notes(data, channel=0):
    """The (tick, kind, key) of a channel's note events by mido."""
    kinds = ("note_on", "note_off")
    return [(t, m.type, m.note) for t, m in messages(data) if m.type in kinds and m.channel == channel]


def values(data, kind, name):
    """One field of all messages of a kind."""
    return [getattr(message, name) for _, message in messages(data) if message.type == kind]


def test_what_is_read_and_written_is_the_file(duet, tmp_path):
    piece = read_midi(duet)
    (path,) = write_midi(piece, tmp_path / "new" / "copy.mid")
    assert path == str(tmp_path / "new" / "copy.mid")
    with open(path, "rb") as copy, open(duet, "rb") as file:
        made, given = copy.read(), file.read()
    assert notes(made) == notes(given) != []
    assert values(made, "program_change", "program") == [73]
    assert values(made, "set_tempo", "tempo") == [mido.bpm2tempo(100)]  # that of most of its time
    assert values(made, "time_signature", "numerator") == [3]
    assert notes(made, channel=1) == []
    assert read_midi(path) == piece


def test_all_of_a_file_is_kept_where_all_is_asked_for(duet, tmp_path):
    piece = read_midi(duet, track="all", events="all")
    piece.save(tmp_path / "copy.mid")
    made = (tmp_path / "copy.mid").read_bytes()
    with open(duet, "rb") as file:
        given = file.read()
    for channel in (0, 1):
        assert notes(made, channel) == notes(given, channel) != []
    assert values(made, "set_tempo", "tempo") == [mido.bpm2tempo(100), mido.bpm2tempo(50)]
    assert values(made, "control_change", "value") == [127]


def test_what_a_piece_says_of_itself(duet):
    piece = read_midi(duet, track="all", events="all")
    assert piece.name == "duet.mid"
    assert [note for note in piece.notes if note.channel == 1] == [
        Sounding(start=0, length=1, pitch=60, velocity=80, channel=1),
        Sounding(start=1, length=2, pitch=64, velocity=96, channel=1),
    ]
    assert piece.bars == 1
    assert piece.tempo == 100
    assert piece.seconds == pytest.approx(2.5 * 0.6 + 0.5 * 1.2)
    assert repr(piece) == "Piece('duet.mid', 1 bar, 3 notes, 3 s)"
    assert piece.remarks == []


def test_bars_follow_the_meter():
    assert Piece.from_words(TWO_NOTES).bars == 1
    assert Piece.from_words(TWO_NOTES, meter=(3, 4)).bars == 1
    assert Piece.from_words(TWO_NOTES, meter=(2, 4)).bars == 2
    assert Piece.from_words(TWO_NOTES, meter=(1, 8)).bars == 6
    assert Piece.from_words(TWO_NOTES, ticks_per_beat=240).bars == 2
    assert Piece.from_words("00_c0_05").bars == 0


def test_the_words_of_a_piece_cannot_be_changed_from_outside():
    piece = Piece.from_words(TWO_NOTES)
    piece.words.clear()
    assert piece.words == TWO_NOTES.split()


def test_pieces_are_equal_that_sound_alike(tune):
    assert tune == read_midi(TUNE)
    assert hash(tune) == hash(read_midi(TUNE))
    assert Piece.from_words(TWO_NOTES, name="a") == Piece.from_words(TWO_NOTES.split(), name="b")
    assert tune != tune.changed(program=5)
    assert tune != Piece.from_words(TWO_NOTES)
    assert tune != TUNE


def test_another_tempo_and_program(tune):
    slow = tune.changed(program=73).changed(tempo=42)
    assert slow == tune.changed(tempo=42).changed(program=73)
    assert (slow.tempo, slow.words) == (42, tune.words)
    assert slow.seconds == pytest.approx(2 * tune.seconds)
    assert values(slow.midi(), "program_change", "program") == [73]
    assert tune.tempo == 84


def test_each_kind_of_file(tune, tmp_path):
    for name in ("tune.mid", "tune.MIDI", "tune.wav", "tune.png", "tune.words"):
        tune.save(tmp_path / "made" / name)
    assert read_midi(tmp_path / "made" / "tune.MIDI") == tune
    assert (tmp_path / "made" / "tune.mid").read_bytes() == tune.midi()
    assert (tmp_path / "made" / "tune.png").read_bytes() == tune.plot().png
    assert read_midi(tmp_path / "made" / "tune.words") == tune
    with wave.open(str(tmp_path / "made" / "tune.wav")) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (44100, 2, 2)
        assert 0 <= sound.getnframes() / 44100 - tune.seconds < 3
        samples = numpy.frombuffer(sound.readframes(sound.getnframes()), "<i2")
    assert numpy.abs(samples).max() > 3000


@pytest.mark.parametrize("options", [{}, {"track": 1}, {"events": "all", "track": "all"}])
def test_words_keep_the_tempo_and_the_program_that_were_asked_for(duet, tmp_path, options):
    piece = read_midi(duet, **options).changed(tempo=90, program=40)
    piece.save(tmp_path / "duet.words")
    again = read_midi(tmp_path / "duet.words")
    assert again == piece
    assert set(values(again.midi(), "program_change", "program")) == {40}


def test_words_keep_the_settings_that_they_were_made_by(duet, tmp_path):
    """A model trains on words and MIDI files together where their settings are the same."""
    read_midi(duet, track=1, grid=4).save(tmp_path / "duet.words")
    found, _ = wordfile.load_words(str(tmp_path / "duet.words"))
    assert found == settings.Settings(track=1, grid=4)
    Piece.from_words(TWO_NOTES, ticks_per_beat=96).save(tmp_path / "two.words")
    found, (piece,) = wordfile.load_words(str(tmp_path / "two.words"))
    assert (found, piece.division) == (settings.Settings(ticks_per_beat=96), 96)


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
        assert 0 <= sound.getnframes() / sound.getframerate() - tune.seconds < 3
        assert sound.getframerate() >= 11025
        samples = numpy.frombuffer(sound.readframes(sound.getnframes()), "<i2")
    assert numpy.abs(samples).max() > 3000
    assert len(text) < 1_700_000
    assert "16 bars, 32 notes, 35 s" in elements.text
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
    piece = Piece.from_words(["00_90_3c50", "ffffff7f_80_3c00"]).changed(tempo=1000)
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


def test_several_files_and_folders(duet, tmp_path):
    (tmp_path / "more").mkdir()
    read_midi(duet).save(tmp_path / "more" / "one.mid")
    assert [piece.name for piece in read_midi([duet, tmp_path / "more"])] == ["duet.mid", "one.mid"]
    assert [piece.name for piece in read_midi(tmp_path / "more")] == ["one.mid"]
    assert [piece.name for piece in read_midi([TUNE], transpose=1, stretch=0.5)] == [
        "amazing-grace.mid" + copy for copy in ("", " +1", " x0.5", " x0.5 +1")
    ]


def test_what_was_mended_is_remarked_on_its_own_piece(duet, tmp_path):
    with open(duet, "rb") as file:
        (tmp_path / "broken.mid").write_bytes(file.read()[:-4])  # the last track has no end
    whole, broken = read_midi([duet, tmp_path / "broken.mid"])
    assert whole.remarks == []
    assert any("offset" in remark for remark in broken.remarks)
    with pytest.raises(UserError, match=r"broken\.mid"):
        read_midi(tmp_path / "broken.mid", strict=True)


def test_a_file_in_a_list_that_cannot_be_read_is_left_out_with_a_warning(duet, tmp_path):
    (tmp_path / "text.mid").write_text("no music")
    with pytest.warns(UserWarning, match=r"text\.mid: .*not MIDI"):
        (piece,) = read_midi([duet, tmp_path / "text.mid"])
    assert piece.name == "duet.mid"


def test_pieces_into_a_folder(tune, tmp_path):
    written = write_midi([tune, *[Piece.from_words(TWO_NOTES)] * 2], tmp_path / "out", tempo=90, program=5)
    stems = ["amazing-grace", "piece", "piece-2"]
    assert written == [str(tmp_path / "out" / f"{stem}.mid") for stem in stems]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {path.rpartition("/")[2] for path in written}
    made = read_midi(written[0])
    assert made.tempo == pytest.approx(90, abs=0.001)
    assert made == tune.changed(tempo=90, program=5)


def test_words_are_a_piece(tmp_path):
    for words in (TWO_NOTES, TWO_NOTES.split()):
        assert write_midi(words, tmp_path / "two.mid") == [str(tmp_path / "two.mid")]
        assert read_midi(tmp_path / "two.mid").words == TWO_NOTES.split()


WRONG = {
    "path: 5 is not a text": lambda piece: piece.save(5),
    "tune.mp3: ends in .mp3, must end in .mid, .midi, .wav, .png, .words": lambda piece: piece.save("tune.mp3"),
    "tune: ends in no suffix, must end in .mid": lambda piece: piece.save("tune"),
    "must name a file or a folder, and is empty": lambda piece: piece.save(""),
    "tune.mid: soundfont is for sound, must end in .wav": lambda piece: piece.save("tune.mid", soundfont="a.sf2"),
    "rate: 5 is out of range: must be 8000 or more, at most 96000": lambda piece: piece.wav(5),
    "tempo: 2 is out of range: must be 4 to 1000": lambda piece: piece.changed(tempo=2),
    "program: 128 is out of range: must be in range 0..127": lambda piece: write_midi(piece, "a.mid", program=128),
    "words[1]: 'zz' is not delta_status_data in hex": lambda _: Piece.from_words("00_90_3c50 zz"),
    "words[0]: '00_90_3c50' strikes key 60 of channel 1, which never ends": lambda _: Piece.from_words("00_90_3c50"),
    "words[0]: 5 is no text": lambda _: Piece.from_words([5]),
    "words: 5 is no text": lambda _: Piece.from_words(5),
    "meter: (3, 5) is no time signature: must be two numbers such as (3, 4)": lambda _: Piece.from_words(
        TWO_NOTES, meter=(3, 5)
    ),
    "words: are none": lambda _: Piece.from_words(" "),
    "none.mid: no such file or folder": lambda _: read_midi("none.mid"),
    "no files: name MIDI files or folders of them": lambda _: read_midi([]),
    "pyproject.toml: offset 0: is text, not MIDI": lambda _: read_midi(ROOT / "pyproject.toml"),
    "grid: 0 is out of range: must be keep, or a number in 1..960": lambda _: read_midi(TUNE, grid=0),
    "gird: no such option: did you mean grid?": lambda _: read_midi(TUNE, gird=4),
    "amazing-grace.mid: gives 3 pieces, must be one: read_midi([": lambda _: read_midi(TUNE, transpose=(-1, 1)),
    "a.wav: MIDI is written to a file that ends in .mid, or to a folder": lambda piece: write_midi(piece, "a.wav"),
    "a.mid: one file for 2 pieces: name a folder": lambda piece: write_midi([piece, piece], "a.mid"),
    "pieces: are none: must be one or more": lambda _: write_midi([], "a.mid"),
    "pieces[0]: is 5, must be a piece": lambda _: write_midi(5, "a.mid"),
    "pieces[1]: is 5, must be a piece": lambda piece: write_midi([piece, 5], "a.mid"),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_said_in_a_line(message, tune, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        WRONG[message](tune)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written(tune, tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(UserError, match=r"file: cannot be made"):
        tune.save(tmp_path / "file" / "tune.mid")
    (tmp_path / "folder.mid").mkdir()
    with pytest.raises(UserError, match=r"folder\.mid: cannot be written"):
        tune.save(tmp_path / "folder.mid")
    assert (tmp_path / "file").read_text() == "kept"
