"""What text and music share when they are generated: the options of each kind, and the ids drawn from a model."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy

from tsuzuri.errors import UserError, enough_memory
from tsuzuri.kernels import devices
from tsuzuri.options.generate import ONLY_MUSIC, ONLY_TEXT, TABLES
from tsuzuri.options.resolve import defaults
from tsuzuri.sampling import filters
from tsuzuri.sampling.loops import LoopEscape
from tsuzuri.sampling.stream import generate_words, generate_words_on_gpu
from tsuzuri.training.run import Run

SAMPLING = {"text": {"temperature": 1.0, "top_p": 1.0}, "music": {"temperature": 0.9, "top_p": 0.95}}
Note = Callable[[str], object]  # takes a remark for people, a line


def generating_options(run: Run, given: Mapping[str, Any]) -> dict[str, Any]:
    """All options of generate.py for a run, ``given`` being those that were given.

    The device is in use from here on, and the seed is always a number. Raises ``UserError`` for an option that is for
    the other kind of run.
    """
    kind = run.about["kind"]
    for name in ONLY_MUSIC if kind == "text" else ONLY_TEXT:
        if name in given:
            allowed = "music" if kind == "text" else "text"
            raise UserError(f"--{name.replace('_', '-')}: is for {allowed}, and {run.path} was trained on {kind}")
    args = defaults(TABLES) | SAMPLING[kind] | dict(given)
    if args["seed"] is None:
        args["seed"] = int.from_bytes(os.urandom(4), "little")
    devices.choose(args["device"]).use()
    return args


def draw_ids(
    args: Mapping[str, Any],
    run: Run,
    prime_ids: Sequence[int],
    constrain: Callable[[numpy.ndarray], numpy.ndarray],
    onset_keys: Sequence[int] | None = None,
    steady: bool = False,
) -> Iterator[Sequence[int]]:
    """The endless stream of ids (B,) that follow ``prime_ids``, drawn as the options say.

    ``steady``: what ``constrain`` forbids never changes; ``onset_keys``: see ``LoopEscape``.
    """
    needed_for = f"--num-samples {args['num_samples']}: fewer take less"
    with enough_memory(needed_for):
        model = run.load_best()
        model.to_device(devices.choose(args["device"]))
        cuts = args["temperature"], args["top_k"], args["top_p"]
        batch, rng = args["num_samples"], numpy.random.default_rng(args["seed"])
        escape = LoopEscape(batch, onset_keys) if args["escape"] else None
        writer = model.writer(batch, cuts, rng, escape, own_masks=not steady)
    if writer:
        rows: Iterator[Sequence[int]] = generate_words_on_gpu(writer, prime_ids, constrain, steady)
    else:
        rows = generate_words(model, prime_ids, filters.make_sampler(*cuts), constrain, rng, batch, escape)
    return _within_memory(rows, needed_for)


def _within_memory(rows: Iterator[Sequence[int]], needed_for: str) -> Iterator[Sequence[int]]:
    with enough_memory(needed_for):
        yield from rows
