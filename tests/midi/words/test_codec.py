"""Words, notes and time: each step of the way from events to words, on music small enough to read."""

import numpy
import pytest

from tsuzuri.midi import timing
from tsuzuri.midi.score import Note, Score, make_notes_legal, score_of_events
from tsuzuri.midi.words import codec
from tsuzuri.midi.words.convert import quantize_velocities, transpose

ON, OFF = (
    (lambda key, velocity=80, channel=0: bytes([0x90 | channel, key, velocity])),
    (lambda key, channel=0: bytes([0x80 | channel, key, 0])),
)
TEMPO_120, TEMPO_60 = bytes.fromhex("ff5107a120"), bytes.fromhex("ff510f4240")


def tune(*notes, others=(), end=0, division=480):
    notes = [Note(*note) for note in notes]
    return Score(notes, list(others), max([end, *(note.end for note in notes)]), division)


@pytest.mark.parametrize(
    ("delta", "message", "word"),
    [
        (0, "904050", "00_90_4050"),
        (480, "804000", "8360_80_4000"),
        (127, "c105", "7f_c1_05"),
        (128, "b04000", "8100_b0_4000"),
        (0, "ff5107a120", "00_ff_5107a120"),
        (0x0FFFFFFF, "ff2f", "ffffff7f_ff_2f"),
        (0, "f07e7f0901f7", "00_f0_7e7f0901f7"),
    ],
)
def test_words_and_back(delta, message, word):
    assert codec.encode_word(delta, bytes.fromhex(message)) == word
    assert codec.decode_word(word) == (delta, bytes.fromhex(message))


def test_every_delta_comes_back(rng):
    for delta in [*rng.integers(0, 1 << 28, 200).tolist(), 0x3FFF, 0x4000, 0x1FFFFF, 0x200000]:
        assert codec.decode_word(codec.encode_word(delta, ON(60)))[0] == delta


@pytest.mark.parametrize("delta", [-1, 0x10000000])
def test_a_rest_that_midi_cannot_hold(delta):
    with pytest.raises(ValueError, match="longest, 268435455"):
        codec.encode_word(delta, ON(60))


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("", "is not delta_status_data"),
        ("hello", "is not delta_status_data"),
        ("00_90_40", "has 1 data bytes, status 90 needs 2"),
        ("00_90_4080", "has the data byte 80, must be in range 00..7f"),
        ("00_70_4050", "is not delta_status_data"),
        ("80_90_4050", "is not delta_status_data"),
        ("ff" * 500_000 + "00_90_4050", "has a delta of more ticks than 268435455"),
        ("8180808000_90_4050", "has a delta of more ticks than 268435455"),
        ("00_f8_", "has the status f8, which no file may hold"),
        ("00_ff", "has no meta type"),
        ("00_ff_51000000", "has an impossible tempo"),
        ("00_ff_5107a1", "has 2 bytes of tempo, 3 are needed"),
        ("00_ff_5900", "has 1 bytes of key signature"),
        ("00_ff_58", "has 0 bytes of time signature, 4 are needed"),
        ("00_ff_590802", "has an impossible key signature"),
        ("00_ff_2020", "has an impossible channel prefix"),
        ("00_ff_0001", "has 1 bytes of sequence number, 0 or 2 are needed"),
        ("00_ff_54ffffffffff", "has an impossible SMPTE offset"),
        ("00_ff_21", "has 0 bytes of port, 1 are needed"),
    ],
)
def test_what_is_no_word_says_why(word, reason):
    with pytest.raises(ValueError, match=reason):
        codec.decode_word(word)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("00_80_4000", (0, "releases key 64 of channel 1, which does not sound")),
        ("00_90_4050 10_90_4050 10_80_4000", (1, "strikes key 64 of channel 1, which sounds already")),
        ("00_90_4050", (0, "strikes key 64 of channel 1, which never ends")),
        ("00_93_4050 00_83_4000", (1, "ends key 64 of channel 4 where it begins")),
        ("00_90_4050 10_80_4000 00_ff_2f 00_c0_05", (3, "follows the end of the track")),
        ("00_90_4050 10_nonsense 10_80_4000", (1, "is not delta_status_data in hex, such as 00_90_4050")),
    ],
)
def test_what_is_not_legal_is_named_and_mended(line, fault):
    events, faults = codec.decode_events(line.split(), 480)
    assert faults[0] == fault
    again, none = codec.decode_events(codec.encode_events(events), 480)
    assert none == []
    assert again == events


def test_legal_words_come_back_as_they_are():
    line = "00_c0_05 00_90_4050 00_90_4350 8360_80_4000 10_ff_510f4240 00_90_4040 00_80_4300 8360_80_4000 10_ff_2f"
    events, faults = codec.decode_events(line.split(), 480)
    assert faults == []
    assert " ".join(codec.encode_events(events)) == line


