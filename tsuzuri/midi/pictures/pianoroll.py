"""A piano roll: a score as a picture, with a color for each channel and the drums in a strip of their own."""

import bisect
import io
import itertools
import textwrap

import numpy

from tsuzuri.errors import UserError
from tsuzuri.midi import names, pedal, timing
from tsuzuri.midi.score import DRUMS, PROGRAM, Score
from tsuzuri.overwriting import SOFTWARE

DPI = 110
LONGEST = 100_000  # quarter notes: 14 hours at 120 a minute
INCHES_A_BAR, NARROWEST, WIDEST = 0.5, 10.0, 24.0
LETTERS_AN_INCH = 9  # of a title
INCHES_A_KEY, INCHES_A_DRUM, TALLEST = 0.14, 0.19, 8.0
LEAST_WIDTH = 1.6  # pixels of a note, so that a short one in a long piece is visible
FEW_BARS = 8  # up to this many, there are lines for the beats too
BLACK = (1, 3, 6, 8, 10)  # of the twelve keys
INK, RULE, SHADE, PRIMED = "#333333", "#c9ccd1", "#f3f4f6", "#f2c14e"
# Okabe and Ito's colors without their yellow and black, then Tol's muted ones: the color-blind can distinguish them.
COLORS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#332288", "#882255",
    "#999933", "#44aa99", "#aa4499", "#117733", "#88ccee", "#cc6677", "#6f6f6f",
)  # fmt: skip
FONTS = (  # the first is matplotlib's own; the others are tried for letters that it lacks
    "DejaVu Sans", "Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic", "Meiryo", "IPAexGothic",
    "IPAGothic", "TakaoGothic", "MS Gothic",
)  # fmt: skip


