"""A running mean of the weights, which predicts better than the weights that are trained (Polyak and Juditsky 1992)."""

import contextlib

import numpy

SHARE = 5  # at first the mean is of about the last fifth of all updates (Shamir and Zhang 2013): the first soon go
BLOCK = 1 << 16  # values: what is read twice stays in a core's cache


class WeightAverage:
    """The mean of a model's weights after each update: by exponential decay with ``kept``, at first a faster one.

    ``arrays`` are the means by the parameters' paths, where the model is. Once they were moved, ``take`` leaves them to
    the update, which has their new place and brings them forward by ``rate``.
    """

    def __init__(self, model, kept):
        self._model, self._kept, self._moved = model, kept, False
        self.arrays = {path.removeprefix("/"): param.array.copy() for path, param in model.namedparams()}

    def take(self, updates):
        """Take in the weights after so many updates, from 1."""
        if self._moved:
            return
        rate = self.rate(updates)
        for path, param in self._model.namedparams():
            mean_of(self.arrays[path.removeprefix("/")], param.array, rate)

    def rate(self, updates):
        """By which share of the way the means move towards the weights after so many updates, from 1."""
        return max(1 - self._kept, SHARE / (SHARE - 1 + updates))

    def move(self, places):
        """Move the means into other arrays, by path, where the update itself brings them forward from now on."""
        for path, array in self.arrays.items():
            places[path][...] = array
        self.arrays, self._moved = dict(places), True

    @contextlib.contextmanager
    def in_place(self):
        """The model has the means for its weights within."""
        params = [(path.removeprefix("/"), param) for path, param in self._model.namedparams()]
        own = [param.array for _, param in params]
        try:
            for path, param in params:
                param.array = self.arrays[path]
            yield
        finally:
            for (_, param), array in zip(params, own, strict=True):
                param.array = array

    def restore(self, arrays):
        """Take up the means of a checkpoint, by path."""
        for path, array in self.arrays.items():
            array[...] = self._model.xp.asarray(arrays[path])


def mean_of(mean, values, rate):
    """Move ``mean`` by the share ``rate`` towards ``values``, in place."""
    rate = mean.dtype.type(rate)
    if not isinstance(mean, numpy.ndarray):
        mean += rate * (values - mean)
        return
    mean, values = mean.reshape(-1), values.reshape(-1)
    room = numpy.empty(min(BLOCK, mean.size), mean.dtype)
    for start in range(0, mean.size, BLOCK):
        m = mean[start : start + BLOCK]
        step = numpy.subtract(values[start : start + BLOCK], m, out=room[: len(m)])
        step *= rate
        m += step
