"""Piano rolls: that they are pictures, what is written in them, where the notes lie, and how long they take."""

import io
import itertools
import time

import matplotlib.image
import numpy
import pytest
from matplotlib.figure import Figure

from tsuzuri.errors import UserError
from tsuzuri.midi import names
from tsuzuri.midi.pictures import pianoroll
from tsuzuri.midi.score import DRUMS, Note, Score

QUARTER = 480
BAR = 4 * QUARTER


def piece(notes, *others, end=None, division=QUARTER):
    notes = sorted(Note(*note) for note in notes)
    last = max((note.end for note in notes), default=0)
    return Score(notes, list(others), last if end is None else end, division)


def picture(score, *args, **kwargs):
    """Draw, and read the PNG back: float (height, width, 4)."""
    png = pianoroll.draw_pianoroll(score, *args, **kwargs)
    assert png.startswith(b"\x89PNG\r\n")
    return matplotlib.image.imread(io.BytesIO(png))


@pytest.fixture
def drawn(monkeypatch):
    """Draw, and look at matplotlib's figure before it becomes pixels."""
    figures = []

    class Kept(Figure):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            figures.append(self)

    monkeypatch.setattr("matplotlib.figure.Figure", Kept)

    def draw(score, *args, **kwargs):
        picture(score, *args, **kwargs)
        return figures[-1]

    return draw


def words(figure):
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]


def labels(ticks):
    return [tick.get_text() for tick in ticks]


def boxes(axes):
    """The notes' (left, bottom, right, top) as drawn, and their colors."""
    (collection,) = [each for each in axes.collections if type(each).__name__ == "PolyCollection"]
    corners = [(*path.vertices.min(axis=0), *path.vertices.max(axis=0)) for path in collection.get_paths()]
    return corners, collection.get_facecolors()


def test_notes_lie_where_they_sound(drawn, rng):
    starts = numpy.sort(rng.integers(0, 16 * QUARTER, 50))
    notes = [
        (int(s), int(s) + 240, int(c), int(k), 80)
        for s, c, k in zip(starts, rng.integers(0, 4, 50), rng.integers(30, 90, 50), strict=True)
    ]
    score = piece(notes)
    corners, _ = boxes(drawn(score).axes[0])
    for note, (left, bottom, right, top) in zip(score.notes, corners, strict=True):
        assert (left, right) == (note.start, note.end)
        assert bottom < note.key < top < bottom + 1


def test_a_channel_has_a_color_of_its_own_and_a_soft_note_is_paler(drawn):
    notes = [(0, 240, 0, 60, 127), (240, 480, 0, 60, 20), (0, 240, 3, 65, 127)]
    figure = drawn(piece(notes, (0, b"\xc0\x49"), (0, b"\xc3\x28"), (240, b"\xc0\x44")))
    _, colors = boxes(figure.axes[0])
    loud, other, soft = colors[:, :3]
    assert abs(loud - other).max() > 0.3
    assert (soft >= loud).all()
    assert soft.sum() > loud.sum() + 0.5
    assert {"ch 1 Flute, Oboe", "ch 4 Violin"} <= set(words(figure))


def test_sixteen_channels_have_sixteen_colors():
    assert len({color.lower() for color in pianoroll.COLORS}) == 15  # and the drums, which have none


def test_the_keys_are_named_with_c4_at_60(drawn):
    axes = drawn(piece([(0, BAR, 0, 60, 80)])).axes[0]
    named = dict(zip(axes.get_yticks(), labels(axes.get_yticklabels()), strict=True))
    assert named[60] == "C4"
    assert named[64] == "E4"
    wide = drawn(piece([(0, BAR, 0, 21, 80), (0, BAR, 0, 108, 80)])).axes[0]
    assert labels(wide.get_yticklabels()) == ["C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8"]


def test_bars_are_numbered_after_the_time_signatures(drawn):
    waltz = (BAR, b"\xff\x58\x03\x02\x18\x08")  # 3/4 after one bar of 4/4
    axes = drawn(piece([(0, BAR + 3 * 3 * QUARTER, 0, 60, 80)], waltz)).axes[0]
    assert axes.get_xticks().tolist() == [0, BAR, BAR + 3 * QUARTER, BAR + 6 * QUARTER]
    assert labels(axes.get_xticklabels()) == ["1", "2", "3", "4"]


