"""All tracks on one time line: a channel for each part, and those that have fallen silent for what is more."""

import pytest

from tests.midi.words.tunes import midi
from tsuzuri.midi import export
from tsuzuri.midi.file import smf
from tsuzuri.midi.merging import events_of_all_tracks
from tsuzuri.midi.score import score_of_events
from tsuzuri.midi.words.convert import convert_file
from tsuzuri.midi.words.settings import Settings

LONG = 100_000  # ticks of the notes that keep their channels busy


def track(channel, program, *notes, port=0, settings=""):
    """A track of (start, end) notes, whose key is 40 + the program."""
    lines = [f"0 ff 21 {port:02x}", f"0 c{channel:x} {program:02x}", settings]
    for start, end in notes:
        lines += [f"{start} 9{channel:x} {40 + program:02x} 50", f"{end} 8{channel:x} {40 + program:02x} 00"]
    return "\n".join(filter(None, lines))


MELODIC = [channel for channel in range(16) if channel != 9]


def band(*notes_of_last, settings="", last=()):
    """15 parts on as many channels, the last of which has these notes, and the tracks ``last``."""
    tracks = [track(channel, k, (0, LONG)) for k, channel in enumerate(MELODIC[:-1])]
    return [*tracks, track(15, 14, *notes_of_last, settings=settings), *last]


def played(*tracks, form=1):
    """For each note (start, end, key - 40, program, volume of its channel as it starts), and the remarks."""
    events, remarks = events_of_all_tracks(smf.read_smf(midi(*tracks, form=form)))
    score, mended = score_of_events(events, 480)
    assert mended == 0
    found = []
    for note in score.notes:
        state = {0xC0: 0, 0xB0: 100}
        for tick, message in score.others:
            kind = message[0] & 0xF0
            is_here = message[0] < 0xF0 and message[0] & 15 == note.channel and tick <= note.start
            if is_here and (kind == 0xC0 or (kind == 0xB0 and message[1] == 7)):
                state[kind] = message[-1]
        found.append((note.start, note.end, note.key - 40, state[0xC0], state[0xB0]))
    return found, remarks


def of(program, found):
    return [row for row in found if row[2] == program]


def test_a_part_without_a_channel_plays_where_one_has_fallen_silent():
    guest = track(0, 60, (200, 300), (900, 950), port=1)
    found, remarks = played(*band((0, 100), (400, 500), (960, 970), last=[guest]))
    assert of(60, found) == [(200, 300, 60, 60, 100), (900, 950, 60, 60, 100)]
    assert of(14, found) == [(0, 100, 14, 14, 100), (400, 500, 14, 14, 100), (960, 970, 14, 14, 100)]
    assert len(found) == 14 + 3 + 2
    assert remarks == [
        "channel 1 of track 15: played on channels that have fallen silent: 15 instruments have all channels"
    ]


def test_each_part_has_its_own_settings_there():
    guest = track(0, 60, (200, 300), port=1)
    found, _ = played(*band((0, 100), (400, 500), settings="0 bf 07 20\n450 bf 07 30", last=[guest]))
    assert of(60, found) == [(200, 300, 60, 60, 100)]
    assert of(14, found) == [(0, 100, 14, 14, 32), (400, 500, 14, 14, 32)]
    loud = track(0, 60, (200, 300), port=1, settings="0 b0 07 7f")
    found, _ = played(*band((0, 100), (400, 500), last=[loud]))
    assert [row[-1] for row in of(14, found) + of(60, found)] == [100, 100, 127]


def test_settings_meanwhile_are_kept_for_their_part():
    """The host changes its volume while the guest plays: the guest does not hear it, and the host has it after that."""
    guest = track(0, 60, (200, 300), port=1)
    found, _ = played(*band((0, 100), (400, 500), settings="250 bf 07 30", last=[guest]))
    assert of(60, found) == [(200, 300, 60, 60, 100)]
    assert of(14, found)[1] == (400, 500, 14, 14, 48)


def test_a_pedal_keeps_a_channel_busy():
    guest = track(0, 60, (200, 300), port=1)
    found, remarks = played(*band((0, 100), settings="0 bf 40 7f\n250 bf 40 00", last=[guest]))
    assert of(60, found) == []
    assert remarks == ["channel 1 of track 15: 1 of 1 notes left out: 15 instruments have all channels"]


def test_what_has_no_place_is_counted():
    guest = track(0, 60, (50, 80), (90, 200), (200, 300), (600, 700), port=1)
    found, remarks = played(*band((0, 100), last=[guest]))
    assert [row[:2] for row in of(60, found)] == [(600, 700)]
    assert remarks == ["channel 1 of track 15: 3 of 4 notes left out: 15 instruments have all channels"]


