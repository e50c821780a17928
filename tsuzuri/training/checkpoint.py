"""Checkpoints: the whole state of a training as arrays, and back into a model and its optimizer.

Names begin with ``model/``, ``optimizer/`` or ``state/`` (the LSTM state); ``meta`` is JSON as bytes, the ``State`` of
the training and the random generator of the model.
"""

import json
import math

import numpy

from tsuzuri.compat import chainer
from tsuzuri.errors import UserError
from tsuzuri.rules import check_value

BEFORE = {"seconds": 0.0}  # in the meta of checkpoints from before there was such a thing
COUNTS = ("t", "epoch")  # of an optimizer; t, its updates, also of each parameter


def checkpoint_arrays(model, optimizer, meta, carried, average=None):
    """The arrays of a checkpoint by name; ``carried`` names what the LSTM layers carry from window to window.

    ``average`` is the ``WeightAverage`` of the training, if it has one.
    """
    arrays = {f"model/{name}": array for name, array in arrays_of(model).items()}
    arrays |= {f"optimizer/{name}": array for name, array in arrays_of(optimizer).items()}
    state = (carried and model.get_state()) or ()  # before the first window there is none
    arrays |= {f"state/{name}": chainer.backends.cuda.to_cpu(a) for name, a in zip(carried, state, strict=False)}
    if average:
        arrays |= {f"average/{name}": chainer.backends.cuda.to_cpu(array) for name, array in average.arrays.items()}
    meta = meta | {"rng": model.rng.bit_generator.state}
    arrays["meta"] = numpy.frombuffer(json.dumps(meta).encode(), numpy.uint8)
    return arrays


class Checkpoint:
    """The saved state of a training; ``schema`` is that of its run, whose LSTM state has the names ``carried``."""

    def __init__(self, path, arrays, schema, carried=()):
        self.path, self.arrays, self._carried = path, arrays, tuple(carried)
        try:
            if "meta" not in arrays:
                raise ValueError("meta is missing")
            self.meta = json.loads(arrays["meta"].tobytes())
            self.meta |= {name: value for name, value in BEFORE.items() if name not in self.meta}
            check_value(self.meta, schema.checkpoint, "meta")
            if self.meta["window"] and not self.meta["words"]:
                raise ValueError(f"meta.words is 0, must be 1 or more after window {self.meta['window']}")
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path}: damaged, or no checkpoint of this program: {error}") from None

    def under(self, prefix):
        """The arrays whose names begin so, without it."""
        return {name.removeprefix(prefix): a for name, a in self.arrays.items() if name.startswith(prefix)}

    def restore(self, model, optimizer, average=None):
        """Put the state back into a model of the run's sizes, its optimizer, and its ``WeightAverage``, if it has one.

        Returns the ``meta`` that was saved.
        """
        self._restore_optimizer(model, optimizer)
        chainer.serializers.NpzDeserializer(self.under("model/")).load(model)
        if average:
            average.restore(self.under("average/"))
        state = self.under("state/")
        if state:
            model.set_state([state[name] for name in self._carried])
        meta = dict(self.meta)
        model.rng.bit_generator.state = meta.pop("rng")
        return meta

    def _restore_optimizer(self, model, optimizer):
        """Its counts first: before a parameter's first update there are no moments of it, as while it is frozen."""
        arrays = self.under("optimizer/")
        params = {name.removeprefix("/"): param for name, param in model.namedparams()}
        counts = {name: array for name, array in arrays.items() if name.rpartition("/")[2] in COUNTS}
        expected = [*COUNTS, *(f"{name}/t" for name in params)]
        check_arrays(counts, dict.fromkeys(expected, ()), self.path, "i")
        for name in expected:
            most, allowed = math.inf, "0 or more"
            if name not in COUNTS:
                most, allowed = counts["t"], f"from 0 to {counts['t']}, as many as optimizer/t"
            if not 0 <= counts[name] <= most:
                raise UserError(f"{self.path}: damaged: optimizer/{name} is {counts[name]}, must be {allowed}")
        updated = {name: param for name, param in params.items() if counts[f"{name}/t"]}
        moments = {f"optimizer/{name}/{key}": p.shape for name, p in updated.items() for key in optimizer.states}
        others = {f"optimizer/{name}": array for name, array in arrays.items() if name not in counts}
        check_arrays(others, moments, self.path)
        chainer.serializers.NpzDeserializer(arrays, strict=False).load(optimizer)


def arrays_of(target):
    """The arrays of a Chainer link or optimizer by path, such as ``l1_x/W``, named as in ``serializers.save_npz``."""
    serializer = chainer.serializers.DictionarySerializer()
    serializer.save(target)
    return dict(sorted(serializer.target.items()))  # Chainer keeps names in sets, whose order changes with the process


def check_arrays(arrays, shapes, path, kind="f"):
    """Raise ``UserError`` unless the arrays have these names and shapes, are of this kind of number, and are finite."""
    odd = sorted(arrays.keys() ^ shapes.keys())
    if odd:
        raise UserError(f"{path}: does not fit its run: {odd[0]} is {'missing' if odd[0] in shapes else 'not known'}")
    for name, array in arrays.items():
        if array.shape != shapes[name] or array.dtype.kind != kind:
            raise UserError(f"{path}: does not fit its run: {name} is {array.dtype} {array.shape}, not {shapes[name]}")
        if not numpy.isfinite(array).all():
            raise UserError(f"{path}: damaged: {name} holds values that are not finite")
