"""Scoring a text on a GPU, with what is learned on the way."""

import numpy
import pytest

from tsuzuri.api import scoring
from tsuzuri.compat import chainer
from tsuzuri.kernels.gpu import launcher
from tsuzuri.models.rnn import RNN, Sizes
from tsuzuri.training.adaptation import DynamicEvaluation


def test_a_gpu_scores_and_adapts_as_the_cpu_does(engine):
    """The engine of a GPU, emulated where there is none, and the CPU's own, from equal weights."""
    ids = numpy.random.default_rng(1).integers(0, 13, 60).astype("i")

    def scored(device, adapt):
        model = RNN(Sizes(13, 8), numpy.random.default_rng(0))
        model.to_device(chainer.get_device(device))
        return list(scoring.word_nats(model, ids, True, DynamicEvaluation(model) if adapt else None))

    device = "@numpy" if engine.xp is numpy else "@cupy:0"
    found = [scored(device, adapt) for adapt in (False, True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launcher, "of_type", lambda kind: None)
        wanted = [scored("@numpy", adapt) for adapt in (False, True)]
    assert found[0] == pytest.approx(wanted[0], rel=1e-4)
    assert found[1] == pytest.approx(wanted[1], rel=1e-4)
    assert wanted[0] != pytest.approx(wanted[1], rel=1e-2)
