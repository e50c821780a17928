"""Forms: which bars come again, and pieces drawn at random that follow them."""

import json

import numpy
import pytest

from tsuzuri.midi import compose
from tsuzuri.midi.following import FollowForm
from tsuzuri.midi.forms import (
    FORMS,
    MOST,
    Form,
    bars_of_events,
    form_of,
    forms_of_ids,
    pack_forms,
    strikes,
    tonic_of,
    unpack_forms,
)
from tsuzuri.midi.grammar import Grammar, Lexicon
from tsuzuri.midi.score import score_of_events
from tsuzuri.midi.words import codec
from tsuzuri.rules import check_value

BAR, QUARTER = 960, 480  # 2/4


def events(*bars, velocity=80):
    """The events of bars, each the keys of equal notes that fill it."""
    found = []
    for n, keys in enumerate(bars):
        for k, key in enumerate(keys):
            start, length = n * BAR + k * BAR // len(keys), BAR // len(keys)
            found += [(start, bytes([0x90, key, velocity])), (start + length, bytes([0x80, key, 0]))]
    return found


A, B, C = (60, 62), (64, 65, 67, 69), (71,)


@pytest.mark.parametrize(
    ("bars", "form"),
    [
        ((A, B, A, B), (None, None, 0, 1)),
        ((A, A, A), (None, 0, 1)),
        ((A, B, A, C, A, B, A, C), (None, None, 0, None, 0, 1, 2, 3)),  # the whole half, and not the second bar's A
        ((A, B, C), (None, None, None)),
        ((A, (), A, ()), (None, None, 0, None)),
        ((), ()),
    ],
)
def test_the_form_of_a_piece(bars, form):
    assert form_of(events(*bars), BAR).repeats == form[: len(form) - (bars[-1:] == ((),))]


def test_how_loud_a_bar_is_does_not_count_and_its_lengths_do():
    loud = [(tick + BAR, message) for tick, message in events(A, velocity=100)]
    short = [(tick + BAR - (tick == BAR), message) for tick, message in events(A)]
    assert form_of(events(A) + loud, BAR).repeats == (None, 0)
    assert form_of(events(A) + short, BAR).repeats == (None, None)


def test_half_a_bar_comes_again_four_bars_on_and_not_elsewhere():
    """Of four bars the first half of the last is that of the first: by chance, unless four bars lie between."""
    near, far = events(A, C, C, (60, 71)), events(A, C, C, C, (60, 71))
    assert form_of(near, BAR, parts=2).repeats == (None, None, None, None, 2, 3, None, None)
    assert form_of(far, BAR, parts=2).repeats[-2:] == (0, None)


def test_a_note_off_at_the_end_of_a_bar_is_its_own():
    assert [len(bar) for bar in bars_of_events(events(A, B), BAR)] == [4, 8]


def test_the_forms_of_a_corpus_by_their_bars():
    words = ["<eos>", "00_ff_5803022408", "00_90_3c50", "8360_80_3c00"]  # 3/4; a quarter note
    forms = forms_of_ids([1, *[2, 3] * 6, 0, *[2, 3] * 4, 0], compose.MusicVocabulary(words).parsed, 0, (2, 4), 480)
    assert forms == {
        1440: [
            Form((None, None, None, 0, 1, 2), (0, 0, 480), 3)
        ],  # by thirds of a bar, of which a whole one comes again
        960: [Form((None, None, 0, 1), (0, 0, 480), 2)],
    }


