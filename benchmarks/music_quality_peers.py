"""PyTorch's side of the quality benchmark of music: an LSTM with Magenta's lookback features, and the small GPT.

Both read the ids that train.py reads, and score every one of them, the first too. Axes: T steps, B streams.
"""

import dataclasses
import itertools

import numpy
import torch
from torch.nn import functional as F

from benchmarks import quality_gpt as gpt
from benchmarks.music_quality_lookback import BARS, BITS, look_back
from benchmarks.quality_peers import Best, Clock, Peer, train_gpt
from tsuzuri.data import layout
from tsuzuri.errors import UserError
from tsuzuri.midi.compose import MusicVocabulary
from tsuzuri.text.vocabulary import EOS
from tsuzuri.training import evaluation

# The LSTM with lookback


@dataclasses.dataclass(frozen=True)
class Lookback:
    """The model and its training. ``epochs`` 0 stands for as many as the minutes allow; ``look`` is the width of a
    word that is looked back for."""

    units: int = 256
    look: int = 64
    dropout: float = 0.3
    batch: int = 20
    bptt: int = 35
    lr: float = 3e-3
    least: float = 0.05  # of the rate, at the end of the cosine
    warmup: float = 0.05  # of the training
    clip: float = 5.0
    epochs: float = 0.0


class LookbackLSTM(torch.nn.Module):
    """Two layers; embedding and output are tied. What is looked back for has a smaller embedding of its own."""

    def __init__(self, words, settings):
        super().__init__()
        units, look = settings.units, settings.look
        self.embed, self.look = torch.nn.Embedding(words, units), torch.nn.Embedding(words + 1, look)
        self.lstm = torch.nn.LSTM(units + len(BARS) * (look + 1) + BITS, units, 2, dropout=settings.dropout)
        self.bias, self.drop = torch.nn.Parameter(torch.zeros(words)), torch.nn.Dropout(settings.dropout)
        for table in (self.embed, self.look):
            torch.nn.init.uniform_(table.weight, -0.1, 0.1)

    def forward(self, before, looked, bits, state):  # (T, B), (T, B, bars), (T, B, bits) -> (T, B, V)
        looked = self.look(looked).flatten(2)
        y, state = self.lstm(torch.cat([self.drop(torch.cat([self.embed(before), looked], 2)), bits], 2), state)
        return self.drop(y) @ self.embed.weight.t() + self.bias, tuple(s.detach() for s in state)


def count_parameters(words, settings):
    """Of a ``LookbackLSTM``, without making one."""
    units, read = settings.units, settings.units + len(BARS) * (settings.look + 1) + BITS
    return words * (units + 1) + (words + 1) * settings.look + 4 * units * (read + 3 * units + 4)


def fitting(words, settings, most):
    """The settings with the widest model up to theirs that has at most so many parameters; as they are for None."""
    for units in range(settings.units, 0, -1):
        found = dataclasses.replace(settings, units=units)
        if most is None or count_parameters(words, found) <= most:
            return found
    raise UserError(f"lookback: no model of {words:,} words has only {most:,} parameters")


class Places:
    """The words of a split by their places, from 1: what a model reads before each, and which it is.

    Place 0 stands for padding, which is not scored. So windows can be cut of places as of any ids.
    """

    def __init__(self, corpus, split):
        ids, self.starts = getattr(corpus, split), corpus.documents[split]
        parsed = MusicVocabulary(corpus.vocabulary.words).parsed
        found = look_back(ids, self.starts, parsed, corpus.report["midi"]["division"])
        self.count = len(ids)
        self.ids = _with_padding(ids, -1).long()
        self.before, self.looked = _with_padding(found.before, EOS).long(), _with_padding(found.looked, EOS).long()
        self.bits = _with_padding(numpy.concatenate([found.repeats, found.place], 1), 0).float()

    def drawn(self, batch, steps, rng):
        """The windows of an epoch, as a training of ours cuts them: those of ``layout.document_windows``."""
        return layout.document_windows(self._numbers(), self.starts, batch, steps, rng)

    def scored(self):
        """Windows that score each word once, with all of its piece before it."""
        pieces = list(itertools.pairwise([*self.starts.tolist(), self.count]))
        return layout.scoring_windows(self._numbers(), pieces, evaluation.STREAMS, evaluation.STEPS)

    def _numbers(self):
        return numpy.arange(1, self.count + 1, dtype=numpy.int32)

    def logits(self, model, places, state):
        """What a model predicts at places (T, B): logits (T, B, V), what is there (T, B), and the state."""
        places = torch.from_numpy(numpy.maximum(places, 0)).long()
        logits, state = model(self.before[places], self.looked[places], self.bits[places], state)
        return logits, self.ids[places], state


def _with_padding(rows, value):
    """The rows behind one of ``value``."""
    return torch.from_numpy(numpy.concatenate([numpy.full_like(rows[:1], value), rows]))


def held_out(model, places):
    """Mean -log p of every word of a split, in nats."""
    model.eval()
    nats, state = 0.0, None
    with torch.no_grad():
        for _, at, resets in places.scored():
            state = None if resets is not None else tuple(s[:, : at.shape[1]].contiguous() for s in state)
            logits, ts, state = places.logits(model, at, state)
            nats += float(F.cross_entropy(logits.flatten(0, 1), ts.flatten(), ignore_index=-1, reduction="sum"))
    model.train()
    return nats / places.count


def train_lookback(corpus, settings, seed, limits):
    """Adam, its rate along a cosine of the time that is gone; the best validation counts."""
    torch.manual_seed(seed)
    rng = numpy.random.default_rng(seed)
    clock, best, share, epochs = Clock(limits), Best(), 0.0, 0
    train, valid, test = (Places(corpus, split) for split in ("train", "valid", "test"))
    settings = fitting(len(corpus.vocabulary), settings, limits.parameters)
    model = LookbackLSTM(len(corpus.vocabulary), settings)
    optimizer = torch.optim.Adam(model.parameters(), settings.lr)
    while share < 1:
        state, windows = None, train.drawn(settings.batch, settings.bptt, rng)
        for n, (_, at, resets) in enumerate(windows, 1):
            if state and resets is not None:
                kept = torch.from_numpy(~resets)[:, None]
                state = tuple(s * kept for s in state)
            logits, ts, state = train.logits(model, at, state)
            update(model, optimizer, logits, ts, gpt.learning_rate(settings, share), settings.clip)
            done = epochs + n / len(windows)
            share = max(clock.share(), done / settings.epochs if settings.epochs else 0.0)
            if share >= 1:
                break
        epochs = done
        best.better(held_out(model, valid), model, epochs)
    return best.result(model, clock.seconds(), epochs, lambda model: held_out(model, test))


def update(model, optimizer, logits, ts, rate, clip):
    for group in optimizer.param_groups:
        group["lr"] = rate
    loss = F.cross_entropy(logits.flatten(0, 1), ts.flatten(), ignore_index=-1)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()


# The small GPT


@dataclasses.dataclass(frozen=True)
class MusicGPT(gpt.Settings):
    """The GPT of the quality benchmark, with a context of some ten bars."""

    context: int = 256
    dropout: float = 0.2
    batch: int = 4


def train_music_gpt(corpus, settings, seed, limits):
    """``train_gpt``, with an ``<eos>`` before what is held out, so that the first word is scored as well."""
    started = {split: numpy.append(numpy.int32(EOS), getattr(corpus, split)) for split in ("valid", "test")}
    return train_gpt(corpus._replace(**started), settings, seed, limits)


PEERS = {"lookback": Peer(train_lookback, Lookback), "gpt": Peer(train_music_gpt, MusicGPT)}
