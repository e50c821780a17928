"""The tunes that come with the project: their notation, their MIDI files, and whether they are music."""

import collections
import itertools

import mido
import pytest

from corpus import make_tunes
from tsuzuri.errors import UserError

TUNES = make_tunes.parse_tunes(make_tunes.NOTATION.read_text(encoding="utf-8"), make_tunes.NOTATION.name)
FOLDER = make_tunes.NOTATION.parent
each_tune = pytest.mark.parametrize("tune", TUNES, ids=[tune.file for tune in TUNES])

FIELDS = """X:1
T:Test
F:test.mid
S:made for this project, CC0
M:{meter}
L:1/8
Q:1/4=120
I:MIDI program 73
K:{key}
"""


def piece(bars, meter="4/4", key="C"):
    (tune,) = make_tunes.parse_tunes(FIELDS.format(meter=meter, key=key) + bars, "test.abc")
    return make_tunes.tune_score(tune, "test.abc")


def notes_in_eighths(score):
    """(start, length, key) of each note, in eighths."""
    return [(note.start / 240, (note.end - note.start) / 240, note.key) for note in score.notes]


# the files


def test_the_files_are_what_the_notation_makes():
    files = make_tunes.midi_files(make_tunes.NOTATION.read_text(encoding="utf-8"), "tunes.abc")
    assert {path.name: path.read_bytes() for path in FOLDER.glob("*.mid")} == files
    assert len(files) >= 40
    assert max(len(data) for data in files.values()) < 2500


def test_each_tune_says_where_it_is_from():
    assert {tune.source.split(",")[0] for tune in TUNES} == {"traditional", "made for this project"}
    assert all(int(tune.source[-4:]) < 1925 for tune in TUNES if tune.source.startswith("traditional"))


@each_tune
def test_another_reader_finds_a_melody_in_whole_bars(tune):
    file = mido.MidiFile(FOLDER / tune.file, charset="utf-8")
    assert (file.type, file.ticks_per_beat, len(file.tracks)) == (0, 480, 1)
    metas = {message.type: message for message in file.tracks[0] if message.is_meta}
    meter = metas["time_signature"]
    assert metas["track_name"].name == tune.title
    assert (meter.numerator, meter.denominator) == tune.meter
    assert meter.clocks_per_click == (36 if tune.meter == (6, 8) else 24)
    sharps, minor = tune.key
    names = ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#"]
    assert metas["key_signature"].key == names[7 + sharps + 3 * minor] + "m" * minor
    assert metas["set_tempo"].tempo == round(60e6 / (tune.beats * 1.5 if tune.meter == (6, 8) else tune.beats))
    assert [m.program for m in file.tracks[0] if m.type == "program_change"] == [tune.program]

    now, sounding, bar = 0, None, 4 * 480 * meter.numerator // meter.denominator
    for message in file.tracks[0]:
        now += message.time
        if message.type == "note_on":
            assert sounding is None, "one voice"
            assert 48 <= message.note <= 96
            assert message.velocity == (80 if now % bar else 96)
            sounding = message.note
        elif message.type == "note_off":
            assert message.note == sounding
            sounding = None
        assert now % 60 == 0
    assert sounding is None
    assert message.type == "end_of_track"
    assert now % bar == 0
    assert 8 <= now // bar <= 33  # one more than 32 for an upbeat


@each_tune
def test_the_notes_are_in_the_key_that_is_declared(tune):
    sharps, minor = tune.key
    tonic = 7 * (sharps + 3 * minor) % 12
    scale = {(tonic + step) % 12 for step in ((0, 2, 3, 5, 7, 8, 10) if minor else (0, 2, 4, 5, 7, 9, 11))}
    keys = [note.key for note in make_tunes.tune_score(tune, "tunes.abc").notes]
    assert sum(key % 12 in scale for key in keys) >= 0.85 * len(keys)
    assert all(abs(b - a) <= 16 for a, b in itertools.pairwise(keys))


def test_no_two_tunes_are_the_same_in_another_key():
    def shape(tune):
        notes = notes_in_eighths(make_tunes.tune_score(tune, "tunes.abc"))
        return tuple((start, key - notes[0][2]) for start, _, key in notes[:12])

    shapes = collections.Counter(shape(tune) for tune in TUNES)
    assert shapes.most_common(1)[0][1] == 1


