"""Documents to the windows of an epoch of truncated BPTT, made anew for each, and to those of an evaluation.

A model begins a text from a state of zeros and an ``<eos>``. So that it knows this state, and knows it well, training
has it at the beginning of every *segment*: a document, several short ones, or a piece of a long one that ends where a
line ends. Segments are poured, one after another, into the streams that are read side by side. Each of them begins with
a window, whose ``resets`` say so; what is left of its last window is padded.

The input of a word is the word before it, and that of a document's first is an ``<eos>``: as every document ends with
one, this is so of itself where documents follow each other.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy

from tsuzuri.data.windows import PADDING, Window
from tsuzuri.text.vocabulary import EOS

RESET = 0.01  # the chance of a beginning, a window and stream, as in Melis et al. 2018
FEWEST = 10  # windows of short documents that are one segment, so that little is padding
FULL = 0.8  # of the last of these windows, if that comes to be before there are twice as many
SLACK = 0.05  # of a stream that may be padded at its end, for the next to begin with a line

Piece = tuple[int, int]  # the first of some ids, and the one after the last


def document_windows(
    ids: numpy.ndarray,
    starts: numpy.ndarray,
    batch: int,
    steps: int,
    rng: numpy.random.Generator,
    rows: numpy.ndarray | None = None,
) -> list[Window]:
    """The windows of an epoch, each (T, B) int32 of the same T <= ``steps``, in which every id is a target once.

    ``ids`` end with ``<eos>``, and each of the documents, which begin at ``starts``, does too. They come in random
    order; a single one is entered at a random line. T is as small as goes with the number of windows. ``rows`` (R, C)
    int32 is what a model is told besides for each of the ids, (R,), before it is predicted.

    >>> rng = numpy.random.default_rng(0)
    >>> for window in document_windows(numpy.array([5, 6, 0, 7, 0]), numpy.array([0, 3]), batch=2, steps=3, rng=rng):
    ...     print(window.xs.T.tolist(), window.ts.T.tolist(), window.resets.tolist())
    [[0, 5, 6], [0, 7, 0]] [[5, 6, 0], [7, 0, -1]] [True, True]
    """
    pieces = _entered(ids, rng) if len(starts) == 1 else list(itertools.pairwise([*starts.tolist(), len(ids)]))
    groups = _grouped(pieces, steps, None if len(starts) == 1 else rng)
    ids, rows = (_in_order(array, groups) for array in (ids, rows))
    bounds = numpy.cumsum([0, *(sum(stop - start for start, stop in group) for group in groups)])
    lines = line_starts(ids)
    segments = list(itertools.pairwise(_cut_at_random(bounds.tolist(), lines, steps, rng)))
    steps, poured = _pour_evenly(segments, lines, batch, steps)
    return _filled(ids, read_before(ids, rows), poured, batch, steps)


def line_starts(ids: numpy.ndarray) -> numpy.ndarray:
    """Where lines begin that are not empty, int64: behind an ``<eos>``, or at the first id."""
    before = _before(ids)
    return numpy.flatnonzero((before == EOS) & (ids != EOS))


def _before(ids):
    """What stands before each id: an ``<eos>`` before the first, as before every document."""
    return numpy.append(ids.dtype.type(EOS), ids[:-1])


def _in_order(array, groups):
    """An array (R, ...) in the order of the pieces of some groups."""
    return (
        None if array is None else numpy.concatenate([array[start:stop] for group in groups for start, stop in group])
    )


def read_before(ids: numpy.ndarray, rows: numpy.ndarray | None) -> numpy.ndarray:
    """What is read before each id is predicted: the id before it, (R,), and its ``rows``, together (R, 1 + C)."""
    before = _before(ids)
    return before if rows is None else numpy.concatenate([before[:, None], rows], axis=1, dtype=numpy.int32)


def _entered(ids, rng):
    """The two pieces of a document that is entered at a random line: from there, and up to there."""
    lines = line_starts(ids)
    start = int(rng.choice(lines)) if len(lines) else 0
    return [(start, len(ids)), (0, start)] if start else [(0, len(ids))]


def _grouped(pieces, steps, rng):
    """The pieces in random order, or theirs without ``rng``: short ones together until they fill windows enough."""
    groups, together, held, least = [], [], 0, FEWEST * steps
    for n in range(len(pieces)) if rng is None else rng.permutation(len(pieces)):
        size = pieces[n][1] - pieces[n][0]
        if size >= least or rng is None:
            groups.append([pieces[n]])
            continue
        if not together or held >= 2 * least or (held >= least and -held % steps <= (1 - FULL) * steps):
            together, held = [], 0
            groups.append(together)
        together.append(pieces[n])
        held += size
    return groups


def _cut_at_random(bounds, lines, steps, rng):
    """The ``bounds``, and between those that are far apart the beginnings of lines, ``1 / RESET`` windows apart."""
    cuts = [0]
    for start, stop in itertools.pairwise(bounds):
        at = start + int(rng.geometric(RESET)) * steps
        while (n := int(numpy.searchsorted(lines, at))) < len(lines) and lines[n] < stop:
            cuts.append(int(lines[n]))
            at = cuts[-1] + int(rng.geometric(RESET)) * steps
        cuts.append(stop)
    return cuts


def _pour_evenly(segments, lines, batch, steps):
    """The fewest steps a window, up to ``steps``, with which the fewest windows hold all segments; and ``_pour``."""
    words = segments[-1][1]
    count = -(-sum(-(-(stop - start) // steps) for start, stop in segments) // batch)
    while True:
        for width in range(-(-words // (batch * count)), steps + 1):
            poured = _pour(segments, lines, batch, count, width)
            if poured is not None:
                return width, poured
        count += 1


def _pour(segments, lines, batch, count, steps):
    """(stream, window, start, stop) for each run of ids in ``count`` windows of each stream; None where some are left.

    What has no room in the rest of a stream is cut where a line begins, or anywhere if no line begins near, and goes on
    at the beginning of the next stream.
    """
    poured, stream, window = [], 0, 0
    slack = max(steps, int(SLACK * count * steps))
    for start, stop in segments:
        while start < stop:
            if stream == batch:
                return None
            room = (count - window) * steps
            end = stop if stop - start <= room else _end_near(lines, start + (window == 0), start + room, slack)
            if end > start:
                poured.append((stream, window, start, end))
                window += -(-(end - start) // steps)
            if end < stop or window == count:
                stream, window = stream + 1, 0
            start = end
    return poured


def _end_near(lines, first, last, slack):
    """The last beginning of a line from ``first`` to ``last``, or ``last`` itself where that would waste too much."""
    n = int(numpy.searchsorted(lines, last, side="right")) - 1
    return int(lines[n]) if n >= 0 and lines[n] >= max(first, last - slack) else last


def _filled(ids, read, poured, batch, steps):
    """The windows that ``_pour`` has planned, of ids and what is ``read`` before each."""
    count = max(window - (start - stop) // steps for _, window, start, stop in poured)
    xs = numpy.zeros((batch, count * steps, *read.shape[1:]), numpy.int32)
    ts = numpy.full((batch, count * steps), PADDING, numpy.int32)
    resets = numpy.zeros((count, batch), bool)
    for stream, window, start, stop in poured:
        run = slice(window * steps, window * steps + stop - start)
        xs[stream, run], ts[stream, run] = read[start:stop], ids[start:stop]
        resets[window, stream] = True
    return [
        Window(
            numpy.ascontiguousarray(xs[:, n * steps : (n + 1) * steps].swapaxes(0, 1)),  # (T, B) or (T, B, 1 + C)
            numpy.ascontiguousarray(ts[:, n * steps : (n + 1) * steps].T),  # (T, B)
            resets[n] if resets[n].any() else None,
        )
        for n in range(count)
    ]


def parts_to_score(ids: numpy.ndarray, starts: numpy.ndarray, least: int, most: int) -> list[Piece]:
    """Documents in parts of some ``least`` ids or more, that begin with a line: all of them together about ``most``.

    These are for speed, as parts are scored side by side, and all but the first lack what came before them.
    """
    size, lines = max(least, -(-len(ids) // most)), line_starts(ids)
    pieces = []
    for start, stop in itertools.pairwise([*starts.tolist(), len(ids)]):
        count = max(1, (stop - start) // size)
        ends = [_end_near(lines, start + 1, start + (stop - start) * n // count, size) for n in range(1, count)]
        pieces += itertools.pairwise([start, *sorted({*ends} - {start, stop}), stop])
    return pieces


def scoring_windows(
    ids: numpy.ndarray, pieces: Sequence[Piece], streams: int, steps: int, rows: numpy.ndarray | None = None
) -> Iterator[Window]:
    """Windows (T, B), in which every id of the pieces is a target once, from a state of zeros where ``resets`` say so.

    Long pieces come first, ``streams`` of them side by side at most. They end one after another: a window has the
    first streams of the one before it. T is larger where there are few, so that about as many words are in each.
    ``rows`` as in ``document_windows``.
    """
    ordered = sorted(pieces, key=lambda piece: piece[0] - piece[1])
    read = read_before(ids, rows)
    for first in range(0, len(ordered), streams):
        side_by_side = ordered[first : first + streams]
        done = 0
        while side_by_side:
            count = len(side_by_side)
            length = min(steps * max(1, streams // count), side_by_side[0][1] - side_by_side[0][0] - done)
            xs = numpy.zeros((length, count, *read.shape[1:]), numpy.int32)
            ts = numpy.full((length, count), PADDING, numpy.int32)
            for n, (start, stop) in enumerate(side_by_side):
                run = slice(start + done, min(stop, start + done + length))
                xs[: run.stop - run.start, n], ts[: run.stop - run.start, n] = read[run], ids[run]
            yield Window(xs, ts, None if done else numpy.ones(count, bool))
            done += length
            side_by_side = [piece for piece in side_by_side if piece[1] - piece[0] > done]
