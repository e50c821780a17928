"""The learners of a language model: through Chainer on any device, or on a GPU in one recorded piece."""

from tsuzuri.kernels import gpu
from tsuzuri.kernels.gpu import memory, window
from tsuzuri.training.learner import Learner


def make_learner(model, optimizer, batch, steps, average=None):
    """The ``Learner`` of ``model`` from windows of up to ``steps`` words in ``batch`` streams.

    On a GPU the model's and the optimizer's arrays, and those of an ``average`` of the weights, move into the memory of
    the recorded window, where they stay, and its update brings them forward; but where a parameter is frozen, and where
    a model looks words up, Chainer's functions compute. What is frozen or enabled later wants another learner. Raises
    ``UserError`` where that memory is not there.
    """
    engine = gpu.engine_of(model.l0.W.array)
    if engine and optimizer.is_plain(model) and not model.sizes.looks:
        return RecordedLearner(engine, model, optimizer, batch, steps, average)
    return WindowLearner(model, optimizer)


def check_memory(device, sizes, recipe):
    """Raise ``UserError`` where a device has not what it takes to learn by this recipe: before anything is replaced."""
    engine = gpu.launcher.of_type(device.xp.ndarray)
    if engine and not sizes.looks:
        training = memory.Training(recipe.optimizer, recipe.gradclip, recipe.precision, averaged=recipe.average > 0)
        window.check(engine, sizes, recipe.batchsize, recipe.bproplen, training)


class WindowLearner(Learner):
    """Learns from ``data.windows.Window``s, in NumPy: the words, those that follow them, and which streams begin."""

    def __init__(self, model, optimizer):
        super().__init__(model, optimizer, _forward)

    def notes(self):
        engine = gpu.engine_of(self.model.l0.W.array)
        return [f"memory   {engine.peak() / 2**30:.2f} GiB of the GPU's, at most"] if engine else []


def _forward(model, batch):
    """The loss of a window, summed over its steps and averaged over its streams, and how many these are."""
    xs, ts, resets = batch
    if resets is not None:
        model.reset_streams(resets)
    return model(model.xp.asarray(xs), model.xp.asarray(ts)), ts.shape[1]


class RecordedLearner(WindowLearner):
    """A window in one piece, ``kernels.gpu.window``; keys of masks come from the model, rates from the optimizer."""

    def __init__(self, engine, model, optimizer, batch, steps, average=None):
        super().__init__(model, optimizer)
        self._average = average
        settings = optimizer.kernel, optimizer.clip, model.precision, model.ar, model.tar, model.smoothing
        training = memory.Training(*settings, decays=optimizer.decay > 0, averaged=average is not None)
        self._window = window.Window(engine, model.sizes, batch, steps, training)
        self.description = f"{engine.name}, {model.precision}, {self._window.describe()}"
        self._rules = [param.update_rule for param in model.params()]
        for path, param in model.namedparams():
            param.array = _moved(param.array, self._window.weights[path.removeprefix("/")])
        self._window.take_weights()
        if average:
            average.move(self._window.means)
        self._adopted = False
        if optimizer.t:
            self._adopt_states()

    def _adopt_states(self):
        """Chainer makes an optimizer's states at the first update, and so they are in no checkpoint from before it."""
        for path, param in self.model.namedparams():
            rule = param.update_rule
            rule._init_states(param)
            for name, states in self._window.states.items():
                rule.state[name] = _moved(rule.state[name], states[path.removeprefix("/")])
        self._adopted = True

    def begin(self, nats):
        self._window.begin(nats, self.model.get_state())
        self.model.set_state(self._window.state)

    def learn(self, batch):
        if not self._adopted:
            self._adopt_states()
        self.optimizer.t += 1
        for rule in self._rules:
            rule.t += 1
        rule = self._rules[0]
        rate = self._average.rate(self.optimizer.t) if self._average else 0.0
        besides = self.optimizer.kept(rule), rate
        xs, ts, resets = batch
        if resets is not None:
            self._window.reset_streams(resets)
        self._window.learn(xs, ts, self.model.keys(), self.optimizer.numbers(rule), *besides)

    def _sum(self):
        return self._window.nats()

    def notes(self):
        reason = self._window.why_no_graph
        slow = [f"note: launch by launch, which is slow: CUDA recorded no graph: {reason}"] if reason else []
        return super().notes() + slow


def _moved(array, to):
    to[...] = array
    return to
