"""What the files of a run may hold, by its sizes: so much is known before a byte of an .npz is unpacked."""

import math

ABOUT = 1 << 26  # bytes of run.json, at most
SUBWORDS = 1 << 26  # of a model of subwords
HISTORY = 1 << 26  # bytes of what grows with each validation, at most
NUMBER = 8  # bytes, at most, of a value
MARK = 64  # bytes of what says whose a file is


def arrays_of_model(run):
    """The arrays that model.npz may hold, by name, each with the most bytes that it may take."""
    return _bytes(run.sizes.shapes()) | dict.fromkeys(run.schema.extras, HISTORY) | {"run": MARK}


def arrays_of_checkpoint(run, counts, states):
    """Those that checkpoint.npz may hold; an optimizer has ``counts``, and of each parameter ``states``."""
    shapes, scalars = _bytes(run.sizes.shapes()), {f"optimizer/{name}": NUMBER for name in counts}
    most = {f"model/{name}": size for name, size in shapes.items()} | scalars
    if averaged(run.recipe):
        most |= {f"average/{name}": size for name, size in shapes.items()}
    for name, size in shapes.items():
        most |= {f"optimizer/{name}/{state}": size for state in states} | {f"optimizer/{name}/t": NUMBER}
    batch = run.recipe.batchsize * NUMBER
    most |= {f"state/{name}": batch * width for name, width in run.schema.carried(run.sizes).items()}
    return most | {"meta": HISTORY, "run": MARK}


def averaged(recipe):
    """Whether a training by this recipe keeps a running mean of the weights."""
    return getattr(recipe, "average", 0) > 0


def arrays_of_corpus(count):
    """Those that corpus.npz may hold where ``count`` words are trained on, in as many texts at most."""
    return {"ids": 4 * count, "starts": NUMBER * count, "names": HISTORY, "run": MARK}


def _bytes(shapes):
    return {name: NUMBER * math.prod(shape) for name, shape in shapes.items()}