def test_a_malformed_word_gives_its_delta_to_the_next():
    events, _ = codec.decode_events(["00_90_4050", "60_xx", "60_80_4000"], 480)
    assert events == [(0, ON(64)), (0x60 + 0x60, OFF(64))]


def test_a_line_that_is_only_begun_may_leave_notes_open():
    assert codec.decode_events(["00_90_4050"], 480, unfinished=True) == ([(0, ON(64))], [])


def test_a_tied_note_ends_where_it_was_meant_to():
    events = [(0, ON(60)), (90, ON(60)), (100, OFF(60)), (200, OFF(60))]
    piece, mended = score_of_events(events, 480)
    assert [note[:2] for note in piece.notes] == [(0, 90), (90, 200)]
    assert mended == 1


def test_a_lost_note_off_harms_its_own_note_alone():
    events = [(0, ON(64))]  # its note-off is missing
    for start in range(1920, 1920 * 9, 1920):
        events += [(start, ON(64)), (start + 60, OFF(64))]
    piece, mended = score_of_events(events, 480)
    assert [note.end - note.start for note in piece.notes] == [1920] + [60] * 8
    assert mended == 1


def test_two_tracks_in_unison_are_one_note():
    piece, mended = score_of_events([(0, ON(60)), (0, ON(60, 90)), (100, OFF(60)), (100, OFF(60))], 480)
    assert piece.notes == [Note(0, 100, 0, 60, 90)]  # as loud as the louder
    assert mended == 1


def test_an_open_note_lasts_to_the_end_and_an_empty_one_a_tick():
    piece, mended = score_of_events([(0, ON(60)), (5, ON(62)), (5, OFF(62)), (50, b"\xff\x2f")], 480)
    assert [note[:2] for note in piece.notes] == [(0, 50), (5, 6)]
    assert mended == 2


def test_note_on_without_velocity_is_a_note_off():
    piece, mended = score_of_events([(0, ON(60)), (10, ON(60, 0))], 480)
    assert (piece.notes, mended) == ([Note(0, 10, 0, 60, 80)], 0)


def test_events_in_canonical_order():
    piece = tune(
        (0, 10, 0, 60, 80), (10, 30, 0, 50, 80), (10, 20, 0, 60, 80), others=[(10, b"\xc0\x05"), (10, TEMPO_60)]
    )
    assert [message.hex() for tick, message in piece.events() if tick == 10] == [
        "ff510f4240", "803c00", "c005", "903250", "903c50",
    ]  # fmt: skip


def legal(notes):
    """Whether no key sounds twice at once and every note lasts."""
    ends = {}
    for note in sorted(notes):
        if note.start >= note.end or note.start < ends.get((note.channel, note.key), 0):
            return False
        ends[note.channel, note.key] = note.end
    return True


def any_notes(rng, count=60, span=200):
    places = rng.integers(0, (span, 40, 2, 4), (count, 4)).tolist()
    return [Note(start, start + length, channel, 58 + key, 64) for start, length, channel, key in places]


def test_settled_notes_are_legal_and_no_onset_moves(rng):
    for _ in range(50):
        notes = any_notes(rng)
        settled, _ = make_notes_legal(notes)
        assert legal(settled)
        assert {note[:1] + note[2:4] for note in settled} == {note[:1] + note[2:4] for note in notes}
        assert make_notes_legal(settled) == (settled, 0)


@pytest.mark.parametrize("grid", [1, 3, 4, 24])
def test_a_grid_moves_by_half_a_place_at_most_and_keeps_order_and_length(rng, grid):
    step = 480 / grid
    piece = tune(*make_notes_legal(any_notes(rng, 200, 20_000))[0])
    snapped = timing.snap_to_grid(piece, grid)
    assert legal(snapped.notes)
    for note in snapped.notes:
        assert note.start % step == 0
        assert note.end % step == 0
    origin = {(n.channel, n.key, timing.snap_to_grid(tune(n), grid).notes[0].start): n for n in reversed(piece.notes)}
    for note in snapped.notes:
        assert abs(origin[note.channel, note.key, note.start].start - note.start) <= step / 2
    places = [timing.snap_to_grid(tune(note), grid).notes[0].start for note in piece.notes]
    assert places == sorted(places)


def test_a_grid_that_does_not_divide_the_ticks():
    piece = timing.snap_to_grid(tune((0, 1, 0, 60, 80), (34, 67, 0, 60, 80), division=100), 3)
    assert [note[:2] for note in piece.notes] == [(0, 33), (33, 67)]


def test_ticks_are_rounded():
    piece = timing.in_musical_time(tune((1, 3, 0, 60, 80), (5, 6, 0, 60, 80), division=384, end=7), 480)
    assert [note[:2] for note in piece.notes] == [(1, 4), (6, 8)]  # of 1.25, 3.75, 6.25, 7.5
    assert piece.end == 9  # of 8.75