def draw_pianoroll(score: Score, title: str = "", primed: int = 0) -> bytes:
    """The bytes of a PNG with a score's notes; the time before tick ``primed`` is shaded.

    Left to right is time in bars, up is pitch, a strong color is a loud note; notes are as long as the pedal holds
    them. A title that no installed font can show is left out. Raises ``UserError`` for a piece of more than ``LONGEST``
    quarter notes.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if score.division < 0:  # bars are counted in quarter notes: ``primed`` moves with the score
        primed = timing.in_musical_time(score._replace(notes=[], end=primed)).end
        score = timing.in_musical_time(score)
    if score.end > LONGEST * score.division:
        length = f"{score.end // score.division} quarter notes"
        raise UserError(f"the piece is {length} long: a piano roll shows at most {LONGEST}")
    score, _ = pedal.hold_notes(score)
    pitched = [note for note in score.notes if note.channel != DRUMS]
    drums = [note for note in score.notes if note.channel == DRUMS]
    bars = timing.bar_starts(score._replace(end=max(1, score.end)))  # at least one bar
    width = min(WIDEST, max(NARROWEST, INCHES_A_BAR * len(bars)))
    low, high = _key_range(pitched)
    rows = sorted({note.key for note in drums})
    heights = _strip_heights(high - low if pitched or not drums else 0, len(rows))

    figure = Figure(figsize=(width, sum(heights) + 1.5), dpi=DPI, layout="constrained")
    strips = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    if pitched:
        _draw_notes(strips[0], pitched, low, high, _colors(pitched), bars[-1] / (width * DPI))
    elif not drums:
        strips[0].text(0.5, 0.5, "no notes", transform=strips[0].transAxes, ha="center", va="center", color=INK)
        strips[0].set_yticks([])
    if drums:
        _draw_drums(strips[-1], drums, rows, width)
    for strip in strips:
        _rule_time(strip, score, bars, width)
    if primed > 0:
        _shade_primed(strips, min(primed, bars[-1]))
    strips[-1].set_xlabel("bar", color=INK)
    _label(figure, strips[0], score, pitched, title)
    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream, metadata={"Software": SOFTWARE})  # by which it may be replaced
    return stream.getvalue()


def _shade_primed(strips, end):
    """Shade the time before tick ``end`` in every strip, and label it in the first one."""
    for strip in strips:
        strip.axvspan(0, end, color=PRIMED, alpha=0.25, zorder=0, linewidth=0)
        strip.axvline(end, color="#b8860b", linewidth=1.2, linestyle="--", zorder=4)
    place = {"xycoords": "axes fraction", "xytext": (4, 3), "textcoords": "offset points"}
    strips[0].annotate("primed", (0, 1), color="#8a6508", size=9, **place)


def _strip_heights(keys, drums):
    """The inches of the strips of so many keys and drums, each strip only if it has any."""
    of_keys, of_drums = INCHES_A_KEY * keys, INCHES_A_DRUM * (drums + 1)
    return [min(TALLEST, of_keys)] * bool(keys) + [min(TALLEST, of_drums)] * bool(drums)


def _key_range(notes):
    """The lowest key shown, and the one above the highest: the notes with a margin, an octave and a half at least."""
    keys = [note.key for note in notes] or [60]
    low, high = min(keys) - 2, max(keys) + 3
    missing = max(0, 18 - (high - low))
    return low - missing // 2, high + missing - missing // 2


def _colors(notes):
    """The color of each channel, in the order of their first notes."""
    channels = dict.fromkeys(note.channel for note in notes)
    return dict(zip(channels, COLORS, strict=False))


def _faded(colors, velocities):
    """RGBA (n, 4) of colors (n, 3): the softer a note, the nearer it is to white."""
    strength = 0.35 + 0.65 * numpy.asarray(velocities)[:, None] / 127
    rgb = 1 - (1 - numpy.asarray(colors)) * strength
    return numpy.hstack([rgb, numpy.full((len(rgb), 1), 0.9)])


def _draw_notes(axes, notes, low, high, colors, tick_of_a_pixel):
    """Draw every note as a box, all of them in one collection."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgb

    table = numpy.array(notes)  # (n, 5)
    start, end, key = (table[:, i].astype("d") for i in (0, 1, 3))
    end = numpy.maximum(end, start + LEAST_WIDTH * tick_of_a_pixel)
    corners = [(start, key - 0.42), (start, key + 0.42), (end, key + 0.42), (end, key - 0.42)]
    boxes = numpy.stack([numpy.stack(corner, axis=1) for corner in corners], axis=1)  # (n, 4, 2)
    rgb = numpy.array([to_rgb(colors[channel]) for channel in table[:, 2]])
    roomy = (
        numpy.median(end - start) > 6 * tick_of_a_pixel
    )  # an outline parts notes that touch, and would hide thin ones
    edges = {"edgecolors": "white", "linewidths": 0.5} if roomy else {"linewidths": 0}
    axes.add_collection(PolyCollection(boxes, facecolors=_faded(rgb, table[:, 4]), zorder=3, **edges))
    for row in range(low, high):
        if row % 12 in BLACK:
            axes.axhspan(row - 0.5, row + 0.5, color=SHADE, zorder=-1, linewidth=0)
    natural = [row for row in range(low, high) if row % 12 not in BLACK]
    sparser = [rows for rows in (natural, [row for row in natural if row % 12 in (0, 4, 7)]) if len(rows) <= 16]
    octaves = [row for row in natural if row % 12 == 0]
    shown = sparser[0] if sparser else octaves
    axes.set_yticks(shown, [names.key_name(row) for row in shown], size=8)
    for row in octaves:
        axes.axhline(row - 0.5, color=RULE, linewidth=0.9, zorder=0)
    axes.set_ylim(low - 0.5, high - 0.5)


