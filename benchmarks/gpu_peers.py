"""Who trains and who writes in the benchmarks on a GPU: ours, and PyTorch's nn.LSTM in all its modes.

PyTorch's have the methods of ``gpu_ours``'s. They run on a CPU too, so that they are tested without a GPU; there are no
graphs then.
"""

import contextlib
import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy

from benchmarks.gpu_ours import BETAS, EPS, Ours, OursWriter, first
from benchmarks.trainers import CLIP, RATE, MissingError, by_gate, weights
from tsuzuri.kernels.gpu import BFLOAT16, FLOAT32, PRECISIONS, TF32

WARM = 3  # updates before a graph is recorded


def _torch():
    try:
        import torch
    except ImportError as error:
        raise MissingError(str(error)) from error
    return torch


def _recorded(torch, run):
    """``run`` as a CUDA graph, after it has been warmed up on a stream of its own; raises ``MissingError``."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.stream(side):
            for _ in range(WARM):
                run()
        torch.cuda.current_stream().wait_stream(side)
        with torch.cuda.graph(graph):
            run()
    except RuntimeError as error:
        raise MissingError(f"no CUDA graph: {str(error).splitlines()[0]}") from error
    return graph.replay


class _PyTorch:
    """An nn.LSTM of two layers between an Embedding and a Linear; on a GPU the LSTM is cuDNN's."""

    why_no_graph = None  # who cannot have the one that was asked for is missing

    def __init__(self, words, units, precision, device, dropout=0.0, dtype=None):
        torch = self.torch = _torch()
        self.on_gpu = device != "cpu"
        if self.on_gpu and not torch.cuda.is_available():
            raise MissingError("PyTorch finds no GPU")
        self.precision, self.device = precision, device
        if self.on_gpu:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        self.before = self._peak()
        where = {"device": device, "dtype": dtype}
        self.embed = torch.nn.Embedding(words, units, **where)
        self.lstm = torch.nn.LSTM(units, units, 2, dropout=dropout, **where)
        self.out = torch.nn.Linear(units, words, **where)
        self.parameters = [p for part in (self.embed, self.lstm, self.out) for p in part.parameters()]
        self._load(weights(words, units))

    def _load(self, start):
        values = [start["l0/W"]]
        for layer in ("l1", "l2"):
            values += [by_gate(start[f"{layer}_{kind}"]) for kind in ("x/W", "h/W", "x/b", "h/b")]
        for parameter, value in zip(self.parameters, [*values, start["l3/W"], start["l3/b"]], strict=True):
            parameter.data.copy_(self.torch.from_numpy(value))

    def _peak(self):
        return self.torch.cuda.max_memory_allocated() if self.on_gpu else 0

    def memory(self):
        """Right until another of PyTorch's is made."""
        return self._peak() - self.before

    def _set_precision(self):
        """PyTorch's switch for TF32 is one for all; a graph keeps what was set when it was recorded."""
        self.torch.backends.cuda.matmul.allow_tf32 = self.precision == TF32
        self.torch.backends.cudnn.allow_tf32 = self.precision == TF32

    def _pinned(self, array):
        tensor = self.torch.from_numpy(numpy.ascontiguousarray(array)).long()
        return tensor.pin_memory() if self.on_gpu else tensor


class PyTorch(_PyTorch):
    """Fused Adam, clipping by ``foreach``; what is dropped around the LSTM, which drops between its layers, is dropped
    here. ``compiled`` is the output layer with the loss: torch.compile leaves an nn.LSTM out.
    """

    def __init__(self, size, data, dropout=0.0, precision=FLOAT32, graph=False, compiled=False, device="cuda"):
        words, units, streams, steps = size
        super().__init__(words, units, precision, device, dropout)
        torch = self.torch
        self.dropout, self.data = dropout, [self._pinned(xs) for xs in data]
        self.xs = torch.zeros((steps + 1, streams), dtype=torch.long, device=device)
        self.state = tuple(torch.zeros((2, streams, units), device=device) for _ in range(2))
        self.adam = torch.optim.Adam(self.parameters, RATE, BETAS, EPS, fused=True, capturable=graph)
        if compiled:
            self._score = torch.compile(self._score, dynamic=False)
        self._run = self._update
        if graph:
            self._set_precision()
            self.xs.copy_(self.data[0])
            self._run = _recorded(torch, self._update)
            self._begin_anew()

    def _begin_anew(self):
        """Forget the updates that came before the graph: its replays begin where all begin."""
        self._load(weights(self.embed.num_embeddings, self.embed.embedding_dim))
        for values in self.adam.state.values():
            for value in values.values():
                value.zero_()
        for value in self.state:
            value.zero_()

    def _drop(self, y):
        return self.torch.nn.functional.dropout(y, self.dropout) if self.dropout else y

    def _score(self, y, ts):
        logits = self.out(self._drop(y).flatten(0, 1))
        return self.torch.nn.functional.cross_entropy(logits, ts.flatten()) * len(ts)

    def _update(self):
        self.adam.zero_grad(set_to_none=True)
        device = "cuda" if self.on_gpu else "cpu"
        with self.torch.autocast(device, self.torch.bfloat16, enabled=self.precision == BFLOAT16):
            y, state = self.lstm(self._drop(self.embed(self.xs[:-1])), self.state)
            loss = self._score(y, self.xs[1:])
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.parameters, CLIP, foreach=True)
        self.adam.step()
        for kept, after in zip(self.state, state, strict=True):
            kept.copy_(after.detach())
        self.last = loss.detach()

    def train(self, number):
        self._set_precision()
        self.xs.copy_(self.data[number % len(self.data)], non_blocking=True)
        try:
            self._run()
        except RuntimeError as error:  # an LSTM in a precision that this device has not, no compiler
            raise MissingError(str(error).splitlines()[0]) from error

    def loss(self):
        return float(self.last)


