"""What messages do to the sound: loudness, place, pedal, bends, and what drums do not know."""

import numpy
import pytest

from tests.midi.sound.measures import QUARTER, RATE, between, cents, energy, piece, pitch
from tsuzuri.midi.score import DRUMS
from tsuzuri.midi.sound import synth
from tsuzuri.midi.sound.performance import Channel, Curve


def test_velocity_and_volume_make_louder():
    loud, soft = (0, QUARTER, 0, 60, 110), (4 * QUARTER, 5 * QUARTER, 0, 60, 50)
    samples = synth.render_score(piece([loud, soft]))
    assert energy(between(samples, 0, 0.6)) > 4 * energy(between(samples, 2, 2.6))
    for control in (7, 11):
        less = (3 * QUARTER, bytes([0xB0, control, 50]))
        samples = synth.render_score(piece([loud, (4 * QUARTER, 5 * QUARTER, 0, 60, 110)], less))
        assert energy(between(samples, 0, 0.6)) > 4 * energy(between(samples, 2, 2.6))


def test_expression_swells_within_a_note_without_a_click():
    swell = [(k * 40, bytes([0xB0, 11, 10 + 4 * k])) for k in range(24)]
    samples = synth.render_score(piece([(0, 2 * QUARTER, 0, 40, 90)], (0, b"\xc0\x10"), *swell)).astype("d")
    assert energy(between(samples, 0.7, 0.95)) > 10 * energy(between(samples, 0.1, 0.35))
    assert abs(numpy.diff(samples, axis=0)).max() < 0.25 * abs(samples).max()


@pytest.mark.parametrize("channel", [0, DRUMS])
def test_pan_goes_left_and_right(channel):
    def sides(value):
        samples = synth.render_score(
            piece([(0, 2 * QUARTER, channel, 38, 90)], (0, bytes([0xB0 | channel, 10, value])))
        )
        return energy(samples[:, 0]) / energy(samples[:, 1])

    assert sides(0) > 8
    assert sides(127) < 1 / 8
    assert 1 / 3 < sides(64) < 3


def test_high_and_low_notes_stand_apart_but_near_the_middle():
    low = synth.render_score(piece([(0, QUARTER, 0, 36, 90)]))
    high = synth.render_score(piece([(0, QUARTER, 0, 84, 90)]))
    assert energy(low[:, 0]) > 1.2 * energy(low[:, 1])
    assert energy(high[:, 1]) > 1.2 * energy(high[:, 0])


def test_the_pedal_holds_a_note_until_it_is_lifted_or_struck_again():
    notes = [(0, QUARTER // 2, 0, 60, 90), (8 * QUARTER, 9 * QUARTER, 0, 20, 1)]

    def lasts(*others):
        samples = synth.render_score(piece(notes, (0, b"\xc0\x10"), *others))
        audible = numpy.flatnonzero(abs(samples).max(axis=1) > abs(samples.astype(int)).max() / 4)
        return audible[-1] / RATE

    down, up = (0, b"\xb0\x40\x7f"), (4 * QUARTER, b"\xb0\x40\x00")
    assert lasts() < 0.5
    assert 1.9 < lasts(down, up) < 2.2
    assert 1.9 < lasts(down, (4 * QUARTER, b"\xb0\x79\x00")) < 2.2  # all controls reset
    assert lasts(down) > 3.9
    notes.append((2 * QUARTER, 2 * QUARTER + 9, 0, 60, 1))
    assert lasts(down, up) < 1.2


@pytest.mark.parametrize(("value", "semitones"), [(16383, 2), (0, -2), (12288, 1)])
def test_a_note_is_bent_from_its_start(value, semitones):
    bend = (0, bytes([0xE0, value & 127, value >> 7]))
    samples = synth.render_score(piece([(0, 8 * QUARTER, 0, 69, 90)], (0, b"\xc0\x10"), bend)).astype("d").mean(axis=1)
    wanted = 440 * 2 ** (semitones / 12)
    assert abs(cents(pitch(between(samples, 0.3, 3.5), wanted), wanted)) < 2


def test_a_bend_moves_a_sounding_note_as_far_as_its_range_says():
    range_7 = [(0, bytes([0xB0, *pair])) for pair in ((101, 0), (100, 0), (6, 7))]
    bend = (8 * QUARTER, b"\xe0\x7f\x7f")
    score = piece([(0, 16 * QUARTER, 0, 57, 90)], (0, b"\xc0\x10"), *range_7, bend)
    samples = synth.render_score(score).astype("d").mean(axis=1)
    assert abs(cents(pitch(between(samples, 0.3, 3.8), 220), 220)) < 2
    fifth = 220 * 2 ** (7 / 12)
    assert abs(cents(pitch(between(samples, 4.3, 7.8), fifth), fifth)) < 2


def test_drums_know_neither_pitch_nor_length():
    def kick(*others, length=QUARTER):
        return synth.render_score(piece([(0, length, DRUMS, 36, 100)], *others))

    plain = kick()
    assert (plain == kick(length=4 * QUARTER)).all()
    assert (plain == kick((0, b"\xe9\x7f\x7f"), (0, b"\xc9\x28"), (0, b"\xb9\x40\x7f"))).all()
    mono = plain.astype("d").mean(axis=1)
    assert abs(cents(pitch(between(mono, 0.1, 0.5), 54), 54)) < 100
    assert cents(440 * 2 ** ((36 - 69) / 12), 54) > 300  # where the key would be


def test_curves_ramp_between_steps(rng):
    curve = Curve(1.0)
    for time in sorted(rng.integers(1, 20_000, 30).tolist()):
        curve.move(time, float(rng.random()))
    values = curve.samples(0, 21_000, RATE)
    assert abs(numpy.diff(values)).max() < 0.5  # even where two steps are some samples apart
    for at in rng.integers(0, 20_999, 500).tolist():  # what comes after a block does not change with its border
        assert curve.samples(at, at + 1, RATE) == pytest.approx(values[at], rel=1e-5)
    assert curve.samples(20_500, 21_000, RATE) == curve.values[-1]
    assert Curve(3).samples(5, 9, RATE) == 3


def test_messages_without_a_meaning_are_passed_over():
    channel = Channel()
    for message in (b"\xa0\x40\x40", b"\xd0\x40", b"\xb0\x01\x40", b"\xb0\x06\x40"):
        channel.apply(5, message)
    channel.apply(9, b"\xe0\x7f\x7f")
    assert channel.bend.at(9) == pytest.approx(2, abs=1e-3)


def test_the_cents_of_a_bend_range_count():
    """RPN 0: its fine value is in cents, before its coarse one or after it; a parameter that is none has none."""
    full, rpn, none = b"\xe0\x7f\x7f", [b"\xb0\x65\x00", b"\xb0\x64\x00"], [b"\xb0\x65\x7f", b"\xb0\x64\x7f"]
    one, fifty = b"\xb0\x06\x01", b"\xb0\x26\x32"
    for messages, semitones in [
        ([*rpn, one, fifty, full], 1.5),
        ([*rpn, fifty, one, full], 1.5),
        ([*rpn, fifty, full], 2.5),
        ([full, *rpn, one, fifty], 1.5),  # what is bent already moves
        ([*none, one, fifty, full], 2),
        ([*rpn, one, fifty, *none, b"\xb0\x26\x00", full], 1.5),
    ]:
        channel = Channel()
        for message in messages:
            channel.apply(5, message)
        assert channel.bend.at(9) == pytest.approx(semitones, abs=1e-3)
