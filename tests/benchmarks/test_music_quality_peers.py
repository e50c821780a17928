"""PyTorch's peers on music: what is looked back for, by hand; each word is scored once, and both learn."""

import dataclasses
import math

import numpy
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from benchmarks import music_quality_lookback, music_quality_peers, quality_gpt, quality_peers  # noqa: E402
from benchmarks.music_quality_lookback import look_back  # noqa: E402
from benchmarks.quality_result import Limits  # noqa: E402
from tsuzuri.data.corpus import Corpus  # noqa: E402
from tsuzuri.errors import UserError  # noqa: E402
from tsuzuri.midi.compose import MusicVocabulary  # noqa: E402
from tsuzuri.text.vocabulary import Vocabulary  # noqa: E402

EIGHT = "8170"  # 240 ticks, an eighth of 480 a quarter note
METER, C, C_OFF, D, D_OFF, E, E_OFF = range(2, 9)
WORDS = ["<eos>", "<unk>", "00_ff_5802021808", "00_90_3c50", f"{EIGHT}_80_3c00", "00_90_3e50", f"{EIGHT}_80_3e00"]
WORDS += ["00_90_4050", f"{EIGHT}_80_4000"]
NOTHING = len(WORDS)
PARSED = MusicVocabulary(WORDS).parsed
C_, D_, E_ = (C, C_OFF), (D, D_OFF), (E, E_OFF)
V = len(WORDS)


def looked(pieces):
    ids = numpy.array([i for piece in pieces for i in piece], numpy.int32)
    starts = numpy.cumsum([0, *(len(piece) for piece in pieces[:-1])])
    return look_back(ids, starts, PARSED, 480)


def test_what_stood_before_is_the_word_before_and_nothing_looks_back_from_the_first_bar():
    # bars of 2/4, four eighths each: C D E C | C D C
    piece = [METER, *C_, *D_, *E_, *C_, *C_, *D_, *C_, 0]
    found = looked([piece])
    assert found.before.tolist() == [0, *piece[:-1]]
    assert found.looked[:9, 0].tolist() == [NOTHING] * 9
    assert found.looked[:, 1].tolist() == [NOTHING] * len(piece)


def test_words_of_one_tick_are_told_apart():
    # 2/4, four eighths a bar; the word after the note that ends a bar is that after one word of the bar's first tick
    piece = [METER, *C_, *D_, *E_, *C_, *C_, *D_, *E_, *C_, 0]
    one = looked([piece]).looked[:, 0].tolist()
    names = dict(enumerate(one))
    # place 9: the meter and four notes are read, tick 960, one word of it (the last note's end); tick 0 has one word,
    # the first note's beginning, so that the next one after it is looked for
    assert names[9] == C_OFF
    # place 10: two words of tick 960 are read, tick 0 had one: still the next one after it
    assert names[10] == C_OFF
    # place 11: one word of tick 1200; tick 240 has the end of the first note and the beginning of the second
    assert [names[n] for n in range(11, 17)] == [D, D_OFF, E, E_OFF, C, C_OFF]


def test_a_repeat_is_told():
    piece = [METER, *C_, *D_, *E_, *C_, *C_, *D_, *C_, *E_, 0]
    repeats = looked([piece]).repeats[:, 0].tolist()
    # read before it: the first repeat is the end of the second bar's C, and D with its end; then C comes for E
    assert [n for n, is_repeat in enumerate(repeats) if is_repeat] == [11, 12, 13]
    assert not looked([piece]).repeats[:, 1].any()


def test_two_bars_are_looked_back():
    bar = [*C_, *D_, *E_, *C_]
    piece = [METER, *bar, *D_, *D_, *D_, *D_, *bar, 0]
    found = looked([piece])
    assert found.looked[19:24, 1].tolist() == [D, D_OFF, E, E_OFF, C]
    assert found.repeats[20:24, 1].all()
    assert not found.repeats[20:24, 0].all()


def test_pieces_do_not_look_into_each_other():
    piece = [METER, *C_, *D_, *E_, *C_, *C_, *D_, 0]
    once, twice = looked([piece]), looked([piece, piece])
    for single, both in zip(once, twice, strict=True):
        assert (both[: len(single)] == single).all()
        assert (both[len(single) :] == single).all()


def test_without_a_meter_a_bar_has_four_quarter_notes():
    piece = [*C_, *D_, *E_, *C_, *C_, *D_, *E_, *C_, *C_, 0]
    one = looked([piece]).looked[:, 0]
    assert (one[:16] == NOTHING).all()
    assert one[16] == C_OFF