class PyTorchWriter(_PyTorch):
    """A word at a time; the words stay on the device until all are there, as ours do. A temperature of 0 takes the
    likeliest. In bfloat16 the weights are bfloat16 too.
    """

    LONGEST = 1024  # words in a call of write

    def __init__(
        self, words, units, streams, temperature=1.0, top_p=1.0, precision=FLOAT32, graph=False, compiled=False,
        device="cuda",
    ):  # fmt: skip
        torch = _torch()
        kind = torch.bfloat16 if precision == BFLOAT16 else torch.float32
        super().__init__(words, units, precision, device, dtype=kind)
        self.temperature, self.top_p = temperature, top_p
        self.state = tuple(torch.zeros((2, streams, units), dtype=kind, device=device) for _ in range(2))
        self.first = self._pinned(first(words, streams))
        self.word = self.first.to(device)
        self.at = torch.zeros(1, dtype=torch.long, device=device)
        self.written = torch.zeros((self.LONGEST, streams), dtype=torch.int32, device=device)
        if compiled:
            self._choose = torch.compile(self._choose, dynamic=False)
        self._run = self._step
        with self._inference():
            if graph:
                self._run = _recorded(torch, self._step)
                for value in self.state:
                    value.zero_()
                self.word.copy_(self.first)

    @contextlib.contextmanager
    def _inference(self):
        self._set_precision()
        with self.torch.no_grad():
            yield

    def _choose(self, y):
        logits = self.out(y).float()
        if self.temperature == 0:
            return logits.argmax(1)
        p = (logits / self.temperature).softmax(1)
        if self.top_p < 1:
            values, order = p.sort(dim=1, descending=True)
            values = values * (values.cumsum(1) - values < self.top_p)
            p = self.torch.zeros_like(p).scatter_(1, order, values)
        # One of p without a word from the host, which multinomial would wait for: the first of exponential clocks.
        return (p / self.torch.empty_like(p).exponential_()).argmax(1)

    def _step(self):
        y, state = self.lstm(self.embed(self.word)[None], self.state)
        for kept, after in zip(self.state, state, strict=True):
            kept.copy_(after)
        self.word.copy_(self._choose(y[0]))
        self.written.index_copy_(0, self.at, self.word.int()[None])
        self.at.add_(1)

    def write(self, count):
        with self._inference():
            self.at.zero_()
            for _ in range(count):
                self._run()
            return self.written[:count].cpu().numpy()


class Kind(NamedTuple):
    """How a contender is made, whose it is, and in what precision."""

    make: Callable
    precision: str
    is_ours: bool = False


def _modes(make, graph_only=()):
    """All of PyTorch's, by name."""
    return {
        f"PyTorch {precision}, {name}": Kind(functools.partial(make, precision=precision, graph=graph), precision)
        for precision in PRECISIONS
        for name, graph in (("graph", True), ("eager", False))
        if graph or precision not in graph_only
    }


def _ours(make, precisions):
    """All of ours."""
    return {f"ours {p}": Kind(functools.partial(make, precision=p), p, is_ours=True) for p in precisions}


TRAINERS = _ours(Ours, PRECISIONS) | _modes(PyTorch)
WRITERS = _ours(OursWriter, (FLOAT32, TF32)) | _modes(PyTorchWriter, graph_only=(TF32, BFLOAT16))


def compiled(name, kind):
    """The same contender with its output layer compiled, and its name."""
    return f"{name}, output compiled", kind._replace(make=functools.partial(kind.make, compiled=True))