def vocabulary():
    """Two keys of each of two channels: all words of sixteenths."""
    deltas, keys = range(0, BAR + 1, QUARTER // 4), [(status, key) for status in (0, 1) for key in (60, 67)]
    return [
        "<eos>",
        *(
            codec.encode_word(t, bytes([0x90 | c, key, velocity]))
            for t in deltas
            for c, key in keys
            for velocity in (60, 90)
        ),
        *(codec.encode_word(t, bytes([0x80 | c, key, 0])) for t in deltas for c, key in keys),
    ]


WORDS = compose.MusicVocabulary(vocabulary())
FORM = (None, None, 0, 1, None, 0, 0, 4, None)


LONE = (0, 7, 480)  # a last note


def pieces(rng, form, last=LONE, batch=4, begun=()):
    """Pieces drawn at random, the nearer words likelier, that follow a form."""
    grammar = Grammar(Lexicon(WORDS.parsed, 0), 480, BAR, batch=batch)
    grammar.begin(begun)
    follow = FollowForm(grammar.mask, grammar, {BAR: [Form(form, last)]}, WORDS.ids, (2, 4), rng)
    near = -numpy.array([event[0] if event else -960 for event in WORDS.parsed]) / QUARTER  # and the end, if it may be

    def rows():
        while True:
            logits = follow((near + rng.gumbel(size=(batch, len(near)))).astype("f"))
            yield logits.argmax(1)

    for _ in compose.grow_pieces(rows(), grammar, 3000):
        pass
    return grammar.events


@pytest.mark.parametrize("seed", range(3))  # of all in a thousand a few must give way, as a rest is in no word
def test_pieces_take_a_form_and_end_in_its_last_bar(seed):
    for found in pieces(numpy.random.default_rng(seed), FORM):
        bars = [[event for event in bar if event[1][0] >= 0x90] for bar in bars_of_events(found, BAR)]
        for n, source in enumerate(FORM[: len(bars)]):
            if source is not None and bars[source]:
                assert bars[n] == bars[source]
        assert 8 * BAR <= found[-1][0] <= 9 * BAR
        score, mended = score_of_events(found, 480)
        assert score.notes
        assert mended == 0


def test_where_no_note_is_last_alone_the_model_ends_it_from_three_quarters_to_five_on():
    found = [events[-1][0] for events in pieces(numpy.random.default_rng(0), (None,) * 4, last=None, batch=16)]
    assert min(found) >= 3 * BAR - BAR // 2  # a rest may follow
    assert 4 * BAR < max(found) <= 5 * BAR


def test_without_repeats_only_the_end_is_the_form_s(rng):
    for found in pieces(rng, (None,) * 3):
        assert 2 * BAR <= found[-1][0] <= 3 * BAR


@pytest.mark.parametrize(
    ("looks_back", "bars", "form", "left"),
    [
        (True, ((60, 60), (67, 67), (60, 60)), (None, None, 0, None), {60}),  # A B A: no second B
        (True, ((60, 60), (67, 67), (60, 67)), (None, None, None, None), {60, 67}),  # nothing came again
        (True, ((60, 60), (67, 67), (60, 60)), (None, None, 0, 1), {67}),  # B is to come again
        (False, ((60, 60), (67, 67), (60, 60)), (None, None, 0, None), {60, 67}),
    ],
)
def test_where_a_model_looks_back_what_is_new_does_not_go_on_as_before(rng, looks_back, bars, form, left):
    grammar = Grammar(Lexicon(WORDS.parsed, 0), 480, BAR)
    grammar.begin(events(*bars, velocity=90))
    follow = FollowForm(grammar.mask, grammar, {BAR: [Form(form)]}, WORDS.ids, (2, 4), rng, 4, looks_back=looks_back)
    (logits,) = follow(numpy.zeros((1, len(WORDS.parsed)), "f"))
    free = [event for event, logit in zip(WORDS.parsed, logits, strict=True) if event and logit > -numpy.inf]
    assert {message[1] for delta, message in free if not delta and strikes(message)} == left


def test_what_has_no_word_is_not_repeated_and_the_piece_goes_on(rng):
    """The piece begins with a triplet, of which the model has no word: its bar cannot come again."""
    begun = [(0, b"\x90\x3c\x50"), (160, b"\x80\x3c\x00")]
    for found in pieces(rng, (None, 0, None), begun=begun):
        assert found[:2] == begun
        assert 2 * BAR <= found[-1][0] <= 3 * BAR


def test_where_the_inner_constraint_forbids_it_nothing_is_repeated(rng):
    grammar = Grammar(Lexicon(WORDS.parsed, 0), 480, 4 * BAR)
    grammar.begin(events((60, 67)))
    first = WORDS.ids[0, b"\x90\x3c\x50"[:2] + b"\x5a"]

    def forbid(logits):
        logits[:, first] = -numpy.inf
        return grammar.mask(logits)

    grammar.events[0][0] = (0, WORDS.parsed[first][1])
    follow = FollowForm(forbid, grammar, {BAR: [Form((None, 0, None))]}, WORDS.ids, (2, 4), rng)
    assert numpy.isfinite(follow(numpy.zeros((1, len(WORDS.parsed)), "f"))).sum() > 1


def test_a_meter_without_forms_is_free(rng):
    grammar = Grammar(Lexicon(WORDS.parsed, 0), 480, 4 * BAR)
    free = grammar.mask(numpy.zeros((1, len(WORDS.parsed)), "f"))
    follow = FollowForm(grammar.mask, grammar, {BAR: [Form(FORM)]}, WORDS.ids, (3, 4), rng)
    assert numpy.array_equal(follow(numpy.zeros((1, len(WORDS.parsed)), "f")), free)


@pytest.mark.parametrize("form", [FORM, (None, None, 0, 1)])
def test_pieces_end_where_and_on_which_degree_the_form_does(form):
    for found in pieces(numpy.random.default_rng(0), form, last=(720, 7, 120), begun=[(0, b"\xff\x59\x00\x00")]):
        begun = [(tick, message) for tick, message in found if message[0] & 0xF0 == 0x90]
        assert begun[-1][0] == (len(form) - 1) * BAR + 720
        assert [message[1] for tick, message in begun if tick == begun[-1][0]] == [67]  # G, in C major
        assert found[-1][0] == begun[-1][0] + 120


def test_the_last_note_of_a_form_is_by_degree_and_alone():
    assert form_of(events(A, C), BAR, tonic=69).last == (0, 2, 960)
    assert form_of(events(A, B), BAR, tonic=60).last == (720, 9, 240)
    chord = [*events(A), (480, b"\x90\x40\x50"), (960, b"\x80\x40\x00")]
    assert form_of(sorted(chord), BAR).last is None
    drums = [(tick, bytes([message[0] | 9]) + message[1:]) for tick, message in events(A)]
    assert form_of(drums, BAR).last is None


def test_the_tonic_is_that_of_the_key_that_is_said_or_suggested():
    scale = events((60, 64, 67, 72))
    assert tonic_of([(0, b"\xff\x59\x01\x00"), *scale], common=False) == 7
    assert tonic_of([(0, b"\xff\x59\x01\x00"), *scale], common=True) == 0
    assert tonic_of(scale, common=False) == 0


def test_forms_are_kept_and_come_back():
    forms = {BAR: [Form(FORM, (0, 11, 480)), Form(()), Form((None, 0, 0, 0))], 1440: [Form((None,))] * (MOST + 1)}
    packed = json.loads(json.dumps(pack_forms(forms)))
    check_value(packed, FORMS, "forms")
    assert packed["960"][0] == [[[-1, 2], [0, 2], [-1, 1], [0, 1], [0, 1], [4, 1], [-1, 1]], [0, 11, 480], 1]
    assert unpack_forms(packed) == {BAR: forms[BAR], 1440: [Form((None,))] * (MOST // 2 + 1)}


@pytest.mark.parametrize(
    "packed",
    [
        *[{"x": []}, {"960": [[[[0, 1]], None, 1]]}, {"960": [[[[-1, 1], [0, 1], [2, 1]], None, 1]]}],
        *[
            {"960": [[[[-2, 1]], None, 1]]},
            {"960": [[[[-1]], None, 1]]},
            {"960": [[[[-1, 1]], [960, 0, 1], 1]]},
            {"960": [[[[-1, 1]], None, 0]]},
            [],
            3,
        ],
    ],
)
def test_damaged_forms_are_refused(packed):
    with pytest.raises(ValueError, match="forms"):
        check_value(packed, FORMS, "forms")


@pytest.mark.parametrize(("bars", "lengths"), [(None, {1, 2, 3}), (2, {2}), (0, {1, 2, 3}), (9, {1, 2, 3})])
def test_of_bars_that_are_asked_for_the_form_has_as_many_or_more(rng, bars, lengths):
    grammar = Grammar(Lexicon(WORDS.parsed, 0), 480, BAR)
    forms = [Form((None,) * n) for n in (1, 2, 3)]
    follow = FollowForm(grammar.mask, grammar, {BAR: forms}, WORDS.ids, (2, 4), rng, bars)
    assert {len(follow._drawn(forms).repeats) for _ in range(50)} == lengths
    two = FollowForm(grammar.mask, grammar, {}, WORDS.ids, (2, 4), rng, 2)
    assert [len(two._drawn([Form(()), Form((None,) * 3)]).repeats) for _ in range(9)] == [3] * 9