def test_meters():
    three_four = bytes.fromhex("ff5803022408")
    assert timing.meter_changes(tune(others=[(0, three_four)])) == [(0, 3, 4)]
    assert timing.meter_changes(tune(others=[(5, three_four)])) == [(0, 4, 4), (5, 3, 4)]


@pytest.mark.parametrize(("old", "new"), [(96, 480), (480, 96), (960, 480), (120, 480), (1, 480)])
def test_ticks_per_beat(old, new):
    piece = timing.in_musical_time(tune((old, 3 * old, 0, 60, 80), division=old), new)
    assert piece.notes == [Note(new, 3 * new, 0, 60, 80)]
    assert piece.division == new


def test_coarser_ticks_leave_no_note_without_length():
    piece = timing.in_musical_time(tune((0, 1, 0, 60, 80), (5, 6, 0, 62, 80), division=960), 4)
    assert legal(piece.notes)


def test_smpte_becomes_musical_time():
    """25 frames of 40 ticks: a tick is a millisecond; a quarter note is 500 of them at 120 a minute, 1000 at 60."""
    piece = tune((500, 1000, 0, 60, 80), (1000, 2000, 0, 62, 80), others=[(1000, TEMPO_60)], division=-25 * 256 + 40)
    assert [note[:2] for note in timing.in_musical_time(piece).notes] == [(480, 960), (960, 1440)]


def test_tempo_map():
    piece = tune((0, 1920, 0, 60, 80), others=[(480, TEMPO_60), (960, TEMPO_120)])
    tempi = timing.tempo_map_of(piece)
    assert [tempi.seconds(tick) for tick in (0, 480, 720, 960, 1920)] == pytest.approx([0, 0.5, 1.0, 1.5, 2.5])
    for tick in (0, 100, 480, 700, 960, 5000):
        assert tempi.tick(tempi.seconds(tick)) == pytest.approx(tick)
    assert timing.main_tempo(piece) == 500_000
    assert timing.main_tempo(piece._replace(others=[(480, TEMPO_60)])) == 1_000_000


@pytest.mark.parametrize(
    ("changes", "end", "quarters"),  # (tick, quarter notes a minute); the main tempo
    [
        ([(0, 100)], 4800, 100),
        ([(0, 100), (0, 90)], 4800, 90),  # the last of two at once
        ([(480 * n, 95 + n) for n in range(22)] + [(480 * 22, 30)], 480 * 24, 101),  # a fermata
        ([(0, 92), (3840, 96), (7680, 100), (11520, 104), (15360, 108), (19200, 40)], 21120, 96),
        ([(480, 60)], 960, 60),
        ([(5000, 60)], 0, 120),  # of no length
        ([], 960, 120),
    ],
)
def test_the_main_tempo_is_the_median_over_time(changes, end, quarters):
    others = [(tick, b"\xff\x51" + round(60e6 / rate).to_bytes(3, "big")) for tick, rate in changes]
    assert round(60e6 / timing.main_tempo(tune(others=others, end=end))) == quarters


def test_drop_frames():
    assert timing.smpte_ticks_per_second(-29 * 256 + 100) == pytest.approx(30_000 / 1001 * 100)


def test_bars():
    three_eight = (1920, bytes.fromhex("ff5803032408"))
    assert timing.bar_starts(tune((0, 4000, 0, 60, 80), others=[three_eight])) == [0, 1920, 2640, 3360, 4080]
    assert timing.bar_starts(tune()) == [0]


@pytest.mark.parametrize(("bins", "wanted"), [(1, {64}), (2, {32, 96}), (127, set(range(1, 128)))])
def test_velocity_bins(bins, wanted):
    piece = quantize_velocities(tune(*((i, i + 1, 0, 60, i) for i in range(1, 128))), bins)
    assert {note.velocity for note in piece.notes} == wanted
    assert abs(numpy.array([note.velocity - note.start for note in piece.notes])).max() <= 64 / bins
    assert quantize_velocities(piece, bins) == piece


def test_transposing():
    key = (0, bytes.fromhex("ff590000"))
    piece = tune((0, 1, 0, 60, 80), (0, 1, 9, 36, 80), others=[key, (0, b"\xa0\x3c\x40"), (0, b"\xa9\x24\x40")])
    higher = transpose(piece, 2)
    assert [note.key for note in higher.notes] == [62, 36]
    assert [message.hex() for _, message in higher.others] == ["ff590200", "a03e40", "a92440"]
    assert [transpose(piece, n).others[0][1].hex() for n in (-1, 1, 6)] == ["ff590500", "ff59fb00", "ff590600"]
    assert transpose(piece, 68) is None
    assert transpose(piece, -61) is None