@each_tune
def test_a_program_for_abc_hears_the_same_notes(tune):
    symusic = pytest.importorskip("symusic")
    text = next(block for block in make_tunes.NOTATION.read_text("utf-8").split("\n\n") if f"F:{tune.file}" in block)
    (track,) = symusic.Score.from_abc(text).tracks
    notes = make_tunes.tune_score(tune, "tunes.abc").notes
    late = notes[0].start - track.notes[0].time  # it begins with the upbeat
    played = [(note.time + late, note.duration + 1, note.pitch) for note in track.notes]  # it lets go a tick early
    assert played == [(note.start, note.end - note.start, note.key) for note in notes]


@pytest.mark.parametrize(
    ("file", "degrees"),
    [
        ("ah-vous-dirai-je", "1155665 4433221 5544332 5544332 1155665 4433221"),
        ("frere-jacques", "1231 1231 345 345 565431 565431 151 151"),
        ("sakura-sakura", "667 667 6717 6764 3134 3317 6717 6764 3134 3317 667 667 34 764 3"),
        ("usagi", "446 767 4446 767 67 11 766 43 643 432 3"),
        ("irish-washerwoman", "54 311511 313543 422622"),
        ("yankee-doodle", "1123 132 1123 175 1123 4321 7567 11"),
        ("amazing-grace", "5 131 32 16 55 131 32 5 3 531 32 16 55 131 32 1"),
        ("auld-lang-syne", "5 1113 2123 1135 6 6 5331 2123 1665 1"),
        ("greensleeves", "6 12343 2756 716 6"),
        ("o-tannenbaum", "5 1112 3333 234721"),
    ],
)
def test_well_known_tunes_go_as_people_know_them(file, degrees):
    """Numbers as in jianpu: 1 is the tonic of the major key with the same signature; octaves are left out."""
    tune = next(tune for tune in TUNES if tune.file == f"{file}.mid")
    wanted = [(7 * tune.key[0] + (0, 2, 4, 5, 7, 9, 11)[int(d) - 1]) % 12 for d in degrees.replace(" ", "")]
    assert [note.key % 12 for note in make_tunes.tune_score(tune, "tunes.abc").notes][: len(wanted)] == wanted


# the notation


def test_repeats_upbeats_and_accents():
    score = piece("|:G|c2 z2|e3:|\ng|^fd ec||B,2 z|]", meter="4/8")
    once = [(4, 2, 72), (8, 3, 76)]
    again = [(start + 8, length, key) for start, length, key in once]
    rest = [(19, 1, 79), (20, 1, 78), (21, 1, 74), (22, 1, 76), (23, 1, 72), (24, 2, 59)]
    assert notes_in_eighths(score) == [(3, 1, 67), *once, (11, 1, 67), *again, *rest]
    assert score.end == 28 * 240
    assert [note.velocity for note in score.notes] == [80, 96, 96, 80, 96, 96, 80, 96, 80, 80, 80, 96]


def test_a_sharp_holds_to_the_end_of_the_bar_and_only_in_its_octave():
    keys = [key for _, _, key in notes_in_eighths(piece("F^FFfF=FF_B|FBcf F'2 z2|]", key="D"))]
    assert keys == [66, 66, 66, 78, 66, 65, 65, 70, 66, 71, 73, 78, 78]


@pytest.mark.parametrize(
    ("key", "steps"),
    [
        *((tonic, "2212221") for tonic in ("Cb", "Ab", "F", "C", "G", "B", "C#")),
        *((f"{tonic}m", "2122122") for tonic in ("Ab", "C", "E", "F#")),
        *((f"{tonic}dor", "2122212") for tonic in ("G", "D", "E")),
        *((f"{tonic}mix", "2212212") for tonic in ("D", "A", "Bb")),
        *((f"{tonic}phr", "1222122") for tonic in ("E", "B", "F#")),
    ],
)
def test_the_scale_of_a_key(key, steps):
    letters = "CDEFGABcdefgab"
    first = letters.index(key[0])
    keys = [k for _, _, k in notes_in_eighths(piece(letters[first : first + 8] + "|]", key=key))]
    assert [b - a for a, b in itertools.pairwise(keys)] == [int(step) for step in steps]


