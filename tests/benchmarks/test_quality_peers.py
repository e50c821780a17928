"""PyTorch's peers of the quality benchmark: the GPT looks only back, is scored fairly, and both learn."""

import dataclasses
import math
from types import SimpleNamespace

import numpy
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from benchmarks import quality, quality_gpt, quality_peers  # noqa: E402
from benchmarks.quality_result import Limits  # noqa: E402
from tsuzuri.errors import UserError  # noqa: E402

V = 7
SMALL = quality_gpt.Settings(layers=2, width=8, heads=2, context=6, dropout=0.0, batch=4, lr=0.02)
LSTM = quality_peers.WordLanguageModel(units=8, batch=4, bptt=5, epochs=3)


def small_gpt(settings=SMALL):
    torch.manual_seed(0)
    model = quality_gpt.GPT(V, settings)
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.5)
    return model.eval()


def cycle(length):
    """Ids that are easy to foretell."""
    return numpy.arange(length, dtype=numpy.int32) % V


DOCUMENTS = dict.fromkeys(("train", "valid", "test"), numpy.array([0]))
CORPUS = SimpleNamespace(train=cycle(400), valid=cycle(50), test=cycle(60), vocabulary=range(V), documents=DOCUMENTS)


def test_the_gpt_looks_only_back():
    model, xs = small_gpt(), torch.arange(6)[None] % V
    changed = xs.clone()
    changed[0, 4:] = 0
    with torch.no_grad():
        before, after = model(xs), model(changed)
    assert torch.allclose(before[:, :4], after[:, :4], atol=1e-6)
    assert not torch.allclose(before[:, 4], after[:, 4], atol=1e-3)


def test_the_gpt_knows_places():
    with torch.no_grad():
        logits = small_gpt()(torch.zeros((1, 6), dtype=torch.long))[0]
    assert not torch.allclose(logits[0], logits[1], atol=1e-3)


