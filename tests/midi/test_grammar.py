"""The grammar: the mask against a slow twin, and pieces drawn at random, legal whatever the vocabulary."""

import itertools

import numpy
import pytest

from tsuzuri.midi import compose
from tsuzuri.midi.grammar import Grammar, Lexicon
from tsuzuri.midi.score import END, Note, score_of_events
from tsuzuri.midi.timing import LengthCounter, bar_length, meter_changes
from tsuzuri.midi.words import codec

EOS, UNK = "<eos>", "<unk>"
TEMPO_60, TEMPO_120 = "00_ff_510f4240", "00_ff_5107a120"


def vocabulary(rng, keys=4, deltas=(0, 1, 30, 120, 480, 2000), channels=(0, 9), complete=True):
    """Words of all kinds; of an incomplete vocabulary some are missing."""
    words = ["00_b0_407f", "78_b0_4000", "00_b9_407f", "00_c0_05", "10_e0_0040", "78_ff_2f", "00_ff_2f", TEMPO_60, "xx"]
    for channel in channels:
        for key in range(60, 60 + keys):
            for delta in deltas:
                words.append(codec.encode_word(delta, bytes([0x90 | channel, key, 80])))
                words.append(codec.encode_word(delta, bytes([0x80 | channel, key, 0])))
    if not complete:
        words = [word for word in words if rng.random() < 0.4]
    return [EOS, UNK, *words]


def lexicon(words, eos):
    return Lexicon(compose.MusicVocabulary(words).parsed, eos)


def twin(words, events, voices, may_end, must_end):
    """Which words may follow the events, worked out from the beginning for each word by itself."""
    sounding, now, notes = {}, 0, 0
    for tick, message in events:
        now, kind = tick, message[0] & 0xF0
        if kind == 0x90:
            sounding[message[0] & 15, message[1]] = tick
            notes += 1
        elif kind == 0x80:
            del sounding[message[0] & 15, message[1]]
    endable = {codec.decode_word(word)[1][:2] for word in words if "_8" in word}
    return [follows(word, sounding, now, notes, endable, voices, may_end, must_end) for word in words]


def follows(word, sounding, now, notes, endable, voices, may_end, must_end):
    if word in (UNK, "xx"):
        return False
    if word == EOS:
        return not sounding and bool(notes) and (may_end or must_end)
    delta, message = codec.decode_word(word)
    tick, kind, key = now + delta, message[0] & 0xF0, (message[0] & 15, message[1])
    if message == END:
        return not sounding and bool(notes) and (may_end or must_end)
    if kind == 0x80:
        return key in sounding and tick > sounding[key]
    if must_end:
        return False
    if kind == 0x90:
        full = sum(channel == key[0] for channel, _ in sounding) >= voices[key[0]]
        return key not in sounding and not full and bytes([0x80 | key[0], key[1]]) in endable
    return True


def mask(grammar):
    """Which words may follow, (B, V)."""
    return numpy.isfinite(grammar.mask(numpy.zeros(grammar._bias.shape)))


def test_the_mask_is_that_of_its_twin(rng):
    """As long as some word that moves may follow; where none does, the grammar has ended notes, and begins anew."""
    compared = 0
    for _ in range(20):
        words = vocabulary(rng, complete=False)
        voices, may_end, must_end = rng.integers(1, 4, 16).tolist(), bool(rng.integers(2)), False
        grammar = Grammar(lexicon(words, 0), 480, int(rng.integers(100, 3000)), voices, 3, may_end)
        for step in range(40):
            if step == 30:
                grammar.close()
                must_end = True
            before = [list(events) for events in grammar.events]
            allowed = mask(grammar)
            for row, events in enumerate(before):
                piece = grammar._pieces[row]
                if piece.over:
                    assert allowed[row].tolist() == [word == EOS for word in words]
                elif grammar.events[row] == events and (not events or events[-1][0] == piece.now):
                    assert allowed[row].tolist() == twin(words, events, voices, may_end, must_end)
                    compared += 1
            grammar.take((allowed + rng.random(allowed.shape)).argmax(axis=1))
    assert compared > 500