def test_the_beats_of_few_bars_are_ruled(drawn):
    waltz = (BAR, b"\xff\x58\x03\x02\x18\x08")  # 3/4 after one bar of 4/4
    axes = drawn(piece([(0, BAR + 3 * QUARTER, 0, 60, 80)], waltz)).axes[0]
    lines = [c for c in axes.collections if type(c).__name__ == "LineCollection" and c.get_linewidth()[0] == 0.5]
    beats = sorted(segment[0][0] for line in lines for segment in line.get_segments())
    assert beats == [n * QUARTER for n in (1, 2, 3, 5, 6)]


def test_the_numbers_of_many_bars_are_those_of_their_places(drawn):
    axes = drawn(piece([(0, QUARTER, 0, 60, 80)], end=400 * BAR)).axes[0]
    numbers = [int(text) for text in labels(axes.get_xticklabels())]
    assert axes.get_xticks().tolist() == [(number - 1) * BAR for number in numbers]
    assert numbers[0] == 1
    assert all(number % numbers[1] == 0 for number in numbers[1:])


@pytest.mark.parametrize(("bars", "widest"), [(1, 1200), (40, 2500), (1000, 2700)])
def test_the_width_grows_to_a_limit_and_the_numbers_stay_apart(drawn, bars, widest):
    score = piece([(k * BAR, k * BAR + QUARTER, 0, 60 + k % 7, 80) for k in range(bars)], end=bars * BAR)
    image = picture(score)
    assert 900 < image.shape[1] <= widest
    figure = drawn(score)
    boxed = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert all(left.x1 + 3 < right.x0 for left, right in itertools.pairwise(boxed))
    assert len(boxed) >= min(bars, 8)


def test_a_short_note_in_a_long_piece_is_still_seen(drawn):
    axes = drawn(piece([(0, 1, 0, 60, 127)], end=2000 * BAR)).axes[0]
    ((left, _, right, _),), _ = boxes(axes)
    a, b = axes.transData.transform([(left, 0), (right, 0)])[:, 0]
    assert b - a > 1


def test_drums_have_named_rows_under_the_notes(drawn):
    drums = [(0, 120, DRUMS, 36, 100), (480, 600, DRUMS, 38, 60), (240, 360, DRUMS, 42, 100), (0, 9, DRUMS, 90, 9)]
    figure = drawn(piece([*drums, (0, BAR, 0, 60, 80)]))
    upper, lower = figure.axes
    assert upper.get_position().y0 > lower.get_position().y1
    assert labels(lower.get_yticklabels()) == ["kick", "snare", "closed hat", "drum 90"]
    (marks,) = [each for each in lower.collections if type(each).__name__ == "PathCollection"]
    assert sorted(map(tuple, marks.get_offsets().tolist())) == [(0, 0), (0, 3), (240, 2), (480, 1)]
    assert len(boxes(upper)[0]) == 1
    (alone,) = drawn(piece(drums)).axes
    assert "kick" in labels(alone.get_yticklabels())


