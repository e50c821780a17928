"""Do all compute the same on a GPU: a few updates as PyTorch's, and many windows as on the CPU.

    python -m benchmarks.gpu_equal            (needs CuPy, a GPU and Chainer)

The many windows are of a small model with dropout on. The masks are of the same keys on both, so that the losses are
near each other from the first window to the last.
"""

import sys

import numpy

from benchmarks import gpu_ours, gpu_peers
from benchmarks.trainers import MissingError
from tsuzuri.kernels.gpu import BFLOAT16, FLOAT32, TF32

UPDATES = 5
TOLERANCE = {FLOAT32: (1e-4, 0.01), TF32: (2e-3, 0.05), BFLOAT16: (2e-2, 0.2)}  # of a loss; of what an update changes
FOLLOWED, WINDOWS, DROPOUT = (300, 48, 8, 16), 300, 0.5  # V, N, B, T
# Of any of those losses, relative, at most. NumPy's and those in C++ are 9e-8 apart, in bfloat16 3e-4.
ASTRAY = {FLOAT32: 1e-5, TF32: 1e-3, BFLOAT16: 3e-3}


def losses(trainer, updates):
    """Of so many updates, each from the next window."""
    found = []
    for number in range(updates):
        trainer.train(number)
        found.append(trainer.loss())
    return found


def apart(found, wanted):
    """The largest relative difference of losses, and of what the updates changed in them, to the largest change.

    NaN where a loss is.
    """
    found, wanted = (numpy.asarray(values, "d") for values in (found, wanted))
    changes, expected = numpy.diff(found), numpy.diff(wanted)
    return float(abs(found / wanted - 1).max()), float(abs(changes - expected).max() / abs(expected).max())


def why_not(found, wanted, precision):
    """What is wrong with losses that should be these, for a precision, or None."""
    loss, change = apart(found, wanted)
    if loss < TOLERANCE[precision][0] and change < TOLERANCE[precision][1]:
        return None
    return f"other losses: {numpy.round(found, 4).tolist()}, not {numpy.round(wanted, 4).tolist()}"


def follow(size, data, place, count=WINDOWS):
    """Yields the name of each of our trainers, its precision, how far its losses go from the CPU's, relative, and
    ``gpu_ours.without_graph`` of it.
    """
    wanted = losses(gpu_ours.OnTheCPU(size, data, DROPOUT, place), count)
    for name, kind in gpu_peers.TRAINERS.items():
        if kind.is_ours:
            trainer = kind.make(size, data, DROPOUT, place=place)
            far = apart(losses(trainer, count), wanted)[0]
            yield name, kind.precision, far, gpu_ours.without_graph(trainer)


def main():
    fine = True
    data = gpu_ours.windows(FOLLOWED[0], *FOLLOWED[2:])
    for place in (gpu_ours.LAYERS, gpu_ours.PROJECTIONS):
        for name, precision, far, without in follow(FOLLOWED, data, place):
            fine = fine and far < ASTRAY[precision]
            who = f"{name}, dropout on {place}"
            print(
                f"{who}: losses of {WINDOWS} windows {far:.1e} from the CPU's, at most {ASTRAY[precision]}", flush=True
            )
            if without:
                print(f"{who}: {without}", flush=True)
    sys.exit(not fine)


if __name__ == "__main__":
    try:
        main()
    except MissingError as error:
        sys.exit(f"benchmarks.gpu_equal: error: {error}")