def drawn(grammar, rng, most=400, scale=1.0):
    """Let random draws from the mask make pieces; returns how many words it took."""
    size = len(grammar.lexicon.parsed)

    def rows():
        while True:
            logits = grammar.mask(rng.gumbel(0, scale, (len(grammar.events), size)))
            assert (numpy.isfinite(logits).any(axis=1)).all()
            yield logits.argmax(axis=1)

    for _ in compose.grow_pieces(rows(), grammar, most):
        pass


def check(events, longest):
    """A piece's events are legal as words, no note is too long, and every pedal is up."""
    assert codec.decode_events(codec.encode_events(events), 480)[1] == []
    piece, mended = score_of_events(events, 480)
    assert mended == 0
    assert all(0 < note.end - note.start <= longest for note in piece.notes)
    pedals = {message[0]: message[2] for _, message in events if message[0] & 0xF0 == 0xB0 and message[1] == 64}
    assert all(value < 64 for value in pedals.values())
    return piece


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("longest", [1, 480, 7680])
def test_whatever_is_drawn_is_legal(rng, complete, longest):
    for _ in range(10):
        grammar = Grammar(lexicon(vocabulary(rng, complete=complete), 0), 480, longest, batch=4)
        drawn(grammar, rng)
        for events in grammar.events:
            check(events, longest)


@pytest.mark.parametrize(
    "words",
    [
        [EOS, UNK],
        [EOS, UNK, "00_90_3c50"],  # nothing ends it
        [EOS, UNK, "00_90_3c50", "00_80_3c00"],  # nothing takes time
        [EOS, UNK, "00_90_3c50", "ffff7f_80_3c00"],  # its end is too late
        [EOS, UNK, "00_b0_407f"],  # no note at all
        [EOS, UNK, "00_90_3c50", "00_b0_407f", "00_c0_05"],
        [EOS, UNK, "00_ff_2f", "10_80_3c00"],
    ],
)
def test_poor_vocabularies_come_to_an_end(rng, words):
    for bars in (None, 3):
        grammar = Grammar(lexicon(words, 0), 480, 960, batch=2)
        if bars:
            grammar.end_after(bars, "bars", (4, 4), 500_000)
        drawn(grammar, rng, most=50)
        for events in grammar.events:
            check(events, 960)


def test_a_note_that_would_last_too_long_is_ended_in_time():
    words = [EOS, UNK, "00_90_3c50", "8740_80_3c00", "00_90_4050", "8740_b0_0100", "00_80_4000", "60_80_4000"]
    grammar = Grammar(lexicon(words, 0), 480, 600)
    for i in (2, 4, 5):
        grammar.take(numpy.array([i]))
    assert grammar.events[0][2:] == [(600, b"\x80\x3c\0"), (600, b"\x80\x40\0"), (960, b"\xb0\x01\0")]
    assert mask(grammar)[0, [3, 6, 7]].tolist() == [False] * 3
    for i in (2, 3):  # its own end comes too late: the note is shorter, and time goes on as drawn
        grammar.take(numpy.array([i]))
    assert grammar.events[0][-2:] == [(960, b"\x90\x3c\x50"), (1560, b"\x80\x3c\0")]
    grammar.take(numpy.array([4]))
    assert grammar.events[0][-1] == (1920, b"\x90\x40\x50")


def test_an_end_mark_only_when_all_is_quiet():
    words = [EOS, UNK, "00_90_3c50", "60_80_3c00", "00_ff_2f"]
    grammar = Grammar(lexicon(words, 0), 480, 960)
    assert mask(grammar).tolist() == [[False, False, True, False, False]]  # nothing has sounded yet
    grammar.take(numpy.array([2]))
    assert mask(grammar).tolist() == [[False, False, False, True, False]]
    grammar.take(numpy.array([3]))
    assert mask(grammar).tolist() == [[True, False, True, False, True]]
    grammar.take(numpy.array([4]))
    assert grammar.over()
    assert grammar.events[0][-1] == (0x60, END)
    grammar.take(numpy.array([2]))  # too late
    assert len(grammar.events[0]) == 3


def test_the_pedal_is_lifted_before_the_end():
    grammar = Grammar(
        lexicon([EOS, UNK, "00_90_3c50", "60_80_3c00", "00_b3_407f", "00_b4_407f", "00_b4_4000"], 0), 480, 960
    )
    for i in (4, 5, 2, 6, 3, 0):
        grammar.take(numpy.array([i]))
    assert grammar.events[0][-1] == (0x60, bytes([0xB3, 64, 0]))