def _draw_drums(axes, notes, rows, width):
    """Draw every stroke as a short vertical mark on its drum's row."""
    from matplotlib.colors import to_rgb

    places = {key: row for row, key in enumerate(rows)}
    crowd = width * 72 / max(1, len({note.start for note in notes}))  # points of width for each stroke
    axes.scatter(
        [note.start for note in notes],
        [places[note.key] for note in notes],
        c=_faded([to_rgb(INK)] * len(notes), [note.velocity for note in notes]),
        marker="|",
        s=70,
        linewidths=min(2.5, max(0.7, crowd / 3)),
        zorder=3,
    )
    axes.set_yticks(range(len(rows)), [names.drum_name(key) for key in rows], size=min(8, 70 * TALLEST / len(rows)))
    axes.set_ylabel("drums", color=INK)
    axes.hlines(range(len(rows)), 0, 1, transform=axes.get_yaxis_transform(), color=SHADE, zorder=-1)
    axes.set_ylim(-0.8, len(rows) - 0.2)


def _rule_time(axes, score, bars, width):
    """Draw bar lines and bar numbers, as many as there is room for, and beats where there are few bars."""
    axes.set_xlim(0, bars[-1])
    room = width * 2.2  # bar numbers that fit side by side
    step = next(step for step in _steps() if (len(bars) - 1) / step <= room)
    numbered = bars[:-1:step] if step == 1 else [bars[0], *bars[step - 1 : -1 : step]]  # 1, 4, 8, 12
    axes.set_xticks(numbered, [str(1 + bisect.bisect_left(bars, tick)) for tick in numbered])
    ruled = bars if len(bars) < width * 8 else numbered
    axes.vlines(ruled, 0, 1, transform=axes.get_xaxis_transform(), color=RULE, linewidth=0.8, zorder=1)
    if len(bars) <= FEW_BARS + 1:
        meters = timing.meter_changes(score)
        for begin, end in itertools.pairwise(bars):
            _, _, denominator = meters[bisect.bisect_right([tick for tick, _, _ in meters], begin) - 1]
            beats = numpy.arange(begin, end, timing.bar_length(1, denominator, score.division))[1:]
            axes.vlines(
                beats, 0, 1, transform=axes.get_xaxis_transform(), color=RULE, linewidth=0.5, linestyle=":", zorder=1
            )
    axes.tick_params(colors=INK, length=0)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set(color=RULE)


def _steps():
    """1, 2, 4, 8, 10, 20, 40, 80, 100, …: the possible numbers of bars from one bar number to the next."""
    scale = 1
    while True:
        yield from (scale, 2 * scale, 4 * scale, 8 * scale)
        scale *= 10


def _label(figure, axes, score, pitched, title):
    """Add the title above, and below a legend of the channels and their programs."""
    from matplotlib.patches import Patch

    line = "".join(character if character.isprintable() else " " for character in title)
    line = textwrap.shorten(line, int(figure.get_figwidth() * LETTERS_AN_INCH), placeholder=" …")
    family = _font(line)
    if line and family:
        axes.set_title(line, loc="left", pad=18, color=INK, size=13, family=family, parse_math=False)
    colors = _colors(pitched)
    programs = _programs(score, pitched)
    handles = [
        Patch(color=colors[channel], label=names.channel_label(channel, programs[channel]))
        for channel in sorted(colors)
    ]
    if handles:
        columns = max(1, int(figure.get_figwidth() // 2.6))
        figure.legend(
            handles=handles, loc="outside lower left", ncols=columns, frameon=False, fontsize=9, labelcolor=INK
        )


def _programs(score, notes):
    """The programs that play each channel's notes, in order, each once."""
    current, played = {}, {}
    changes = [(tick, message) for tick, message in score.others if message[0] & 0xF0 == PROGRAM]
    i = 0
    for note in notes:
        while i < len(changes) and changes[i][0] <= note.start:
            current[changes[i][1][0] & 0x0F] = changes[i][1][1]
            i += 1
        played.setdefault(note.channel, {})[current.get(note.channel, 0)] = True
    return {channel: list(programs) for channel, programs in played.items()}


def _font(title):
    """The first installed font of ``FONTS`` that has every character of a title; None where there is none."""
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    for family in FONTS:
        try:
            letters = FT2Font(findfont(family, fallback_to_default=False)).get_charmap()
        except ValueError:  # not installed
            continue
        if all(ord(character) in letters for character in title):
            return family
    return None
