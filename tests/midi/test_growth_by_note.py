"""The grammar where a note is one word: the mask against a slow twin, and pieces drawn at random."""

import numpy
import pytest

from tests.midi.test_grammar import EOS, UNK, check, drawn, lexicon, mask
from tsuzuri.midi import compose
from tsuzuri.midi.grammar import Grammar
from tsuzuri.midi.score import END, score_of_events
from tsuzuri.midi.words import codec
from tsuzuri.midi.words.lengths import add_length, length_of, with_lengths


def vocabulary(rng, keys=4, deltas=(0, 1, 120, 480, 2000), lengths=(1, 120, 960), channels=(0, 9), complete=True):
    """Words of all kinds, and a few notes of two words, which are not used; or not all of them."""
    words = ["00_b0_407f", "78_b0_4000", "00_c0_05", "78_ff_2f", "9000_ff_2f", "00_ff_510f4240", "xx", "00_b0_7b00"]
    words += ["00_90_3c50", "78_80_3c00", "00_80_3c00"]
    for channel in channels:
        for key in range(60, 60 + keys):
            for delta in deltas:
                onset = bytes([0x90 | channel, key, 80])
                words += [codec.encode_word(delta, add_length(onset, length)) for length in lengths]
    return [EOS, UNK, *(word for word in words if complete or rng.random() < 0.4)]


def twin(words, taken, longest, voices, may_end, must_end):
    """Which words may follow the (tick, message) of those taken, worked out from the beginning for each by itself."""
    now = taken[-1][0] if taken else 0
    ends = {}  # the last note of each key
    for tick, message in taken:
        if message[0] & 0xF0 == 0x90:
            ends[message[0] & 15, message[1]] = tick + min(longest, length_of(message))
    return [follows(word, ends, now, voices, may_end, must_end) for word in words]


def follows(word, ends, now, voices, may_end, must_end):
    if word in (UNK, "xx", "00_b0_7b00", "00_90_3c50", "78_80_3c00", "00_80_3c00"):
        return False
    may_end = bool(ends) and (may_end or must_end)
    if word == EOS:
        return may_end
    delta, message = codec.decode_word(word)
    tick, key = now + delta, (message[0] & 15, message[1])
    if message == END:
        return may_end and all(end <= tick for end in ends.values())
    if must_end:
        return False
    if message[0] & 0xF0 == 0x90:
        sound = sum(channel == key[0] and end > tick for (channel, _), end in ends.items())
        return ends.get(key, 0) <= tick and sound < voices[key[0]]
    return True


def test_the_mask_is_that_of_its_twin(rng):
    compared = 0
    for _ in range(15):
        words = vocabulary(rng, complete=False)
        if not any(length_of(event[1]) for event in compose.MusicVocabulary(words).parsed if event):
            continue
        voices, may_end, longest = rng.integers(1, 4, 16).tolist(), bool(rng.integers(2)), int(rng.integers(100, 3000))
        grammar = Grammar(lexicon(words, 0), 480, longest, voices, 3, may_end)
        taken, now = [[] for _ in range(3)], [0] * 3
        for step in range(40):
            if step == 30:
                grammar.close()
            allowed = mask(grammar)
            for row, piece in enumerate(grammar._pieces):
                if piece.over:
                    assert allowed[row].tolist() == [word == EOS for word in words]
                    continue
                if piece.now == now[row]:  # else it has waited, as no word could follow
                    assert allowed[row].tolist() == twin(words, taken[row], longest, voices, may_end, step >= 30)
                    compared += 1
                numpy.testing.assert_array_equal(grammar._bias[row], piece.bias())
            ids = (allowed + rng.random(allowed.shape)).argmax(axis=1)
            grammar.take(ids)
            for row, i in enumerate(ids.tolist()):
                if not grammar.ended[row]:
                    now[row] = grammar.ticks[row]
                    taken[row].append((now[row], grammar.lexicon.parsed[i][1]))
    assert compared > 300


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("longest", [1, 480, 7680])
def test_whatever_is_drawn_is_legal_and_comes_back_in_either_form(rng, complete, longest):
    voices = [2] * 9 + [1] * 7
    for _ in range(5):
        grammar = Grammar(lexicon(vocabulary(rng, complete=complete), 0), 480, longest, voices, 4)
        drawn(grammar, rng, 200)
        for events in grammar.events:
            assert [tick for tick, _ in events] == sorted(tick for tick, _ in events)
            notes = check(events, longest).notes
            again, faults = codec.decode_events(codec.encode_events(events, "notes"), 480)
            assert not faults
            assert score_of_events(again, 480)[0].notes == notes
            for note in notes:
                at_once = [n for n in notes if n.channel == note.channel and n.start <= note.start < n.end]
                assert len(at_once) <= voices[note.channel]


