"""Which device a name means: auto, cpu, gpu, gpu:N; and which precision there."""

import contextlib

import numpy

from tsuzuri.compat import chainer
from tsuzuri.errors import UserError
from tsuzuri.kernels import gpu, native


def choose(name):
    """The Chainer device of a name; auto is the first GPU that CuPy finds, else the CPU.

    Raises ``UserError`` for a name of another form and for a GPU that is not there.
    """
    kind, _, number = name.lower().partition(":")
    if kind not in ("auto", "cpu", "gpu") or (number and (kind != "gpu" or not number.isdecimal())):
        raise UserError(f"--device {name}: must be auto, cpu, gpu or gpu:N")
    if kind == "cpu":
        return chainer.get_device("@numpy")
    count = _gpus()
    wanted = int(number or 0)
    if wanted < count:
        return chainer.get_device(f"@cupy:{wanted}")
    if kind == "auto":
        return chainer.get_device("@numpy")
    hint = "" if count else " (the extras gpu-cuda12 and gpu-cuda13 install CuPy and CUDA's libraries)"
    raise UserError(f"--device {name}: CuPy finds {count} GPUs here{hint}")


def precision(name, wanted):
    """What --precision ``wanted`` means on the device of a name; ``UserError`` where the two do not go together."""
    device = choose(name)
    device.use()  # of several GPUs the one that is asked
    return (native if device.xp is numpy else gpu).choose(wanted)


def _gpus():
    """How many GPUs CuPy can use: none without CuPy, without a driver, or without a device."""
    with contextlib.suppress(Exception):  # CuPy raises many kinds of error for the many ways in which CUDA is missing
        import cupy

        usable = cupy.cuda.is_available() and chainer.backends.cuda.available  # without CUDA's libraries it is not
        return cupy.cuda.runtime.getDeviceCount() if usable else 0
    return 0
