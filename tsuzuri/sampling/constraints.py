"""Constraints: functions of logits (B, V) that set words which must not be drawn to -inf."""

import numpy


def forbid_ids(ids):
    """A constraint that always forbids these ids, such as that of ``<unk>``."""
    ids = list(ids)

    def forbid(logits):
        logits[:, ids] = -numpy.inf
        return logits

    return forbid