@pytest.mark.parametrize(
    "words",
    [
        [EOS, UNK, "00_90_3c50_60"],  # nothing takes time
        [EOS, UNK, "00_90_3c50_8f00", "60_90_4050_8f00"],  # no delta is as long as a note
        [EOS, UNK, "60_90_3c50_60", "00_b0_407f", "00_c0_05"],
        [EOS, UNK, "9000_90_3c50_60", "00_ff_2f"],
    ],
)
def test_poor_vocabularies_come_to_an_end(rng, words):
    for bars in (None, 3):
        grammar = Grammar(lexicon(words, 0), 480, 1920, (1,) * 16, 2)
        if bars:
            grammar.end_after(bars, "bars", (4, 4), 500_000)
        drawn(grammar, rng, most=50)
        for events in grammar.events:
            check(events, 1920)


def test_a_key_or_a_voice_is_struck_again_as_soon_as_it_is_free():
    words = [EOS, UNK, "00_90_3c50_8360", "60_90_3c50_60", "8360_90_3c50_60", "60_90_4050_8360", "8300_90_4050_60"]
    one, two = (Grammar(lexicon(words, 0), 480, 1920, (voices,) * 16) for voices in (1, 2))
    for grammar in (one, two):
        grammar.take(numpy.array([2]))
    assert mask(one)[0, 2:].tolist() == [False, False, True, False, False]
    assert mask(two)[0, 2:].tolist() == [False, False, True, True, True]
    two.take(numpy.array([5]))
    assert mask(two)[0, 2:].tolist() == [False, False, True, False, False]
    two.take(numpy.array([4]))
    assert two.events[0][-3:] == [(480, b"\x80\x3c\0"), (576, b"\x80\x40\0"), (576, b"\x90\x3c\x50")]


def test_a_beginning_of_more_notes_at_once_than_voices_is_waited_for():
    chord = [(0, bytes([0x90, key, 80, length])) for key, length in ((60, 10), (62, 30), (64, 20))]
    words = [EOS, UNK, *(codec.encode_word(delta, b"\x90\x43\x50\x60") for delta in (5, 10, 20, 30))]
    for voices, first in ((1, 30), (2, 20), (3, 10), (4, 5)):
        grammar = Grammar(lexicon(words, 0), 480, 1920, (voices,) * 16)
        grammar.begin(chord)
        assert mask(grammar)[0, 2:].tolist() == [delta >= first for delta in (5, 10, 20, 30)]


def test_the_end_comes_after_the_last_note_and_the_pedal_is_lifted_there():
    words = [EOS, UNK, "00_90_3c50_8360", "00_b3_407f", "60_ff_2f", "8360_ff_2f"]
    grammar = Grammar(lexicon(words, 0), 480, 960)
    assert mask(grammar)[0].tolist() == [False, False, True, True, False, False]
    for i in (3, 2):
        grammar.take(numpy.array([i]))
    assert mask(grammar)[0].tolist() == [True, False, False, True, False, True]
    grammar.take(numpy.array([0]))
    assert grammar.events[0][2:] == [(480, b"\x80\x3c\0"), (480, b"\xb3\x40\0")]


@pytest.mark.parametrize("ticks", [1920, 1440])
def test_so_many_bars_and_no_more(rng, ticks):
    words = vocabulary(rng, deltas=(0, 240, 480), lengths=(120, 960), channels=(0,))
    grammar = Grammar(lexicon(words, 0), 480, 4 * ticks, batch=4)
    grammar.end_after(5, "bars", (4, 4) if ticks == 1920 else (6, 8), 500_000)
    drawn(grammar, rng, most=10_000)
    for events in grammar.events:
        assert check(events, 4 * ticks).end <= 5 * ticks
        assert events[-1][0] > 4 * ticks


