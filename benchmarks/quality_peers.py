"""PyTorch's side of the quality benchmark: its example word_language_model, and a small GPT.

Both read the ids that train.py reads. Their held-out losses are means over every id but the first, as ours are.
"""

import copy
import dataclasses
import math
import time
from typing import NamedTuple

import torch
from torch.nn import functional as F

from benchmarks import quality_gpt as gpt
from benchmarks.perplexity import Twin, held_out
from benchmarks.quality_result import Result
from tsuzuri.errors import UserError


class Clock:
    """How much of the minutes is gone, from when it is made, on the wall or of the processor."""

    def __init__(self, limits):
        self.now = time.process_time if limits.processor else time.perf_counter
        self.start, self.minutes = self.now(), limits.minutes

    def seconds(self):
        return self.now() - self.start

    def share(self):
        return self.seconds() / (60 * self.minutes) if self.minutes else 0.0


class Best:
    """The weights that validated best, and the loss and the epoch of that."""

    def __init__(self):
        self.loss, self.weights, self.epoch = math.inf, None, 0.0

    def better(self, loss, model, epoch):
        if loss < self.loss:
            self.loss, self.weights, self.epoch = loss, copy.deepcopy(model.state_dict()), epoch
            return True
        return False

    def result(self, model, seconds, epochs, score):
        """The ``Result`` of a training that is over; ``score(model)`` gives the loss on the test text."""
        if self.weights is None:
            raise UserError("a peer's training has diverged: its validation loss is no number (lower lr)")
        model.load_state_dict(self.weights)
        count = sum(p.numel() for p in model.parameters())
        return Result(count, seconds, self.loss, score(model), epochs, self.epoch)


# PyTorch's example


@dataclasses.dataclass(frozen=True)
class WordLanguageModel:
    """The defaults of PyTorch's examples/word_language_model, ``--model LSTM``."""

    units: int = 200
    layers: int = 2
    dropout: float = 0.2
    tied: bool = False
    lr: float = 20.0
    clip: float = 0.25
    bptt: int = 35
    batch: int = 20
    epochs: int = 40


def make_word_language_model(words, settings):
    """A ``Twin`` of so many layers with that example's first weights: uniform within 0.1, the output's bias 0."""
    model = Twin(words, settings.units, settings.dropout)
    model.lstm = torch.nn.LSTM(settings.units, settings.units, settings.layers, dropout=settings.dropout)
    torch.nn.init.uniform_(model.embed.weight, -0.1, 0.1)
    if settings.tied:
        model.out.weight = model.embed.weight
    torch.nn.init.uniform_(model.out.weight, -0.1, 0.1)
    torch.nn.init.zeros_(model.out.bias)
    return model


def columns(ids, batch):
    """Ids (R,) as ``batch`` streams side by side, (R // batch, batch); the rest is left out."""
    return torch.from_numpy(ids[: len(ids) // batch * batch]).long().view(batch, -1).t().contiguous()


def train_word_language_model(corpus, settings, seed, limits):
    """Plain steps against the gradient; the rate is a quarter after an epoch that validates no better."""
    torch.manual_seed(seed)
    clock, best, lr = Clock(limits), Best(), settings.lr
    model = make_word_language_model(len(corpus.vocabulary), settings)
    ids = columns(corpus.train, settings.batch)
    for epoch in range(1, settings.epochs + 1):
        state = None
        for at in range(0, len(ids) - 1, settings.bptt):
            xs = ids[at : at + settings.bptt][: len(ids) - 1 - at]
            logits, state = model(xs, state)
            loss = F.cross_entropy(logits.flatten(0, 1), ids[at + 1 : at + 1 + len(xs)].flatten())
            step(model, loss, lr, settings.clip)
            if clock.share() >= 1:
                break
        if not best.better(held_out(model, corpus.valid, corpus.documents["valid"]), model, epoch):
            lr /= 4
        if clock.share() >= 1:
            break
    return best.result(model, clock.seconds(), epoch, lambda model: score_test(model, corpus))


def score_test(model, corpus):
    """The loss on the test text, with the state carried through each document, as ours is tested."""
    return held_out(model, corpus.test, corpus.documents["test"], carried=True)


def step(model, loss, lr, clip):
    model.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(p.grad, alpha=-lr)


# The small GPT


def train_gpt(corpus, settings, seed, limits):
    """AdamW on windows from anywhere, its rate along a cosine of the time that is gone; the best validation counts."""
    torch.manual_seed(seed)
    clock, best = Clock(limits), Best()
    settings = gpt.fitting(len(corpus.vocabulary), settings, limits.parameters)
    model = gpt.GPT(len(corpus.vocabulary), settings)
    optimizer = gpt.make_optimizer(model, settings)
    ids = torch.from_numpy(corpus.train).long()
    per_epoch = gpt.updates_per_epoch(len(ids), settings)
    number, share = 0, 0.0
    while share < 1:
        for _ in range(per_epoch):
            gpt.update(model, optimizer, gpt.learning_rate(settings, share), gpt.draw(ids, settings), settings)
            number += 1
            share = max(clock.share(), number / per_epoch / settings.epochs if settings.epochs else 0.0)
            if share >= 1:
                break
        best.better(gpt.held_out(model, corpus.valid), model, number / per_epoch)
    return best.result(model, clock.seconds(), number / per_epoch, lambda model: gpt.held_out(model, corpus.test))


class Peer(NamedTuple):
    """What trains it, and the dataclass of its settings."""

    train: object
    settings: type


PEERS = {
    "word_language_model": Peer(train_word_language_model, WordLanguageModel),
    "gpt": Peer(train_gpt, gpt.Settings),
}
