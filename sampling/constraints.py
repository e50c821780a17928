"""Which words may follow: functions of the words drawn so far that forbid some of the next."""

import numpy


def never(ids):
    """Forbid these ids always, such as ``<unk>``."""
    ids = list(ids)

    def forbid(logits):
        logits[:, ids] = -numpy.inf
        return logits

    return forbid