@pytest.mark.parametrize(("meter", "ticks"), [((4, 4), 1920), ((6, 8), 1440), ((3, 4), 1440)])
def test_so_many_bars_and_no_more(rng, meter, ticks):
    grammar = Grammar(lexicon(vocabulary(rng, deltas=(0, 240, 480), channels=(0,)), 0), 480, 4 * ticks, batch=3)
    grammar.end_after(5, "bars", meter, 500_000)
    drawn(grammar, rng, most=10_000)
    for events in grammar.events:
        assert check(events, 4 * ticks).end <= 5 * ticks
        assert events[-1][0] > 4 * ticks


def test_so_many_seconds_whatever_the_tempo(rng):
    words = [EOS, UNK, "00_90_3c50", "60_80_3c00", TEMPO_60, TEMPO_120, "8170_b0_0100"]
    for _ in range(3):
        grammar = Grammar(lexicon(words, 0), 480, 1920)
        grammar.end_after(7.0, "seconds", (4, 4), 250_000)
        drawn(grammar, rng, most=10_000)
        until = LengthCounter("seconds", 480, (4, 4), 250_000)
        for tick, message in grammar.events[0]:
            until.take(tick, message)
        assert until.at(grammar.events[0][-1][0]) == pytest.approx(
            7.0, abs=0.51
        )  # the longest delta is half a quarter note


def limits(unit, amount, events, meter=(4, 4), tempo=500_000):
    """The tick at which a piece that begins with events is to end."""
    grammar = Grammar(lexicon([EOS, UNK, "00_90_3c50", "60_80_3c00"], 0), 480, 1920)
    grammar.begin(events)
    grammar.end_after(amount, unit, meter, tempo)
    return grammar._pieces[0].limit


def test_bars_are_counted_from_the_next_one_after_the_beginning(rng):
    beginning = [(0, b"\x90\x30\x50"), (2000, b"\x80\x30\0")]  # a bar of 4/4 and a little
    assert limits("bars", 2, beginning) == 4 * 1920
    assert limits("bars", 2, [*beginning[:1], (1920, b"\x80\x30\0")]) == 3 * 1920
    assert limits("bars", 2, [(0, bytes.fromhex("ff5803022408")), *beginning]) == 4 * 1440
    grammar = Grammar(lexicon(vocabulary(rng, deltas=(0, 60, 240), channels=(0,)), 0), 480, 1920)
    grammar.begin(beginning)
    grammar.end_after(2, "bars", (4, 4), 500_000)
    drawn(grammar, rng, most=10_000)
    assert grammar.events[0][-1][0] <= 4 * 1920
    assert score_of_events(grammar.events[0], 480)[0].notes[0] == Note(0, 2000, 0, 0x30, 0x50)


def test_seconds_are_counted_from_the_end_of_the_beginning():
    beginning = [(0, b"\x90\x30\x50"), (1248, b"\x80\x30\0")]  # 1.3 seconds
    assert limits("seconds", 2, beginning) == 1248 + 1920
    assert limits("seconds", 2, [(0, bytes.fromhex("ff510f4240")), *beginning]) == 1248 + 960


def test_a_steady_tempo_holds_whatever_the_piece_has():
    until = LengthCounter("seconds", 480, (4, 4), 500_000, steady=True)
    until.total = 3
    until.take(480, bytes.fromhex("ff510f4240"))
    assert until.tick() == 6 * 480


def test_the_end_of_a_beginning_is_no_end():
    grammar = Grammar(lexicon([EOS, UNK, "00_90_3c50", "60_80_3c00"], 0), 480, 1920)
    grammar.begin([(0, b"\x90\x3c\x50"), (9, b"\x80\x3c\0"), (9, END)])
    assert not grammar.over()
    assert grammar.events[0][-1] == (9, b"\x80\x3c\0")


def test_notes_end_at_the_limit_whatever_is_drawn():
    words = [EOS, UNK, "00_90_3c50", "8f00_80_3c00", "8f00_b0_0100", "00_b0_0140"]
    for i in (3, 4):
        grammar = Grammar(lexicon(words, 0), 480, 1900)
        grammar.end_after(1, "bars", (1, 4), 500_000)
        grammar.take(numpy.array([2]))
        grammar.take(numpy.array([i]))
        assert grammar.over()
        assert grammar.events[0][1:] == [(480, b"\x80\x3c\0")]


