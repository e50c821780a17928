"""The windows of an epoch: each word a target once, after the word before it, and beginnings from a state of zeros."""

import itertools

import numpy
import pytest

from tsuzuri.data import layout
from tsuzuri.data.windows import PADDING
from tsuzuri.text.vocabulary import EOS


def documents(rng, sizes, line=8):
    """Ids that are all different but for the line ends, which are EOS, and where documents of these sizes begin."""
    ids = numpy.arange(1, sum(sizes) + 1, dtype="i")
    ids[rng.random(len(ids)) < 1 / line] = EOS
    stops = numpy.cumsum(sizes)
    ids[stops - 1] = EOS
    return ids, numpy.append(0, stops[:-1])


def runs_of(cut):
    """The runs of targets and of their inputs between one reset of a stream and the next, by stream."""
    for stream in range(cut[0].xs.shape[1]):
        run = []
        for window in cut:
            if window.resets is not None and window.resets[stream] and run:
                yield run
                run = []
            columns = zip(window.xs[:, stream].tolist(), window.ts[:, stream].tolist(), strict=True)
            run += [(x, t) for x, t in columns if t != PADDING]
        if run:
            yield run


CORPORA = {
    "one text": ([2000], 8),
    "one long line": ([2000], 10**9),
    "texts": ([700, 900, 40, 1200], 8),
    "short texts": ([3, 5, 9, 2, 30, 1] * 30, 4),
    "tunes": ([120, 80, 300, 150, 90] * 3, 10**9),
    "few words": ([7, 5, 3], 3),
}


@pytest.mark.parametrize("name", CORPORA)
@pytest.mark.parametrize(("batch", "steps"), [(1, 5), (4, 7), (3, 1), (5, 50)])
def test_every_word_is_a_target_once_after_the_word_before_it(rng, name, batch, steps):
    ids, starts = documents(rng, *CORPORA[name])
    cut = layout.document_windows(ids, starts, batch, steps, rng)
    (shape,) = {window.xs.shape for window in cut} | {window.ts.shape for window in cut}
    assert shape[0] <= steps
    assert shape[1] == batch
    assert all(window.xs.dtype == window.ts.dtype == numpy.int32 for window in cut)
    runs = list(runs_of(cut))
    targets = [t for run in runs for _, t in run]
    assert sorted(targets) == sorted(ids.tolist())
    before = dict(zip(ids.tolist(), [EOS, *ids[:-1].tolist()], strict=True))
    for run in runs:
        assert all(x == before[t] for x, t in run if t != EOS)
        assert all(x == t for (_, t), (x, _) in itertools.pairwise(run)), "the state is carried from word to word"
    assert all((window.ts != PADDING).any() for window in cut)


@pytest.mark.parametrize("name", ["one text", "texts"])
def test_what_begins_from_zeros_is_a_line_after_an_end(rng, monkeypatch, name):
    monkeypatch.setattr(layout, "RESET", 0.1)
    ids, starts = documents(rng, CORPORA[name][0], 10**9)
    ids[5::6] = EOS  # so that a line begins near the end of every stream
    firsts = [run[0] for _ in range(10) for run in runs_of(layout.document_windows(ids, starts, 4, 7, rng))]
    lines = set(ids[layout.line_starts(ids)].tolist())
    assert {x for x, _ in firsts} == {EOS}
    assert {t for _, t in firsts} <= lines
    assert len({t for _, t in firsts}) > 50, "many lines, and not the same in every epoch"


def test_documents_begin_from_zeros_but_for_short_ones_which_are_together(rng):
    sizes = [400, 300, 500, 350]
    ids, starts = documents(rng, sizes, 10**9)
    found = [run[0][1] for _ in range(5) for run in runs_of(layout.document_windows(ids, starts, 3, 5, rng))]
    assert set(ids[starts]) <= set(found)
    ids, starts = documents(rng, [6] * 100, 10**9)
    runs = list(runs_of(layout.document_windows(ids, starts, 3, 5, rng)))
    assert {run[0][1] for run in runs} <= set(ids[starts].tolist())
    assert 600 / (2 * layout.FEWEST * 5) <= len(runs) <= 600 / (layout.FEWEST * 5) + 1 + 3


