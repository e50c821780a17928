"""A small GPT in PyTorch for the quality benchmark: as wide as the parameters that it may have allow.

Blocks with layer norm before each part, learned positions, GELU, embedding and output tied, no bias in the output.
Axes: B windows side by side, C their length, W the width.
"""

import dataclasses
import math

import torch
from torch.nn import functional as F

from tsuzuri.errors import UserError

SCORED = 16  # windows at once


@dataclasses.dataclass(frozen=True)
class Settings:
    """The model and its training. ``epochs`` 0 stands for as many as the minutes allow."""

    layers: int = 4
    width: int = 256
    heads: int = 4
    context: int = 64
    dropout: float = 0.3
    batch: int = 8
    lr: float = 1e-3
    least: float = 0.1  # of the rate, at the end of the cosine
    warmup: float = 0.05  # of the training
    decay: float = 0.1
    clip: float = 1.0
    epochs: float = 0.0


class Block(torch.nn.Module):
    """Attention to what came before, then a layer four times as wide; each is added to what it reads."""

    def __init__(self, settings):
        super().__init__()
        width, self.heads, self.dropout = settings.width, settings.heads, settings.dropout
        self.norm, self.norm2 = torch.nn.LayerNorm(width), torch.nn.LayerNorm(width)
        self.qkv, self.mix = torch.nn.Linear(width, 3 * width), torch.nn.Linear(width, width)
        self.up, self.down = torch.nn.Linear(width, 4 * width), torch.nn.Linear(4 * width, width)
        self.drop = torch.nn.Dropout(settings.dropout)

    def forward(self, x):  # (B, C, W)
        shape = *x.shape[:2], 3, self.heads, -1
        q, k, v = self.qkv(self.norm(x)).view(shape).permute(2, 0, 3, 1, 4)  # (B, heads, C, W / heads) each
        dropped = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=dropped, is_causal=True)
        x = x + self.drop(self.mix(y.transpose(1, 2).flatten(2)))
        return x + self.drop(self.down(F.gelu(self.up(self.norm2(x)))))


class GPT(torch.nn.Module):
    """Ids (B, C) to logits (B, C, V)."""

    def __init__(self, words, settings):
        super().__init__()
        width = settings.width
        self.context = settings.context
        self.embed, self.places = torch.nn.Embedding(words, width), torch.nn.Embedding(settings.context, width)
        self.drop = torch.nn.Dropout(settings.dropout)
        self.blocks = torch.nn.Sequential(*(Block(settings) for _ in range(settings.layers)))
        self.norm = torch.nn.LayerNorm(width)
        self._initialize(settings.layers)

    def _initialize(self, layers):
        """GPT-2's: a deviation of 0.02, smaller where many blocks add up."""
        for name, p in self.named_parameters():
            if p.dim() > 1:
                added = name.endswith(("mix.weight", "down.weight"))
                torch.nn.init.normal_(p, std=0.02 / math.sqrt(2 * layers) if added else 0.02)
            elif name.endswith("bias"):
                torch.nn.init.zeros_(p)

    def forward(self, xs):
        x = self.drop(self.embed(xs) + self.places.weight[: xs.shape[1]])
        return self.norm(self.blocks(x)) @ self.embed.weight.t()


def count_parameters(words, settings):
    """Of a ``GPT``, without making one."""
    width = settings.width
    block = 12 * width * width + 13 * width
    return (words + settings.context + 2) * width + settings.layers * block


def fitting(words, settings, most):
    """The settings with the widest model up to theirs that has at most so many parameters; as they are for None."""
    for width in range(settings.width // settings.heads * settings.heads, 0, -settings.heads):
        found = dataclasses.replace(settings, width=width)
        if most is None or count_parameters(words, found) <= most:
            return found
    raise UserError(f"gpt: no model of {settings.layers} layers and {words:,} words has only {most:,} parameters")


def make_optimizer(model, settings):
    """AdamW that decays matrices alone."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": settings.decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, settings.lr, betas=(0.9, 0.99))


def learning_rate(settings, share):
    """By how much of the training is gone, 0 to 1: up along a line, then down along half a cosine."""
    if share < settings.warmup:
        return settings.lr * share / settings.warmup
    wave = 0.5 + 0.5 * math.cos(math.pi * (share - settings.warmup) / (1 - settings.warmup))
    return settings.lr * (settings.least + (1 - settings.least) * wave)


def updates_per_epoch(count, settings):
    """How many updates read as many ids as there are."""
    return max(1, round(count / (settings.batch * settings.context)))


def draw(ids, settings):
    """Windows from anywhere, (B, C + 1)."""
    length = min(settings.context + 1, len(ids))
    starts = torch.randint(len(ids) - length + 1, (settings.batch,))
    return torch.stack([ids[start : start + length] for start in starts])


def update(model, optimizer, rate, window, settings):
    for group in optimizer.param_groups:
        group["lr"] = rate
    loss = F.cross_entropy(model(window[:, :-1]).flatten(0, 1), window[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
    optimizer.step()


def held_out(model, ids):
    """Mean -log p of every one of ids (R,) but the first, in nats, each with at least half a context before it.

    Only those at the text's beginning have less, since there is no more.
    """
    model.eval()
    xs, ts = scored_windows(torch.from_numpy(ids).long(), model.context)
    nats = 0.0
    with torch.no_grad():
        for a in range(0, len(xs), SCORED):
            logits = model(xs[a : a + SCORED]).flatten(0, 1)
            nats += float(F.cross_entropy(logits, ts[a : a + SCORED].flatten(), ignore_index=-1, reduction="sum"))
    model.train()
    return nats / (len(ids) - 1)


def scored_windows(ids, context):
    """Windows xs (n, C) half a context apart, and ts (n, C), what follows; -1 where it is not scored, or not there.

    The first window scores all of its places, the others their second half.
    """
    new = max(1, context // 2)
    starts = range(0, max(1, len(ids) - 1 - (context - new)), new)
    xs, ts = torch.zeros((len(starts), context), dtype=torch.long), torch.full((len(starts), context), -1)
    for n, start in enumerate(starts):
        x, following = ids[start : start + context][: len(ids) - 1 - start], ids[start + 1 : start + 1 + context]
        xs[n, : len(x)], ts[n, : len(x)] = x, following
    ts[1:, : context - new] = -1
    return xs, ts
