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
from tsuzuri.options.values import LARGEST
from tsuzuri.sampling import filters
from tsuzuri.sampling.cache import COMMON, NeuralCache
from tsuzuri.sampling.history import History
from tsuzuri.sampling.loops import LoopEscape
from tsuzuri.sampling.primes import Primes
from tsuzuri.sampling.scores import WordScores
from tsuzuri.sampling.stream import generate_words, generate_words_on_gpu
from tsuzuri.training.run import Run

SAMPLING = {"temperature": 1.0, "top_p": 1.0}
WITHOUT_LOOKBACK = {"temperature": 0.9, "top_p": 0.95}  # music: such a model strays more
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
    usual = WITHOUT_LOOKBACK if kind == "music" and not run.sizes.lookback else SAMPLING
    args = defaults(TABLES) | usual | dict(given)
    if args["seed"] is None:
        args["seed"] = int.from_bytes(os.urandom(4), "little")
    devices.choose(args["device"]).use()
    return args


def draw_ids(
    args: Mapping[str, Any],
    run: Run,
    primes: Primes,
    constrain: Callable[[numpy.ndarray], numpy.ndarray],
    onset_keys: Sequence[int] | None = None,
    scores: WordScores | None = None,
) -> Iterator[Sequence[int]]:
    """The endless stream of ids (B,) that follow ``primes``, drawn as the options say; see ``generate_words``.

    ``onset_keys``: see ``LoopEscape``; ``scores`` are told of each draw. What a GPU's recorded steps cannot do, such as
    filters beyond top-p, is done word by word.
    """
    needed_for = f"--num-samples {args['num_samples']}: fewer take less"
    steady = getattr(constrain, "steady", False)
    with enough_memory(needed_for):
        model = run.load_best()
        model.to_device(devices.choose(args["device"]))
        cuts = args["temperature"], args["top_k"], args["top_p"]
        batch, rng = len(primes), numpy.random.default_rng(args["seed"])
        escape = LoopEscape(batch, onset_keys) if args["escape"] else None
        looks_back = args["repetition_penalty"] > 1 or args["no_repeat"] is not None
        cache = NeuralCache(common=round(COMMON * len(run.vocabulary))) if args["cache"] else None
        recorded = primes.same and not (looks_back or scores or cache or args["min_p"] or args["typical"])
        writer = model.writer(batch, cuts, rng, escape, own_masks=not steady) if recorded else None
    if writer:
        prime = primes.common()[:, 0].tolist()
        rows: Iterator[Sequence[int]] = generate_words_on_gpu(writer, prime, constrain, steady)
    else:
        more = args["min_p"] or None, args["typical"], args["repetition_penalty"], args["no_repeat"]
        history = History(batch) if looks_back else None
        sample = filters.make_sampler(*cuts, *more)
        rows = generate_words(model, primes, sample, constrain, rng, batch, escape, history, scores, cache)
    return _within_memory(rows, needed_for)


def rows_for_each(args: Mapping[str, Any], primes: int = 1) -> int:
    """How many texts or pieces are drawn for each of so many primes; raises ``UserError`` where they are too many."""
    each: int = args["num_samples"] * args["best_of"]
    if each * primes > LARGEST:
        asked = " times ".join(["--num-samples", "--best-of"] + ["the lines of --prompts"] * (primes > 1))
        raise UserError(f"{asked}: {each * primes:,} to draw side by side: must be at most {LARGEST:,}")
    return each


def best_rows(means: Sequence[float], best_of: int) -> list[int]:
    """Of each ``best_of`` rows the one with the highest mean."""
    starts = range(0, len(means), best_of)
    return [max(range(start, start + best_of), key=lambda row: means[row]) for start in starts]


def no_choice_line(rows: Sequence[object], args: Mapping[str, Any]) -> str:
    """What is said where all that the best is chosen of are the same; "" where they are not, or there is no choice.

    ``rows`` are the texts or pieces, those of one choice side by side.
    """
    best_of = args["best_of"]
    if best_of == 1 or any(row != rows[n - n % best_of] for n, row in enumerate(rows)):
        return ""
    greedy = ["--temperature 0"] * (args["temperature"] == 0) + ["--top-k 1"] * (args["top_k"] == 1)
    why = f" ({greedy[0]} always takes the likeliest word)" if greedy else ""
    return f"note: --best-of {best_of} had nothing to choose from: all {best_of} were the same{why}"


def _within_memory(rows: Iterator[Sequence[int]], needed_for: str) -> Iterator[Sequence[int]]:
    with enough_memory(needed_for):
        yield from rows