@pytest.mark.parametrize(
    ("tick", "bits"),
    [
        (0, [0, 0, 0, 0, 0, 0, 0, 0]),
        (120, [1, 0, 0, 0, 0, 0, 0, 0]),
        (480 * 3 + 240, [0, 1, 1, 1, 0, 0, 0, 0]),  # the fourteenth
        (160, [1, 0, 0, 0, 0, 0, 1, 0]),  # a triplet's: two 24ths behind a sixteenth
        (1920 + 100, [0, 0, 0, 0, 0, 1, 0, 1]),  # the next bar, five 24ths
    ],
)
def test_the_place_in_the_bar_is_counted(tick, bits):
    piece = music_quality_lookback.Piece(480)
    piece.read(C, (tick, bytes([0x90, 60, 80])))
    assert piece.place() == bits


def test_a_meter_begins_a_bar():
    piece = music_quality_lookback.Piece(480)
    piece.read(C, (500, bytes([0x90, 60, 80])))
    piece.read(METER, (100, bytes.fromhex("ff5803021808")))
    assert (piece.since, piece.bar, any(piece.place())) == (600, 1440, False)


def slow_twin(ids, starts, bars):
    """What is looked back for, found by walking through all words of the piece before each."""
    found = []
    for n in range(len(ids)):
        start = max(s for s in starts if s <= n)
        tick, bar, read = 0, 1920, []
        for i in ids[start:n]:
            if PARSED[i] is None:
                continue
            tick += PARSED[i][0]
            if i == METER:
                bar = 960
            else:
                read.append((tick, i))
        then, same = tick - bars * bar, sum(at == tick for at, _ in read)
        there = [i for at, i in read if at == then]
        after = [i for at, i in read if at > then]
        rest = [*there[same:], *after]
        found.append(rest[0] if then >= 0 and rest else NOTHING)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_looking_back_is_as_its_slow_twin_has_it(seed):
    rng = numpy.random.default_rng(seed)
    pieces = [[METER] * int(rng.integers(2)) + rng.integers(1, V, 40).tolist() + [0] for _ in range(3)]
    pieces = [[i for n, i in enumerate(piece) if i != METER or n == 0] for piece in pieces]
    found = looked(pieces)
    ids = [i for piece in pieces for i in piece]
    starts = numpy.cumsum([0, *(len(piece) for piece in pieces[:-1])])
    for n, bars in enumerate(music_quality_lookback.BARS):
        slow = slow_twin(ids, starts, bars)
        assert found.looked[:, n].tolist() == slow
        repeats = [p not in starts and slow[p - 1] == ids[p - 1] for p in range(len(ids))]
        assert found.repeats[:, n].tolist() == repeats


def tunes(count, seed):
    """Ids of tunes of three bars that are the same, so that who looks back foretells two of them."""
    rng = numpy.random.default_rng(seed)
    pieces = []
    for _ in range(count):
        bar = [i for n in rng.integers(0, 3, 4) for i in (C_, D_, E_)[n]]
        pieces.append([METER, *bar, *bar, *bar, 0])
    starts = numpy.cumsum([0, *(len(piece) for piece in pieces[:-1])])
    return numpy.array([i for piece in pieces for i in piece], numpy.int32), starts


def corpus():
    made = {split: tunes(*numbers) for split, numbers in (("train", (30, 1)), ("valid", (6, 2)), ("test", (5, 3)))}
    return Corpus(
        *(ids for ids, _ in made.values()),
        Vocabulary(WORDS),
        None,
        {"midi": {"division": 480}},
        {split: starts for split, (_, starts) in made.items()},
    )


SMALL = music_quality_peers.Lookback(units=12, look=6, dropout=0.0, batch=4, bptt=13, lr=0.02, epochs=1.0)


def test_an_epoch_trains_each_word_once_in_its_place():
    places = music_quality_peers.Places(corpus(), "train")
    seen = []
    for _, at, _ in places.drawn(4, 13, numpy.random.default_rng(0)):
        _, ts, _ = places.logits(lambda *inputs: (None, None), at, None)
        assert (ts.numpy()[at > 0] == corpus().train[at[at > 0] - 1]).all()
        assert (ts.numpy()[at < 1] == -1).all()
        seen += at[at > 0].tolist()
    assert sorted(seen) == list(range(1, len(corpus().train) + 1))


