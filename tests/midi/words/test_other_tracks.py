"""Programs, controls and pedals in other tracks than the notes' go along with their channel."""

from tests.midi.words.tunes import midi
from tsuzuri.midi.file import smf
from tsuzuri.midi.words.convert import convert_file
from tsuzuri.midi.words.settings import Settings
from tsuzuri.midi.words.tracks import track_overviews

RIGHT = "0 c0 05\n0 b0 40 7f\n0 90 54 50\n100 80 54 00\n500 b0 40 00\n600 90 55 50\n700 80 55 00"
LEFT = "0 90 30 50\n100 80 30 00\n600 90 31 50\n700 80 31 00"


def piece(*tracks, form=1, **settings):
    (found,) = convert_file("x.mid", midi(*tracks, form=form), Settings(**settings)).pieces
    return found


def test_settings_in_a_track_of_their_own():
    setup = "0 c0 28\n0 c1 20\n0 b0 07 64\n0 b1 07 5a"
    found = piece(setup, LEFT, track=1, events="channel")
    assert found.words[:2] == ["00_c0_28", "00_b0_0764"]
    assert piece(setup, LEFT, track=1).programs == ((0, 40),)


def test_the_pedal_of_a_piano_is_for_both_hands():
    found = piece(RIGHT, LEFT, track=1)
    assert [(note.start, note.end) for note in found.score().notes] == [(0, 500), (600, 700)]
    assert found.programs == ((0, 5),)
    assert "00_b0_407f" in piece(RIGHT, LEFT, track=1, events="channel").words


def test_what_is_of_another_instrument_on_the_channel_is_not():
    found = piece(RIGHT, "0 c0 20\n" + LEFT, track=1)
    assert [(note.start, note.end) for note in found.score().notes] == [(0, 100), (600, 700)]
    assert found.programs == ((0, 32),)


def test_patterns_of_format_2_keep_their_own():
    found = piece(RIGHT, LEFT, track=1, form=2)
    assert [(note.start, note.end) for note in found.score().notes] == [(0, 100), (600, 700)]
    assert found.programs == ()


def test_a_tune_is_still_one_note_at_a_time():
    """Of a part among several one note at a time is learned; the pedal makes it legato, not a chord."""
    tune = "0 b0 40 7f\n" + "\n".join(
        f"{480 * n} 90 {72 + n % 7:02x} 50\n{480 * n + 100} 80 {72 + n % 7:02x} 00" for n in range(16)
    )
    bass = "\n".join(f"{480 * n} 91 {40 + n % 3:02x} 50\n{480 * n + 400} 81 {40 + n % 3:02x} 00" for n in range(16))
    notes = piece(tune, bass).score().notes
    assert [note.key for note in notes] == [72 + n % 7 for n in range(16)]
    assert [note.end - note.start for note in notes[:-1]] == [480] * 15


def programs_listed(*tracks, form=1):
    return [each.programs for each in track_overviews(smf.read_smf(midi(*tracks, form=form)))]


def test_a_list_shows_the_program_of_a_channel_wherever_it_stands():
    setup = "0 c0 28\n0 c1 20\n900 c0 29"
    assert programs_listed(setup, LEFT) == [[0x20, 0x28, 0x29], [0x28, 0x29]]
    assert programs_listed(setup, "0 c0 05\n" + LEFT) == [[0x20, 0x28, 0x29], [5]]  # it has its own
    assert programs_listed(setup, "0 ff 21 01\n" + LEFT) == [[0x20, 0x28, 0x29], []]  # of another port
    assert programs_listed(setup, LEFT, form=2) == [[0x20, 0x28, 0x29], []]
