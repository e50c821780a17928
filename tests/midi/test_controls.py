"""Controllers thinned: how many are left, which, and that the last value is kept."""

import pytest

from tsuzuri.midi.controls import thin_controls
from tsuzuri.midi.score import Score

VOLUME, FINE_VOLUME, PEDAL = (bytes([0xB0, number]) for number in (7, 39, 64))


def thinned(*others, rate=4):
    return thin_controls(Score([], list(others), 4800, 480), rate).others


def flood(head, count=480):
    return [(tick, head + bytes([tick * 127 // (count - 1)])) for tick in range(count)]


def test_of_a_flood_the_last_of_each_span_is_kept_rounded():
    assert thinned(*flood(VOLUME)) == [
        (tick, VOLUME + bytes([v])) for tick, v in ((119, 32), (239, 64), (359, 96), (479, 127))
    ]
    assert len(thinned(*flood(VOLUME), rate=1)) == 1


def test_each_controller_and_channel_counts_by_itself():
    others = sorted([*flood(VOLUME), *flood(b"\xb1\x07"), *flood(b"\xb0\x0a"), *flood(b"\xd0")])
    assert len(thinned(*others)) == 16


@pytest.mark.parametrize(
    "message", ["b04000", "b0407f", "b00001", "b06400", "b00602", "b07b00", "c005", "ff510f4240", "f07e7f0901f7"]
)
def test_what_is_no_level_is_kept(message):
    others = [(tick, bytes.fromhex(message)) for tick in range(5)]
    assert thinned(*others) == others


def test_what_changes_nothing_is_left_out():
    others = [(tick, VOLUME + bytes([value])) for tick, value in ((0, 103), (480, 101), (960, 60), (1440, 100))]
    assert [tick for tick, _ in thinned(*others)] == [0, 960, 1440]
    assert thinned((0, FINE_VOLUME + b"\x05"), (240, FINE_VOLUME + b"\x06")) == []


def test_a_bend_comes_back_to_its_center():
    bends = [(tick, 0x2000 + (tick % 241) * 30) for tick in range(0, 240)] + [(300, 0x2000), (481, 16383), (601, 0)]
    left = thinned(*((tick, bytes([0xE0, value & 127, value >> 7])) for tick, value in bends))
    assert [tick for tick, _ in left] == [119, 239, 300, 481, 601]
    values = [message[1] | message[2] << 7 for _, message in left]
    assert values[2:] == [0x2000, 0x3FFF, 0]
    assert all(abs(value - dict(bends)[tick]) <= 128 for tick, value in zip((119, 239), values, strict=False))