def test_every_word_is_scored_once_with_its_piece_before_it():
    torch.manual_seed(1)
    model = music_quality_peers.LookbackLSTM(V, dataclasses.replace(SMALL, dropout=0.5)).eval()
    read, nats = corpus(), 0.0
    found = look_back(read.valid, read.documents["valid"], PARSED, 480)
    bits = numpy.concatenate([found.repeats, found.place], 1).astype("f")
    for start, stop in zip(read.documents["valid"], [*read.documents["valid"][1:], len(read.valid)], strict=True):
        rows = slice(int(start), int(stop))
        inputs = [torch.from_numpy(part[rows])[:, None] for part in (found.before, found.looked, bits)]
        with torch.no_grad():
            p = model(inputs[0].long(), inputs[1].long(), inputs[2], None)[0][:, 0].log_softmax(1)
        nats -= float(p[range(stop - start), read.valid[rows].astype("q")].sum())
    places = music_quality_peers.Places(read, "valid")
    assert music_quality_peers.held_out(model, places) == pytest.approx(nats / len(read.valid), rel=1e-5)
    assert model.training


def test_its_parameters_are_counted_and_it_is_as_wide_as_they_allow():
    settings = music_quality_peers.Lookback()
    made = sum(p.numel() for p in music_quality_peers.LookbackLSTM(V, SMALL).parameters())
    assert music_quality_peers.count_parameters(V, SMALL) == made
    assert music_quality_peers.fitting(600, settings, None) == settings
    found = music_quality_peers.fitting(600, settings, 1_000_000)
    wider = dataclasses.replace(found, units=found.units + 1)
    sizes = [music_quality_peers.count_parameters(600, each) for each in (found, wider)]
    assert sizes[0] <= 1_000_000 < sizes[1]
    with pytest.raises(UserError, match="no model of 600 words has only 50 parameters"):
        music_quality_peers.fitting(600, settings, 50)


def test_the_lstm_learns_and_the_best_weights_are_tested(monkeypatch):
    seen, worth, scored = [], [], music_quality_peers.held_out

    def of_three(model, places):
        seen.append(model.embed.weight.detach().clone())
        worth.append(scored(model, places))
        return float((seen[-1] == seen[1]).all()) if len(seen) > 6 else (1.0 if len(seen) == 2 else 3.0)

    monkeypatch.setattr(music_quality_peers, "held_out", of_three)
    settings = dataclasses.replace(SMALL, epochs=6.0, lr=0.05)
    found = music_quality_peers.train_lookback(corpus(), settings, 0, Limits(5.0, 5000))
    assert (found.valid, found.test, found.best, found.epochs) == (1.0, 1.0, 2, 6)
    assert found.parameters <= 5000
    assert worth[5] < 0.8 * worth[0]
    assert not (seen[1] == seen[2]).all()


@pytest.mark.parametrize("changed", range(3))
def test_the_lstm_hears_all_that_it_is_told(changed):
    torch.manual_seed(0)
    model = music_quality_peers.LookbackLSTM(V, SMALL).eval()
    inputs = [torch.ones(2, 1).long(), torch.ones(2, 1, 2).long(), torch.zeros(2, 1, 10)]
    others = [*inputs[:changed], inputs[changed] + 1, *inputs[changed + 1 :]]
    with torch.no_grad():
        logits, other = model(*inputs, None)[0], model(*others, None)[0]
    assert logits.shape == (2, 1, V)
    assert not torch.allclose(logits, other, atol=1e-5)


def test_a_training_ends_with_its_minutes():
    found = music_quality_peers.train_lookback(corpus(), dataclasses.replace(SMALL, epochs=0.0), 0, Limits(1e-6))
    assert found.epochs < 1
    assert math.isfinite(found.valid)


def test_the_gpt_is_scored_on_the_first_word_too(monkeypatch):
    seen = []
    monkeypatch.setattr(
        music_quality_peers, "train_gpt", lambda read, *_: seen.append((read.train, read.valid, read.test))
    )
    music_quality_peers.train_music_gpt(corpus(), None, 0, Limits())
    train, valid, test = seen[0]
    assert (train == corpus().train).all()
    assert valid.tolist() == [0, *corpus().valid]
    assert test.tolist() == [0, *corpus().test]
    _, ts = quality_gpt.scored_windows(torch.from_numpy(valid).long(), 6)
    assert int((ts >= 0).sum()) == len(corpus().valid)


def test_minutes_of_the_processor_are_counted():
    clock = quality_peers.Clock(Limits(1.0, processor=True))
    assert clock.now is quality_peers.time.process_time
    assert quality_peers.Clock(Limits(1.0)).now is quality_peers.time.perf_counter
    assert quality_peers.Clock(Limits()).share() == 0