def test_the_primed_part_is_shaded():
    score = piece([(0, 2 * BAR, 0, 60, 80)])
    plain, primed = picture(score), picture(score, primed=BAR)
    height, width = plain.shape[:2]
    row = primed[height // 4] - plain[height // 4]  # there are no notes up there
    left, right = abs(row[: width // 2 - 40]).sum(axis=1), abs(row[width // 2 + 40 :]).sum(axis=1)
    assert (left > 0.05).mean() > 0.8
    assert (right > 0.01).mean() < 0.01


def test_the_primed_part_is_labeled(drawn):
    score = piece([(0, 2 * BAR, 0, 60, 80)])
    assert "primed" in words(drawn(score, primed=BAR))
    assert "primed" not in words(drawn(score))
    assert "primed" in words(drawn(score, primed=100 * BAR))
    assert drawn(score, primed=100 * BAR).axes[0].get_xlim() == (0, 2 * BAR)


def test_smpte_time_is_drawn_in_bars_of_its_tempo(drawn):
    half_seconds = [(k * 500, k * 500 + 500, 0, 60 + k, 80) for k in range(8)]  # 25 frames of 40: a millisecond a tick
    axes = drawn(piece(half_seconds, division=-(25 << 8) | 40), primed=2000).axes[0]
    assert labels(axes.get_xticklabels()) == ["1", "2"]
    assert any(line.get_xdata()[0] == BAR for line in axes.lines)


def test_no_notes(drawn):
    assert "no notes" in words(drawn(piece([])))
    assert "no notes" in words(drawn(piece([], end=5 * BAR), primed=BAR))
    assert "no notes" not in words(drawn(piece([(0, 1, 0, 60, 1)])))


@pytest.mark.parametrize("title", ["", "Für Elise $x$ 100%", "a\nb", "\x00\x1b[31m", "x" * 500])
def test_any_title_can_be_given(title):
    picture(piece([(0, BAR, 0, 60, 80)]), title)


def test_a_title_that_no_font_has_letters_for_is_left_out(drawn, monkeypatch):
    score = piece([(0, BAR, 0, 60, 80)])
    assert "Für Elise" in words(drawn(score, "Für Elise"))
    picture(score, "さくら")  # where there is a Japanese font it is written, else not, but never as empty squares
    monkeypatch.setattr(pianoroll, "FONTS", pianoroll.FONTS[:1])
    assert "さくら" not in words(drawn(score, "さくら"))


@pytest.mark.parametrize("note", [(0, 1, 15, 0, 1), (0, 1, 0, 127, 127), (0, 9, DRUMS, 0, 127)])
def test_the_outermost_notes(note):
    picture(piece([note]), primed=1)


def test_ten_thousand_notes_take_less_than_three_seconds(rng):
    starts = rng.integers(0, 400 * BAR, 10_000)
    rows = zip(starts.tolist(), rng.integers(0, 9, 10_000).tolist(), rng.integers(0, 128, 10_000).tolist(), strict=True)
    score = piece([(start, start + 200, channel, key, 80) for start, channel, key in rows])
    picture(piece([]))  # matplotlib's import does not count
    started = time.process_time()
    image = picture(score)
    assert time.process_time() - started < 3
    assert image.shape[0] < 2000


def test_an_endless_piece_is_refused():
    with pytest.raises(UserError, match="100001 quarter notes long: a piano roll shows at most 100000"):
        pianoroll.draw_pianoroll(piece([], end=100_001 * QUARTER))


def test_general_midis_names():
    assert len(names.PROGRAMS) == len(set(names.PROGRAMS)) == 128
    assert [names.PROGRAMS[program] for program in (0, 19, 40, 73, 107, 127)] == [
        "Acoustic Grand Piano", "Church Organ", "Violin", "Flute", "Koto", "Gunshot",
    ]  # fmt: skip
    assert [names.drum_name(key) for key in (34, 35, 49, 81, 82)] == [
        "drum 34", "acoustic kick", "crash", "open triangle", "drum 82",
    ]  # fmt: skip
    assert [names.key_name(key) for key in (0, 60, 66, 127)] == ["C-1", "C4", "F#4", "G9"]
    assert names.channel_label(4, [0, 1, 2]) == "ch 5 Acoustic Grand Piano, Bright Acoustic Piano, …"


def test_a_pedal_makes_notes_longer(drawn):
    notes = [(0, QUARTER, 0, 60, 80), (8 * QUARTER, 9 * QUARTER, 0, 62, 80)]
    pedal = (0, b"\xb0\x40\x7f"), (4 * QUARTER, b"\xb0\x40\x00")

    def ends(score):
        (boxes,) = drawn(score).axes[0].collections[:1]
        return [path.vertices[:, 0].max() for path in boxes.get_paths()]

    assert ends(piece(notes)) == [QUARTER, 9 * QUARTER]
    assert ends(piece(notes, *pedal)) == [4 * QUARTER, 9 * QUARTER]