@pytest.mark.parametrize("length", [2, 3, 6, 7, 8, 9, 10, 31])
@pytest.mark.parametrize("context", [6, 5, 1])
def test_every_id_is_scored_once_with_half_a_context_before_it(length, context):
    model = small_gpt(dataclasses.replace(SMALL, context=context))
    ids = numpy.random.default_rng(length).integers(0, V, length).astype(numpy.int32)
    new, nats = max(1, context // 2), 0.0
    for n in range(1, length):  # the slow twin: a window of its own for each id
        start = 0 if n <= context else -(-(n - context) // new) * new
        assert n - start >= min(n, context - new + 1)
        with torch.no_grad():
            logits = model(torch.from_numpy(ids[start:n]).long()[None])[0, -1]
        nats -= float(logits.log_softmax(0)[ids[n]])
    assert quality_gpt.held_out(model, ids) == pytest.approx(nats / (length - 1), rel=1e-5)


@pytest.mark.parametrize("width", [8, 12])
def test_a_gpt_s_parameters_are_counted(width):
    settings = dataclasses.replace(SMALL, width=width)
    made = sum(p.numel() for p in quality_gpt.GPT(V, settings).parameters())
    assert quality_gpt.count_parameters(V, settings) == made


def test_a_gpt_is_as_wide_as_its_parameters_allow():
    settings = quality_gpt.Settings()
    assert quality_gpt.fitting(1000, settings, None) == settings
    found = quality_gpt.fitting(1000, settings, 1_000_000)
    wider = dataclasses.replace(found, width=found.width + settings.heads)
    assert quality_gpt.count_parameters(1000, found) <= 1_000_000 < quality_gpt.count_parameters(1000, wider)
    with pytest.raises(UserError, match="no model of 4 layers and 1,000 words has only 50 parameters"):
        quality_gpt.fitting(1000, settings, 50)


def test_the_rate_goes_up_and_then_down_to_a_tenth():
    settings = quality_gpt.Settings(lr=2.0, warmup=0.1)
    rates = [quality_gpt.learning_rate(settings, share) for share in (0.0, 0.05, 0.1, 0.55, 1.0)]
    assert rates == pytest.approx([0.0, 1.0, 2.0, 1.1, 0.2])
    assert quality_gpt.learning_rate(dataclasses.replace(settings, warmup=0.0), 0.0) == 2.0


def test_only_matrices_decay():
    groups = quality_gpt.make_optimizer(small_gpt(), SMALL).param_groups
    assert [group["weight_decay"] for group in groups] == [0.1, 0.0]
    assert [{p.dim() for p in group["params"]} for group in groups] == [{2}, {1}]


def test_windows_are_from_anywhere():
    torch.manual_seed(0)
    ids = torch.arange(12)
    windows = torch.cat([quality_gpt.draw(ids, SMALL) for _ in range(50)])
    assert windows.shape == (200, 7)
    assert (windows.diff(dim=1) == 1).all()
    assert set(windows[:, 0].tolist()) == set(range(6))
    assert quality_gpt.draw(ids[:5], SMALL).shape == (4, 5)


def test_the_gpt_learns_and_has_no_more_parameters_than_it_may():
    settings = dataclasses.replace(SMALL, epochs=12.0)
    found = quality_peers.train_gpt(CORPUS, settings, 0, Limits(5.0, 2000))
    assert found.valid < 0.5 < math.log(V)
    assert found.test == pytest.approx(found.valid, abs=0.2)
    assert found.parameters <= 2000
    assert found.epochs == 12
    again = quality_peers.train_gpt(CORPUS, settings, 0, Limits(5.0, 2000))
    assert (again.valid, again.test) == pytest.approx((found.valid, found.test), rel=1e-3)


def test_the_best_weights_are_tested_not_the_last(monkeypatch):
    losses = iter([2.0, 1.0, 3.0])
    seen = []

    def scored(model, ids):
        weights = model.embed.weight.detach().clone()
        seen.append(weights)
        return next(losses) if len(ids) == len(CORPUS.valid) else float((weights == seen[1]).all())

    monkeypatch.setattr(quality_gpt, "held_out", scored)
    found = quality_peers.train_gpt(CORPUS, dataclasses.replace(SMALL, epochs=3.0), 0, Limits())
    assert (found.valid, found.test, found.best, found.epochs) == (1.0, 1.0, 2, 3)
    assert not (seen[1] == seen[2]).all()


def test_a_training_ends_with_its_minutes():
    for train, settings in ((quality_peers.train_gpt, SMALL), (quality_peers.train_word_language_model, LSTM)):
        found = train(CORPUS, settings, 0, Limits(1e-6))
        assert found.epochs <= 1
        assert math.isfinite(found.valid)


@pytest.mark.parametrize("tied", [False, True])
def test_the_example_begins_as_pytorch_s_does(tied):
    torch.manual_seed(0)
    model = quality_peers.make_word_language_model(V, dataclasses.replace(LSTM, tied=tied))
    for weight in (model.embed.weight, model.out.weight):
        assert 0.08 < float(weight.detach().abs().max()) <= 0.1
    assert not model.out.bias.any()
    assert (model.out.weight is model.embed.weight) == tied
    assert model.lstm.num_layers == 2


def test_the_example_steps_against_a_clipped_gradient():
    torch.manual_seed(0)
    model = quality_peers.make_word_language_model(V, LSTM)
    before = model.out.bias.detach().clone()
    quality_peers.step(model, 100 * sum(p.sum() for p in model.parameters()), 20.0, 0.25)
    count = sum(p.numel() for p in model.parameters())
    assert torch.allclose(model.out.bias, before - 20 * 0.25 / math.sqrt(count))


def test_the_example_reads_every_column_in_order():
    assert quality_peers.columns(cycle(11), 3).tolist() == [[0, 3, 6], [1, 4, 0], [2, 5, 1]]


def test_the_example_s_rate_is_a_quarter_after_an_epoch_that_is_no_better(monkeypatch):
    losses, rates = iter([2.0, 2.0, 1.0, 1.0]), []
    monkeypatch.setattr(quality_peers, "held_out", lambda model, ids, starts, carried=False: next(losses))
    monkeypatch.setattr(quality_peers, "step", lambda model, loss, lr, clip: rates.append(lr))
    found = quality_peers.train_word_language_model(CORPUS, LSTM, 0, Limits())
    assert list(dict.fromkeys(rates)) == [20.0, 5.0]
    assert len(rates) == 3 * 20
    assert (found.valid, found.best, found.epochs) == (1.0, 3, 3)


def test_the_example_learns():
    found = quality_peers.train_word_language_model(CORPUS, dataclasses.replace(LSTM, epochs=12), 0, Limits())
    assert found.valid < 0.5
    assert found.test < 0.5


def test_settings_follow_a_colon():
    found = quality.contender_of("word_language_model:units=650,dropout=0.5,tied=1,lr=1e1")
    assert found.settings == quality_peers.WordLanguageModel(units=650, dropout=0.5, tied=True, lr=10.0)
    assert type(found.settings.units) is int
    assert quality.contender_of("gpt").settings == quality_gpt.Settings()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("gpt:depth=3", "'depth' must be one of layers, width"),
        ("gpt:dropout", "dropout is '', must be a number, 0 at least"),
        ("gpt:width=0", "width is '0', must be a number, 1 at least"),
        ("gpt:lr=-1", "lr is '-1', must be a number, 0 at least"),
        ("gpt:lr=nan", "lr is 'nan'"),
    ],
)
def test_settings_that_cannot_be_are_refused(asked, message):
    with pytest.raises(UserError, match=f"--who {asked}: {message}"):
        quality.contender_of(asked)


def test_a_training_that_diverged_is_told():
    with pytest.raises(UserError, match="diverged"):
        quality_peers.train_word_language_model(CORPUS, dataclasses.replace(LSTM, lr=math.inf), 0, Limits())