def test_words_that_go_nowhere_do_not_go_on_for_ever(rng):
    """Only a control of no time may follow: the grammar ends the note itself."""
    grammar = Grammar(lexicon([EOS, UNK, "00_90_3c50", "00_80_3c00", "00_b0_0140"], 0), 480, 1900)
    grammar.take(numpy.array([2]))
    assert mask(grammar)[0].tolist() == [True, False, True, False, True]
    assert grammar.events[0][-1] == (480, b"\x80\x3c\0")


def test_no_more_notes_at_once_than_voices(rng):
    voices = [2] * 9 + [1] * 7
    grammar = Grammar(lexicon(vocabulary(rng), 0), 480, 1920, voices, batch=4)
    drawn(grammar, rng)
    for events in grammar.events:
        notes = check(events, 1920).notes
        for note in notes:
            at_once = [n for n in notes if n.channel == note.channel and n.start <= note.start < n.end]
            assert len(at_once) <= voices[note.channel]


def test_a_length_in_words(rng):
    grammar = Grammar(lexicon(vocabulary(rng), 0), 480, 1920, may_end=False)
    drawn(grammar, rng, most=100)
    assert 100 <= len(grammar.events[0]) < 200  # the grammar has ended some notes itself


def test_the_end_of_the_track_comes_when_it_is_drawn():
    grammar = Grammar(lexicon([EOS, UNK, "00_90_3c50", "60_80_3c00", "00_b0_4040", "60_ff_2f"], 0), 480, 960)
    for i in (2, 4, 3, 5):
        grammar.take(numpy.array([i]))
    assert grammar.events[0][-2:] == [(0xC0, b"\xb0\x40\0"), (0xC0, END)]


def test_a_change_of_meter_moves_the_limit():
    until = LengthCounter("bars", 480, (4, 4), 500_000)
    until.total = 3
    assert until.tick() == 5760
    until.take(1920, bytes.fromhex("ff5803022408"))
    assert until.tick() == 1920 + 2 * 1440


# the beginning of a piece


VOCABULARY = [EOS, UNK, "00_90_3c50", "00_90_3c40", "60_80_3c00", "8360_80_3c00", "00_ff_510f4240"]


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("00_90_3c50", "00_90_3c50"),
        ("10_90_3c4f", "00_90_3c50"),
        ("00_90_3c01", "00_90_3c40"),
        ("8200_80_3c00", "60_80_3c00"),
        ("8300_80_3c00", "8360_80_3c00"),
        ("00_ff_5107a120", "00_ff_510f4240"),
        ("00_90_3d50", None),
        ("00_b0_4000", None),
    ],
)
def test_the_word_most_like_an_event(word, nearest):
    spelling = compose.MusicVocabulary(VOCABULARY)
    i = spelling.nearest(codec.decode_word(word))
    assert (i is None) if nearest is None else VOCABULARY[i] == nearest


def test_onset_keys_are_the_keys_struck_but_no_drums():
    words = [EOS, "00_90_3c50", "60_90_3c40", "00_91_3c50", "00_99_3c50", "00_80_3c00"]
    onset_keys = compose.MusicVocabulary(words).onset_keys()
    assert onset_keys[1] == onset_keys[2] != onset_keys[3]
    assert [key < 0 for key in onset_keys] == [True, False, False, False, True, True]


def tune_words(onset_deltas=(0, 120, 480, 1920, 7680, 30720)):
    """The words of a melody: notes of a quarter, after rests of different lengths."""
    words = [codec.encode_word(delta, bytes([0x90, key, 80])) for key in (60, 62, 64) for delta in onset_deltas]
    return [EOS, UNK, *words, *(codec.encode_word(480, bytes([0x80, key, 0])) for key in (60, 62, 64))]


