"""Dynamic evaluation (Mikolov et al. 2010; Krause et al. 2018): a model that learns from a text while it is scored.

After some words were predicted, the weights take a step down the gradient of their loss, as in training: plain
stochastic gradient descent with a clipped norm. What comes later is predicted by a model that knows what came before.
"""

import math

from tsuzuri.compat import chainer

STEPS = 20  # words from one update to the next
RATE = 0.3  # of the mean gradient of a word
MOST = 1.0  # norm of that gradient


class DynamicEvaluation:
    """Changes the weights of a ``model``, on any device; one that is to stay as it was must be loaded again."""

    def __init__(self, model, rate=RATE, steps=STEPS, most=MOST):
        self.steps, self._model, self._rate, self._most = steps, model, rate, most

    def learn(self, before, xs, ts):
        """Learn that words ts (T,) followed xs (T,), int32, where the state was ``before`` (``get_state``) them.

        The state that the model goes on from is that after xs, of the weights that predicted them.
        """
        model = self._model
        model.set_state(before)
        with chainer.using_config("train", False):  # without dropout
            loss = model(model.xp.asarray(xs[:, None]), model.xp.asarray(ts[:, None])) / len(xs)
            model.cleargrads()
            loss.backward()
        loss.unchain_backward()
        params = [param for param in model.params() if param.grad is not None]
        norm = math.sqrt(sum(float((param.grad**2).sum()) for param in params))
        rate = self._rate * min(1.0, self._most / max(norm, 1e-30))
        for param in params:
            param.array -= rate * param.grad
        model.cleargrads()