def test_documents_come_in_another_order_each_time(rng):
    ids, starts = documents(rng, [60] * 40)
    orders = []
    for _ in range(3):
        (run,) = _targets_in_one_stream(ids, starts, rng)
        orders.append([t for t in run if t in set(ids[starts].tolist())])
    assert len({tuple(order) for order in orders}) == 3
    assert all(sorted(order) == sorted(orders[0]) for order in orders)


def _targets_in_one_stream(ids, starts, rng):
    cut = layout.document_windows(ids, starts, 1, 5, rng)
    return [[t for run in runs_of(cut) for _, t in run]]


def test_states_are_carried_for_a_hundred_windows_in_the_mean(rng):
    ids, starts = documents(rng, [200_000])
    cut = layout.document_windows(ids, starts, 1, 5, rng)
    assert sum(window.resets is not None for window in cut) == pytest.approx(len(cut) * layout.RESET, rel=0.25)


@pytest.mark.parametrize(
    ("sizes", "line", "batch", "steps"),
    [
        ([52_000], 60, 20, 35),  # a short novel
        ([5_000] * 30, 60, 20, 35),
        ([150] * 400, 15, 20, 35),  # mails
        ([600, 350, 900] * 60, 10**9, 20, 35),  # tunes
        (list(range(80, 180)) * 15, 10**9, 20, 35),  # short ones
        ([1, 30, 4_000, 20] * 20, 20, 20, 35),
    ],
)
def test_little_is_padding(rng, sizes, line, batch, steps):
    ids, starts = documents(rng, sizes, line)
    cut = layout.document_windows(ids, starts, batch, steps, rng)
    assert sum((window.ts == PADDING).sum() for window in cut) < 0.05 * sum(window.ts.size for window in cut)


def test_an_epoch_depends_on_its_generator_alone(rng):
    ids, starts = documents(rng, [700, 900, 40])
    for seed in (1, 2):
        one, other = (layout.document_windows(ids, starts, 3, 7, numpy.random.default_rng(seed)) for _ in range(2))
        assert all((a.xs == b.xs).all() and (a.ts == b.ts).all() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("streams", [1, 2, 5])
def test_scoring_windows_have_every_id_of_the_pieces_once(rng, streams):
    ids, starts = documents(rng, [30, 7, 55, 1, 18, 18])
    pieces = list(itertools.pairwise([*starts.tolist(), len(ids)]))
    scored, streams_before, group = [], 0, []
    for xs, ts, resets in layout.scoring_windows(ids, pieces, streams, 4):
        assert xs.shape[1] <= streams
        if resets is not None:
            scored += group
            group = [[] for _ in range(xs.shape[1])]
        else:
            assert xs.shape[1] <= streams_before, "streams end one after another"
        streams_before = xs.shape[1]
        for n in range(xs.shape[1]):
            group[n] += [(x, t) for x, t in zip(xs[:, n].tolist(), ts[:, n].tolist(), strict=True) if t != PADDING]
    wanted = [list(zip([EOS, *ids[a : b - 1].tolist()], ids[a:b].tolist(), strict=True)) for a, b in pieces]
    assert sorted(scored + group) == sorted(wanted)


@pytest.mark.parametrize(("least", "most"), [(100, 1000), (1, 7), (5000, 20)])
def test_parts_to_score_are_all_of_the_documents(rng, least, most):
    ids, starts = documents(rng, [300, 7, 550, 1, 180])
    parts = layout.parts_to_score(ids, starts, least, most)
    assert [n for start, stop in parts for n in range(start, stop)] == list(range(len(ids)))
    assert {start for start, _ in parts} <= {*starts.tolist(), *layout.line_starts(ids).tolist()}
    assert len(parts) <= len(starts) + most
    if least == 5000:
        assert [start for start, _ in parts] == starts.tolist()