def test_twenty_parts_on_two_ports():
    """As a file that a program writes for two ports: no more than two sound at once, so that all have a place."""
    tracks = [
        track(k % 16, k, *((240 * k + 1440 * n, 240 * k + 1440 * n + 400) for n in range(4)), port=k // 16)
        for k in range(20)
    ]
    found, remarks = played(*tracks)
    assert [len(of(k, found)) for k in range(20)] == [4] * 20
    assert all(row[3] == row[2] for row in found if row[2] != 9)  # each by its own program
    assert len(remarks) == 4
    converted = convert_file("x.mid", midi(*tracks), Settings(track="all", events="all"))
    assert len(converted.pieces[0].score().notes) == 80
    assert converted.remarks == remarks
    assert export.read_score(midi(*tracks))[1] == remarks  # of which a picture is drawn


def test_notes_alone_keep_one_program_a_channel_and_the_others_are_named():
    guests = [track(0, 60, (200, 300), port=1), track(1, 57, (350, 380), (600, 700), port=1)]
    data = midi(*band((0, 100), (400, 500), last=guests))
    converted = convert_file("x.mid", data, Settings(track="all"))
    why = "played on channels that have fallen silent: 15 instruments have all channels"
    how = "(--events channel keeps programs)"
    assert converted.remarks == [
        f"channel 1 of track 15: {why}, 1 note of French Horn as Tubular Bells {how}",
        f"channel 2 of track 16: {why}, 2 notes of Trombone as Tubular Bells {how}",
    ]
    assert dict(converted.pieces[0].programs)[15] == 14
    for events in ("channel", "all"):
        remarks = convert_file("x.mid", data, Settings(track="all", events=events)).remarks
        assert [remark.endswith(why) for remark in remarks] == [True, True]
    lost = midi(*band((0, 100), last=[track(0, 60, (50, 80), (150, 180), port=1)]))
    (remark,) = convert_file("x.mid", lost, Settings(track="all")).remarks
    assert remark.startswith("channel 1 of track 15: 1 of 2 notes left out: ")
    assert remark.endswith(f", 1 note of French Horn as Tubular Bells {how}")


def test_a_channel_of_settings_alone_is_free_for_a_guest():
    silent = "0 cf 0e\n0 bf 07 20"  # a program and a volume, and no note
    guest = track(0, 60, (200, 300), (600, 700), port=1)
    data = midi(*band((0, 100))[:-1], silent, guest)
    converted = convert_file("x.mid", data, Settings(track="all"))
    assert dict(converted.pieces[0].programs)[15] == 60
    assert {note.channel for note in converted.pieces[0].score().notes if note.key == 100} == {15}
    assert not any("French Horn" in remark for remark in converted.remarks)
    found, _ = played(*band((0, 100))[:-1], silent, guest)
    assert of(60, found) == [(200, 300, 60, 60, 100), (600, 700, 60, 60, 100)]


def test_a_bend_range_is_told_again():
    """A parameter's controls have a meaning in their order only: all of them are sent again."""
    bends = "0 b0 65 00\n0 b0 64 00\n0 b0 06 0c\n0 e0 7f 7f"
    guest = track(0, 60, (200, 300), port=1, settings=bends)
    events, _ = events_of_all_tracks(smf.read_smf(midi(*band((0, 100), (400, 500), last=[guest]))))
    sent = {tick: [] for tick in (200, 400)}
    for tick, message in events:
        if tick in sent and message[0] & 15 == 15 and message[0] & 0xF0 in (0xB0, 0xE0):
            sent[tick].append(message[1:].hex())
    assert sent[200] == ["6500", "6400", "060c", "2600", "7f7f"]
    assert sent[400] == ["6500", "6400", "0602", "2600", "0040"]


PATTERN = "{}\n0 90 3c 50\n480 80 3c 00"


@pytest.mark.parametrize("order", [1, -1])
def test_patterns_of_format_2_keep_apart(order):
    settings = "0 ff 51 0f4240\n0 ff 58 03021808\n0 c0 28\n0 b0 07 20"
    tracks = [PATTERN.format(settings), PATTERN.format("")][::order]
    data = midi(*tracks, form=2)
    events, _ = events_of_all_tracks(smf.read_smf(data))
    metas = [(tick, message.hex()) for tick, message in events if message[:2] in (b"\xff\x51", b"\xff\x58")]
    fast, waltz, usual, common = "ff510f4240", "ff5803021808", "ff5107a120", "ff5804021808"
    if order == 1:
        assert metas == [(0, fast), (0, waltz), (480, usual), (480, common)]
    else:
        assert metas == [(480, fast), (480, waltz)]
    found, _ = played(*tracks, form=2)
    assert [row[3:] for row in found] == [(40, 32), (0, 100)][::order]


def test_a_third_pattern_has_no_settings_of_the_first():
    tracks = [PATTERN.format("0 ff 51 0f4240"), PATTERN.format("0 ff 51 061a80"), PATTERN.format("")]
    events, _ = events_of_all_tracks(smf.read_smf(midi(*tracks, form=2)))
    tempos = [(tick, message[2:].hex()) for tick, message in events if message[:2] == b"\xff\x51"]
    assert tempos == [(0, "0f4240"), (480, "061a80"), (960, "07a120")]
    tracks[1] = PATTERN.format("")
    events, _ = events_of_all_tracks(smf.read_smf(midi(*tracks, form=2)))
    assert [tick for tick, message in events if message[:2] == b"\xff\x51"] == [0, 480]  # said once