@pytest.mark.parametrize("seed", range(5))
def test_bars_that_are_asked_for_hold_music_from_the_first_to_the_last(seed):
    rng = numpy.random.default_rng(seed)
    grammar = Grammar(lexicon(tune_words(), 0), 480, 7680, (1,) * 16, 8)
    grammar.end_after(8, "bars", (4, 4), 500_000)
    drawn(grammar, rng)
    for events in grammar.events:
        onsets = [tick for tick, message in events if message[0] == 0x90]
        ends = [tick for tick, message in events if message[0] == 0x80]
        assert onsets[0] < 1920
        assert 7 * 1920 <= ends[-1] <= 8 * 1920
        assert all(after - before <= 2 * 1920 for before, after in zip(ends, onsets[1:], strict=False))


def test_a_piece_may_rest_where_its_run_is_of_before():
    grammar = Grammar(lexicon(tune_words(), 0), 480, 7680, (1,) * 16)
    grammar.end_after(8, "bars", (4, 4), 500_000, may_rest=True)
    assert mask(grammar)[0].sum() == 18
    grammar.end_after(8, "bars", (4, 4), 500_000)
    assert mask(grammar)[0].sum() == 9


def test_bars_after_a_beginning_hold_music_too():
    grammar = Grammar(lexicon(tune_words(), 0), 480, 7680, (1,) * 16)
    grammar.begin([(0, bytes([0x90, 60, 80])), (480, bytes([0x80, 60, 0]))])
    grammar.end_after(1, "bars", (4, 4), 500_000)
    assert mask(grammar)[0, 2:8].tolist() == [True, True, True, True, False, False]  # by their deltas


def test_a_vocabulary_of_long_rests_alone_still_makes_music(rng):
    grammar = Grammar(lexicon(tune_words((7680,)), 0), 480, 7680, (1,) * 16, 3)
    grammar.end_after(12, "bars", (4, 4), 500_000)
    drawn(grammar, rng)
    assert all(any(message[0] == 0x90 for _, message in events) for events in grammar.events)


def test_a_flood_of_controls_does_not_hold_the_notes_up():
    flood = [codec.encode_word(0, bytes([0xB0, 7, value])) for value in range(60)]
    words = [EOS, UNK, *tune_words()[2:], *flood]
    grammar = Grammar(lexicon(words, 0), 480, 7680, (1,) * 16)
    grammar.end_after(4, "bars", (4, 4), 500_000)
    first = len(words) - 60
    for step in range(200):
        allowed = mask(grammar)[0]
        assert allowed[first:].any() == (step % 129 < 128), step
        grammar.take(numpy.array([first if allowed[first] else int(allowed.argmax())]))
    drawn(grammar, numpy.random.default_rng(1), 5000)
    assert grammar.cut_short == 0
    assert 3 * 1920 < grammar.ticks[0] <= 4 * 1920


def test_pieces_are_brought_to_an_end_by_their_notes(rng):
    grammar = Grammar(lexicon(tune_words((0, 120)), 0), 480, 7680, (1,) * 16, 4, may_end=False)
    grammar.begin([(0, bytes([0x90, 60, 80])), (480, bytes([0x80, 60, 0]))])
    grammar.end_after_notes(5)
    drawn(grammar, rng)
    assert [sum(message[0] == 0x90 for _, message in events) for events in grammar.events] == [6] * 4
    assert grammar.cut_short == 4


METERS = [f"{delta}_ff_58{meter}" for delta in ("00", "8360", "8f00") for meter in ("04021808", "03021808", "06032408")]


