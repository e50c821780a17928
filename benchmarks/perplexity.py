"""Validation perplexity against a plain PyTorch two-layer LSTM of the same size, data, split and recipe.

    python -m benchmarks.perplexity NOVEL.txt --seeds 0 1 2        (needs torch: pip install torch==2.13.0)

The twin reads the very windows that train.py reads, drops the same places with the same probability, clips, decays and
stops by the same rules; only the model, its initial weights and its optimizer's code are PyTorch's.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from tsuzuri.data import layout
from tsuzuri.data.corpus import build_text_corpus
from tsuzuri.training import evaluation
from tsuzuri.training.language_model import epoch_windows
from tsuzuri.training.schemas import LanguageModelRecipe
from tsuzuri.training.state import Patience

ROOT = Path(__file__).resolve().parent.parent


class Twin(torch.nn.Module):
    """What a PyTorch user writes first."""

    def __init__(self, words, units, dropout):
        super().__init__()
        self.embed = torch.nn.Embedding(words, units)
        self.lstm = torch.nn.LSTM(units, units, 2, dropout=dropout)
        self.out = torch.nn.Linear(units, words)
        self.drop = torch.nn.Dropout(dropout)

    def forward(self, xs, state):
        y, state = self.lstm(self.drop(self.embed(xs)), state)
        return self.out(self.drop(y)), tuple(s.detach() for s in state)


def nats(logits, ts):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), ts.flatten(), ignore_index=-1, reduction="sum")


def held_out(model, ids, starts, carried=False):
    """As ``evaluation.evaluate_documents`` scores it: the same windows."""
    model.eval()
    pieces = layout.parts_to_score(ids, starts, len(ids) if carried else evaluation.STREAM, evaluation.STREAMS)
    total, state = 0.0, None
    with torch.no_grad():
        for xs, ts, resets in layout.scoring_windows(ids, pieces, evaluation.STREAMS, evaluation.STEPS):
            state = None if resets is not None else tuple(s[:, : xs.shape[1]].contiguous() for s in state)
            logits, state = model(torch.from_numpy(xs).long(), state)
            total += float(nats(logits, torch.from_numpy(ts).long()))
    model.train()
    return total / len(ids)


def train_twin(corpus, recipe, units, dropout):
    """Best validation perplexity, the test perplexity there, epochs."""
    torch.manual_seed(recipe.seed)
    model = Twin(len(corpus.vocabulary), units, dropout)
    optimizer = torch.optim.Adam(model.parameters(), recipe.lr)
    patience, best, epoch = Patience(recipe.patience), None, 0
    while epoch < recipe.epoch and not patience.exhausted():
        state = None
        for xs, ts, resets in epoch_windows(corpus, recipe, epoch + 1):
            if state and resets is not None:
                kept = torch.from_numpy(~resets)[:, None]
                state = tuple(s * kept for s in state)
            logits, state = model(torch.from_numpy(xs).long(), state)
            loss = nats(logits, torch.from_numpy(ts).long()) / recipe.batchsize
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.gradclip)
            optimizer.step()
        epoch += 1
        if patience.better(held_out(model, corpus.valid, corpus.documents["valid"])):
            best = patience.best, held_out(model, corpus.test, corpus.documents["test"], carried=True)
        else:
            for group in optimizer.param_groups:
                group["lr"] *= recipe.lr_decay
    return math.exp(best[0]), math.exp(best[1]), epoch


def train_ours(path, seed):
    with tempfile.TemporaryDirectory() as out:
        command = [
            sys.executable,
            str(ROOT / "train.py"),
            path,
            "--recipe",
            "plain",
            "-o",
            f"{out}/run",
            "--seed",
            str(seed),
            "-d",
            "cpu",
        ]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        history = [json.loads(line) for line in Path(out, "run", "log.jsonl").read_text().splitlines()]
    test = float(printed.split("test     loss")[-1].split()[2])
    return math.exp(min(entry["valid_loss"] for entry in history)), test, len(history)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    corpus = build_text_corpus([args.corpus])
    results = {"ours": [], "pytorch": []}
    print("| seed | who | valid perplexity | test perplexity | epochs | seconds |\n|---|---|---|---|---|---|")
    for seed in args.seeds:
        for name in results:
            start = time.perf_counter()
            if name == "ours":
                valid, test, epochs = train_ours(args.corpus, seed)
            else:
                valid, test, epochs = train_twin(corpus, LanguageModelRecipe(seed=seed), 256, 0.5)
            seconds = time.perf_counter() - start
            results[name].append(valid)
            print(f"| {seed} | {name} | {valid:.2f} | {test:.2f} | {epochs} | {seconds:.0f} |", flush=True)
    means = {name: statistics.mean(values) for name, values in results.items()}
    print(f"mean validation perplexity: ours {means['ours']:.2f}, PyTorch {means['pytorch']:.2f}")


if __name__ == "__main__":
    main()
