"""Which words may follow: functions of logits (B, V) that put what must not be drawn at -inf."""

import numpy


def forbid_ids(ids):
    """Forbid these ids always, such as ``<unk>``."""
    ids = list(ids)

    def forbid(logits):
        logits[:, ids] = -numpy.inf
        return logits

    return forbid