def bars_by(events, division=480):
    """How many bars there are by one who begins a bar at each meter; and whether all but the last were whole."""
    score, _ = score_of_events(events, division)
    meters = [*meter_changes(score), (max(tick for tick, _ in events), 0, 0)]
    spans = [
        (after[0] - tick, bar_length(numerator, denominator, division))
        for (tick, numerator, denominator), after in itertools.pairwise(meters)
    ]
    return sum(-(-span // bar) for span, bar in spans), all(span % bar == 0 for span, bar in spans)


@pytest.mark.parametrize("seed", range(4))
def test_meters_change_where_a_bar_begins(seed):
    rng = numpy.random.default_rng(seed)
    words = [*vocabulary(rng, 2, deltas=(0, 480), channels=(0,)), *METERS, *METERS]
    grammar = Grammar(lexicon(words, 0), 480, 1920, batch=4)
    grammar.end_after(16, "bars", (4, 4), 500_000)
    drawn(grammar, rng, 4000, 4.0)
    for events in grammar.events:
        assert bars_by(events) == (16, True)
        check(events, 4000)
    assert sum(message[:2] == b"\xff\x58" for events in grammar.events for _, message in events) > 8


def test_meters_alone_do_not_hold_a_piece_up():
    grammar = Grammar(lexicon([EOS, UNK, METERS[3], "00_90_3c50", "78_80_3c00"], 0), 480, 1920)
    grammar.take(numpy.array([3]))
    assert mask(grammar)[0].tolist() == [False, False, False, False, True]
    grammar.begin([(120, b"\x80\x3c\0")])
    assert mask(grammar)[0].tolist() == [True, False, False, True, False]
    grammar = Grammar(lexicon([EOS, UNK, METERS[3]], 0), 480, 1920)
    grammar.end_after(2, "bars", (4, 4), 500_000)
    assert mask(grammar)[0].tolist() == [True, False, False]
    assert grammar.over()


def test_a_meter_of_a_beginning_begins_a_bar():
    until = LengthCounter("bars", 480, (4, 4), 500_000)
    until.take(2000, bytes.fromhex("ff5803022408"))
    until.total = 3
    assert until.tick() == 2000 + 1440


@pytest.mark.parametrize("seed", range(3))
def test_the_track_ends_where_the_last_bar_does(seed):
    rng = numpy.random.default_rng(seed)
    words = tune_words((0, 120, 480))
    grammar = Grammar(lexicon(words, 0), 480, 7680, (1,) * 16, 8)
    grammar.end_after(3, "bars", (4, 4), 500_000)
    drawn(grammar, rng)
    lasts = [events[-1] for events in grammar.events]
    assert {tick for tick, _ in lasts} == {3 * 1920}
    assert END in [message for _, message in lasts]
    for events in grammar.events:
        assert codec.decode_events(codec.encode_events(events), 480) == (events, [])


def test_a_piece_without_a_word_to_go_on_with_is_as_long_as_it_was_asked_for():
    grammar = Grammar(lexicon([EOS, UNK, "00_b0_0140"], 0), 480, 1920)
    grammar.end_after(2, "bars", (4, 4), 500_000)
    grammar.begin([(0, b"\xb0\x01\x40")])
    mask(grammar)
    assert grammar.events[0][-1] == (2 * 1920, END)


def test_notes_and_rests_go_by_the_meter_that_a_piece_has():
    notes = ["00_90_3c50", "9e00_80_3c00", "8b20_90_3c50", "78_80_3c00"]
    words = [EOS, UNK, "00_ff_5806032408", "00_ff_5802041808", *notes]
    for meter, bar in ((2, 1440), (3, 240)):
        grammar = Grammar(lexicon(words, 0), 480, 2 * 1920)  # of two bars
        grammar.end_after(20, "bars", (4, 4), 500_000)
        grammar.take(numpy.array([meter]))
        assert mask(grammar)[0, 6] == (bar > 1440)  # a rest in the first bar
        for i in (4, 5):
            grammar.take(numpy.array([i]))
        assert grammar.events[0][-1] == (2 * bar, b"\x80\x3c\0")
        for i in (4, 7):
            grammar.take(numpy.array([i]))
        assert mask(grammar)[0, 6] == (2 * bar >= 1440)


SAYS = [EOS, UNK, "00_ff_5806032408", "00_ff_59fe01", "00_c0_05", "00_90_3c50", "78_80_3c00"]
USUAL = (bytes.fromhex("ff5804021808"), bytes.fromhex("ff510f4240"))


@pytest.mark.parametrize(
    ("ids", "begun"),
    [
        ((5, 6), ["ff5804021808", "ff510f4240", "903c50"]),
        ((4, 5, 6), ["ff5804021808", "ff510f4240", "c005"]),
        ((3, 2, 4, 5), ["ff59fe01", "ff5806032408", "ff510f4240", "c005"]),
    ],
)
def test_what_is_usual_stands_at_the_beginning_unless_the_piece_says_it(ids, begun):
    grammar = Grammar(lexicon(SAYS, 0), 480, 1920)
    grammar.begin((), usual=USUAL)
    for i in ids:
        grammar.take(numpy.array([i]))
    assert [(tick, message.hex()) for tick, message in grammar.events[0][: len(begun)]] == [(0, m) for m in begun]
    assert sum(message[0] == 0xFF for _, message in grammar.events[0]) == len(begun) - 1
