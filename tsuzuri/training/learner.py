"""Learning from a window: with Chainer's functions on any device, or on a GPU in one recorded piece.

Both add up the losses where they are made, so that a GPU need not be waited for after every window.
"""

import abc
import time

import numpy

from tsuzuri.kernels import gpu, native
from tsuzuri.kernels.gpu import window

PAUSE = 0.25  # seconds between two looks at the losses on a GPU


def of(model, optimizer, batch, steps):
    """What brings ``model`` forward by windows of up to ``steps`` words in ``batch`` streams.

    On a GPU the model's and the optimizer's arrays move into the memory of the recorded window, where they stay; but
    where a parameter is frozen, Chainer's functions compute. What is frozen or enabled later wants another learner.
    Raises ``UserError`` where that memory is not there.
    """
    engine = gpu.engine_of(model.l0.W.array)
    if engine and optimizer.is_plain(model):
        return Recorded(engine, model, optimizer, batch, steps)
    return Functions(model, optimizer)


def check(device, sizes, recipe):
    """Raise ``UserError`` where a device has not what it takes to learn by this recipe: before anything is replaced."""
    engine = gpu.launcher.of_type(device.xp.ndarray)
    if engine:
        shape = sizes.words, sizes.units, recipe.batchsize, recipe.bproplen
        window.check(engine, *shape, sizes.dropout, sizes.dropout_on, recipe.optimizer, recipe.precision)


class Learner(abc.ABC):
    """Brings ``model`` forward; ``description`` says in a few words what computes."""

    def __init__(self, model, optimizer):
        self._model, self._optimizer = model, optimizer
        self._pause = 0 if model.xp is numpy else PAUSE
        self._read = time.monotonic()

    @abc.abstractmethod
    def begin(self, nats):
        """From here on losses are added to ``nats``, and the state is the model's."""

    @abc.abstractmethod
    def learn(self, xs, ts):
        """Learn from a window, xs and ts (T, B) int32 NumPy arrays: the words, and those that follow them."""

    @abc.abstractmethod
    def _sum(self):
        """What ``nats`` returns."""

    def due(self):
        """Whether it is time to look at the losses again: they cost nothing on a CPU, and a wait on a GPU."""
        return time.monotonic() - self._read >= self._pause

    def nats(self):
        """The sum of all losses since ``begin``; it waits for the windows before."""
        self._read = time.monotonic()
        return self._sum()

    def notes(self):
        """What is to be said of it in the end, in lines."""
        engine = gpu.engine_of(self._model.l0.W.array)
        return [f"memory   {engine.peak() / 2**30:.2f} GiB of the GPU's, at most"] if engine else []


class Functions(Learner):
    """A window through Chainer: the functions, their gradients, the optimizer."""

    def __init__(self, model, optimizer):
        super().__init__(model, optimizer)
        self.description = native.describe(model.precision) if model.xp is numpy else f"CuPy, {model.precision}"

    def begin(self, nats):
        self._nats = self._model.xp.asarray(nats, "d")

    def learn(self, xs, ts):
        model = self._model
        loss = model(model.xp.asarray(xs), model.xp.asarray(ts))
        model.cleargrads()
        loss.backward()
        self._optimizer.update()
        self._nats = self._nats + loss.array.astype("d") * xs.shape[1]

    def _sum(self):
        return float(self._nats)


class Recorded(Learner):
    """A window in one piece, ``kernels.gpu.window``; keys of masks come from the model, rates from the optimizer."""

    def __init__(self, engine, model, optimizer, batch, steps):
        super().__init__(model, optimizer)
        sizes = model.sizes
        shape = sizes.words, sizes.units, batch, steps
        how = sizes.dropout, sizes.dropout_on, optimizer.kernel, optimizer.clip, model.precision
        self._window = window.Window(engine, *shape, *how)
        self.description = f"{engine.name}, {model.precision}, {self._window.describe()}"
        self._rules = [param.update_rule for param in model.params()]
        for path, param in model.namedparams():
            param.array = _moved(param.array, self._window.weights[path.removeprefix("/")])
        self._window.take_weights()
        self._adopted = False
        if optimizer.t:
            self._adopt_states()

    def _adopt_states(self):
        """Chainer makes an optimizer's states at the first update, and so they are in no checkpoint from before it."""
        for path, param in self._model.namedparams():
            rule = param.update_rule
            rule._init_states(param)
            for name, states in self._window.states.items():
                rule.state[name] = _moved(rule.state[name], states[path.removeprefix("/")])
        self._adopted = True

    def begin(self, nats):
        self._window.begin(nats, self._model.get_state())
        self._model.set_state(self._window.state)

    def learn(self, xs, ts):
        if not self._adopted:
            self._adopt_states()
        self._optimizer.t += 1
        for rule in self._rules:
            rule.t += 1
        self._window.learn(xs, ts, self._model.keys(), self._optimizer.numbers(self._rules[0]))

    def _sum(self):
        return self._window.nats()

    def notes(self):
        why = self._window.why_no_graph
        slow = [f"note: launch by launch, which is slow: CUDA recorded no graph: {why}"] if why else []
        return super().notes() + slow


def _moved(array, to):
    to[...] = array
    return to
