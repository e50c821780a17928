"""Words a second of training: our window kernels, the article's per-step Chainer loop, PyTorch's nn.LSTM.

    python -m benchmarks.train_speed            (needs torch: pip install torch==2.13.0)

First the three must compute the same loss on the same weights, with dropout off. Then each, in a process of its own,
is asked in turn for a second or two of training at a time, with dropout on where it has it, and the medians of the
ratios over the rounds are printed, with each process's peak memory.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time

import numpy

SIZES = [(2000, 128, 50, 35), (7000, 256, 50, 35), (10000, 650, 20, 35)]  # V, N, B, T
CONTENDERS = ("article", "ours", "pytorch")
CLIP, SECONDS = 5.0, 2.0


def batch(words, streams, steps):
    """One window of words, (T + 1, B)."""
    return numpy.random.default_rng(0).integers(0, words, (steps + 1, streams)).astype("i")


def weights(words, units):
    """The same start for all, by the names and layouts of Chainer's model."""
    rng = numpy.random.default_rng(1)
    shapes = {"l0/W": (words, units), "l3/W": (words, units), "l3/b": (words,)}
    for name in ("l1_x", "l1_h", "l2_x", "l2_h"):
        shapes |= {f"{name}/W": (4 * units, units), f"{name}/b": (4 * units,)}
    return {name: rng.uniform(-0.08, 0.08, shape).astype("f") for name, shape in shapes.items()}


class Ours:
    def __init__(self, words, units, dropout):
        from compat import chainer
        from rnn import PROJECTIONS, RNN, Sizes
        from training.optimisers import Adam

        self.model = RNN(Sizes(words, units, dropout, PROJECTIONS), numpy.random.default_rng(0))
        load(self.model, words, units)
        self.optimizer = Adam().setup(self.model)
        self.optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(CLIP))

    def train(self, xs):
        loss = self.model(xs[:-1], xs[1:])
        self.model.cleargrads()
        loss.backward()
        self.optimizer.update()
        return float(loss.array)


class TheArticles:
    def __init__(self, words, units, dropout):
        from benchmarks import article
        from compat import chainer

        self.model = article.Article(words, units)
        load(self.model, words, units)
        self.optimizer = chainer.optimizers.Adam().setup(self.model)
        self.optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(CLIP))
        self.drop = article.dropout_on_projections if dropout else article.no_dropout
        self.window, self.state = article.train_window, None

    def train(self, xs):
        self.state = self.state or self.model.zero_state(xs.shape[1])
        loss, self.state = self.window(self.model, self.optimizer, xs[:-1], xs[1:], self.state, self.drop)
        return float(loss.array)


class PyTorch:
    def __init__(self, words, units, dropout):
        import torch

        self.torch, self.state = torch, None
        self.embed = torch.nn.Embedding(words, units)
        self.lstm = torch.nn.LSTM(units, units, 2, dropout=dropout)
        self.out = torch.nn.Linear(units, words)
        self.parameters = [p for part in (self.embed, self.lstm, self.out) for p in part.parameters()]
        start = weights(words, units)
        values = [start["l0/W"]]
        for layer in ("l1", "l2"):
            values += [by_gate(start[f"{layer}_{kind}"]) for kind in ("x/W", "h/W", "x/b", "h/b")]
        for parameter, value in zip(self.parameters, [*values, start["l3/W"], start["l3/b"]], strict=True):
            parameter.data.copy_(torch.from_numpy(value))
        self.optimizer = torch.optim.Adam(self.parameters, fused=True)

    def train(self, xs):
        torch = self.torch
        xs = torch.from_numpy(xs).long()
        y, state = self.lstm(self.embed(xs[:-1]), self.state)
        self.state = tuple(s.detach() for s in state)
        logits = self.out(y.flatten(0, 1))
        loss = torch.nn.functional.cross_entropy(logits, xs[1:].flatten()) * (len(xs) - 1)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, CLIP)
        self.optimizer.step()
        return float(loss)


KINDS = dict(zip(CONTENDERS, (TheArticles, Ours, PyTorch), strict=True))


def load(model, words, units):
    from compat import chainer

    chainer.serializers.NpzDeserializer(weights(words, units)).load(model)


def by_gate(w):
    """Chainer's interleaved gates a, i, f, o to PyTorch's blocks i, f, g, o."""
    a, i, f, o = (w[k::4] for k in range(4))
    return numpy.concatenate([i, f, a, o])


def work(name, words, units, streams, steps):
    """A contender: three losses without dropout, then windows as long as it is asked, a line each time."""
    xs = batch(words, streams, steps)
    plain = KINDS[name](words, units, 0.0)
    print(*(plain.train(xs) for _ in range(3)), flush=True)
    contender = KINDS[name](words, units, 0.5)
    contender.train(xs)
    for _ in sys.stdin:
        contender.train(xs)  # wakes threads and caches after the others' turn
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < SECONDS:
            contender.train(xs)
            count += 1
        elapsed = time.perf_counter() - start
        print(count * streams * steps / elapsed, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)


def measure(size, rounds):
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.train_speed", "--work"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = {name: subprocess.Popen([*command, name, *map(str, size)], **pipes) for name in CONTENDERS}
    losses = {name: [float(x) for x in worker.stdout.readline().split()] for name, worker in workers.items()}
    for name in CONTENDERS:
        numpy.testing.assert_allclose(losses[name], losses["article"], rtol=1e-4, err_msg=name)
    speeds, peak = {name: [] for name in CONTENDERS}, {}
    for _ in range(rounds):
        for name, worker in workers.items():
            print(file=worker.stdin, flush=True)
            speed, peak[name] = map(float, worker.stdout.readline().split())
            speeds[name].append(speed)
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    return speeds, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--work", nargs=5, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        return work(args.work[0], *map(int, args.work[1:]))
    print("| V, N, B, T | contender | words/s | times the article's | peak MB |\n|---|---|---|---|---|")
    for size in SIZES:
        speeds, peak = measure(size, args.rounds)
        for name in CONTENDERS:
            ratio = statistics.median(a / b for a, b in zip(speeds[name], speeds["article"], strict=True))
            words = statistics.median(speeds[name])
            print(f"| {size} | {name} | {words:,.0f} | {ratio:.2f} | {peak[name]:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