def test_random_melodies(rng):
    for _ in range(50):
        wanted, bars, at = [], "", 0
        for _ in range(8):
            cuts = sorted({0, 32, *rng.integers(1, 32, 5).tolist()})  # quarters of an eighth
            for length in (b - a for a, b in itertools.pairwise(cuts)):
                letter, octave, mark = rng.choice(list("CDEFGAB")), int(rng.integers(-1, 3)), rng.choice(list("_=^"))
                written = letter + "," if octave == -1 else (letter, letter.lower(), letter.lower() + "'")[octave]
                bars += f"{mark}{written}{length}/4 "
                key = 60 + "C D EF G A B".index(letter) + 12 * octave + "_=^".index(mark) - 1
                wanted.append((at / 4, length / 4, key))
                at += length
            bars += "|"
        assert notes_in_eighths(piece(bars + "|", key="Eb")) == wanted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("CDEF GABc|C7|]", "Test: t.abc, line 10, bar 2 lasts 7/8 of a whole note, must last 1"),
        ("C8|\nC7|C8|]", "Test: t.abc, line 11, bar 2 lasts 7/8 of a whole note, must last 1"),
        ("C8|C9|]", "Test: t.abc, line 10, bar 2 lasts 9/8 of a whole note, must last 1"),
        ("C|C8|C8|]", "Test: t.abc, line 10, bar 3 lasts 1 of a whole note, must last 7/8"),
        ("C8|C6||C|C8|]", "Test: t.abc, line 10, bar 3 lasts 1/8 of a whole note, must last 1/4"),
        ("C8|C6:|", "Test: t.abc, line 10, bar 1 lasts 1 of a whole note, must last 1/4"),
        ("C8|\nC2Hz|]", "Test: t.abc, line 11, bar 2: 'H' is no note, rest or bar sign"),
        ("C8|C8|", "Test: t.abc, line 10: the last bar must end in ||, |] or :|"),
        ("C8|C8|]C2", "Test: t.abc, line 10: the last bar must end in ||, |] or :|"),
        ("", "t.abc, line 9: a tune must have 9 fields and then its bars"),
        ("|]", "Test: t.abc, line 10: a tune must have notes"),
    ],
)
def test_what_is_wrong_with_the_bars_is_named(text, reason):
    with pytest.raises(UserError) as error:
        make_tunes.midi_files(FIELDS.format(meter="4/4", key="C") + text, "t.abc")
    assert str(error.value) == reason


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("X:1", "T:1", "t.abc, line 1: 'T:1' must be X: and a number"),
        ("F:test.mid", "F:../Test.mid", "t.abc, line 3: 'F:../Test.mid' must be F: and a file name of a-z, 0-9"),
        ("S:made for this project, CC0", "S:a friend", "t.abc, line 4: 'S:a friend' must be S:traditional, COUNTRY"),
        ("M:4/4", "M:4/3", "t.abc, line 5: 'M:4/3' must be the meter, such as M:6/8"),
        ("L:1/8", "L:1/7", "t.abc, line 6: 'L:1/7' must be the unit length"),
        ("Q:1/4=120", "Q:fast", "t.abc, line 7: 'Q:fast' must be the tempo"),
        ("MIDI program 73", "MIDI program 128", "t.abc, line 8: 'I:MIDI program 128' must be"),
        ("K:C", "K:H", "t.abc, line 9: 'K:H' must be the key"),
        ("K:C", "K:G#", "t.abc, line 9: the key has 8 signs, must have 0..7"),
    ],
)
def test_a_wrong_field_is_named_with_what_is_allowed(old, new, reason):
    text = FIELDS.format(meter="4/4", key="C") + "C8|]"
    assert old in text
    with pytest.raises(UserError) as error:
        make_tunes.midi_files(text.replace(old, new), "t.abc")
    assert str(error.value).startswith(reason)


def test_two_tunes_cannot_share_a_file():
    text = FIELDS.format(meter="4/4", key="C") + "C8|]\n"
    assert set(make_tunes.midi_files(text + "\n% more\n\n\n" + text.replace("test.mid", "b.mid"), "t.abc")) == {
        "test.mid",
        "b.mid",
    }
    with pytest.raises(UserError, match=r"t\.abc: test\.mid is the file of two tunes, must be of one"):
        make_tunes.midi_files(text + "\n" + text, "t.abc")


def test_the_command_writes_all_files_or_none(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(make_tunes, "NOTATION", tmp_path / "tunes.abc")
    good = FIELDS.format(meter="4/4", key="C") + "C8|]\n"
    (tmp_path / "tunes.abc").write_text(good + "\n" + good.replace("test.mid", "b.mid") + "C", encoding="utf-8")
    with pytest.raises(UserError):
        make_tunes.main()
    assert [path.name for path in tmp_path.iterdir()] == ["tunes.abc"]
    (tmp_path / "tunes.abc").write_text(good, encoding="utf-8")
    make_tunes.main()
    assert capsys.readouterr().out == f"1 tunes in {tmp_path}\n"
    assert (tmp_path / "test.mid").read_bytes() == make_tunes.midi_files(good, "")["test.mid"]