def test_a_note_ends_with_the_bars_that_are_asked_for():
    grammar = Grammar(lexicon([EOS, UNK, "8360_90_3c50_8f00"], 0), 480, 7680)
    grammar.end_after(1, "bars", (4, 4), 500_000)
    grammar.take(numpy.array([2]))
    assert grammar.piece(0).ends == {(0, 60): 1920}
    mask(grammar)  # nothing may follow: it waits
    assert grammar.over()
    assert grammar.events[0] == [(480, b"\x90\x3c\x50"), (1920, b"\x80\x3c\0")]


@pytest.mark.parametrize("seed", range(3))
def test_bars_that_are_asked_for_hold_music_from_the_first_to_the_last(seed):
    rng, onset = numpy.random.default_rng(seed), bytes([0x90, 60, 80])
    deltas = (0, 120, 480, 1920, 7680, 30720)
    words = [EOS, UNK, *(codec.encode_word(delta, add_length(onset, 480)) for delta in deltas)]
    grammar = Grammar(lexicon(words, 0), 480, 7680, (1,) * 16, 6)
    grammar.end_after(8, "bars", (4, 4), 500_000)
    drawn(grammar, rng)
    for events in grammar.events:
        onsets = [tick for tick, message in events if message[0] == 0x90]
        ends = [tick for tick, message in events if message[0] == 0x80]
        assert onsets[0] < 1920
        assert 7 * 1920 <= ends[-1] <= 8 * 1920
        assert all(after - before <= 2 * 1920 for before, after in zip(ends, onsets[1:], strict=False))


BEGINNING = with_lengths([(0, b"\x90\x3c\x50"), (480, b"\x90\x40\x50"), (480, b"\x80\x3c\0"), (1440, b"\x80\x40\0")])


@pytest.mark.parametrize(("rest", "first"), [(None, 480), (0, 1440), (480, 1920)])
def test_what_follows_a_whole_beginning_begins_after_it(rest, first):
    deltas = (0, 480, 960, 1440)
    words = [EOS, UNK, *(codec.encode_word(delta, b"\x90\x3e\x50\x60") for delta in deltas), "00_c0_05"]
    grammar = Grammar(lexicon(words, 0), 480, 480)
    grammar.begin(BEGINNING, rest)
    assert score_of_events(grammar.events[0], 480)[0].notes[0].end == 480
    assert mask(grammar)[0, 2:6].tolist() == [480 + delta >= first for delta in deltas]
    assert mask(grammar)[0, 6] == (rest is None)
    grammar.take(numpy.array([5]))
    assert mask(grammar)[0, 2:].tolist() == [False, True, True, True, True]
    grammar.take(numpy.array([0]))
    assert score_of_events(grammar.events[0], 480)[0].notes[1].end == 1440  # however long a new one may be


def test_bars_are_counted_from_the_end_of_the_last_note():
    grammar = Grammar(lexicon([EOS, UNK, "00_90_3c50_60"], 0), 480, 1920)
    grammar.begin([(0, b"\x90\x3c\x50\x8f\x01")])  # a bar and a tick
    grammar.end_after(2, "bars", (4, 4), 500_000)
    assert grammar.piece(0).limit == 4 * 1920


def test_pieces_are_brought_to_an_end_by_their_notes(rng):
    grammar = Grammar(lexicon(vocabulary(rng), 0), 480, 7680, (2,) * 16, 4, may_end=False)
    grammar.end_after_notes(5)
    drawn(grammar, rng)
    assert [sum(message[0] & 0xF0 == 0x90 for _, message in events) for events in grammar.events] == [5] * 4
    assert grammar.cut_short == 4


def test_a_flood_of_controls_does_not_hold_the_notes_up():
    flood = [codec.encode_word(0, bytes([0xB0, 7, value])) for value in range(5)]
    grammar = Grammar(lexicon([EOS, UNK, "60_90_3c50_60", *flood], 0), 480, 7680)
    for step in range(300):
        allowed = mask(grammar)[0]
        assert allowed[3:].any() == (step % 129 < 128), step
        grammar.take(numpy.array([3 if allowed[3] else 2]))
