"""The options of ``train.py`` to the sizes of a language model and its recipe, and what a run says of them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from tsuzuri.api.resuming import stored_options
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.midi.lookback import LOOKS, MARKS
from tsuzuri.models.sizes import PROJECTIONS, Sizes
from tsuzuri.options.recipes import RATES, RECIPES, STRONGEST, chosen_rates, recipe_options
from tsuzuri.options.values import AUTO
from tsuzuri.training import transfer
from tsuzuri.training.optimizers import OPTIMIZERS
from tsuzuri.training.run import Run
from tsuzuri.training.schemas import LanguageModelRecipe

RECIPE = (
    *("batchsize", "bproplen", "gradclip", "optimizer", "lr", "lr_decay", "seed"),
    *("ar", "tar", "label_smoothing", "weight_decay", "average", "schedule", "warmup"),
)
SIZES = {  # of the model, by the options that give them
    "unit": "units",
    "tie": "tied",
    **{name: name for name in ("layers", "embed", "skip", "locked", "dropout", "dropout_on")},
    **{name: name for name in (f"dropout_{part}" for part in ("input", "between", "output", "words", "weights"))},
}


def check_together(args: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise ``UserError`` for options that say nothing beside the others, or that the others forbid."""
    masks = [name for name in (*RATES, "locked") if name in given]
    if masks and args["dropout_on"] == PROJECTIONS:
        option = masks[0].replace("_", "-")
        raise UserError(f"--{option}: is for --dropout-on layers, and it is on {PROJECTIONS}")
    if "dropout_between" in given and args["layers"] == 1:
        raise UserError("--dropout-between: is for several layers, and --layers is 1")
    if given.get("skip") and not any(sizes_of(args, 1).skips):
        raise UserError("--skip on: is for two layers of one width at least: must be off, or --layers more than 1")
    if args["tie"] and args["freeze_epochs"] != 0:
        frozen = "--freeze-vectors" if args["freeze_epochs"] is None else f"--freeze-epochs {args['freeze_epochs']}"
        if args["init_from"]:
            tied = f"the words of {args['init_from']} are its output layer's weights too"
            raise UserError(f"{frozen}: {tied}: must be left out, or that run be trained with --tie off")
        raise UserError(f"{frozen}: with --tie on these are the output layer's weights too: must be --tie off")


def lookback_of(args: Mapping[str, Any], given: Mapping[str, Any], source: Mapping[str, Any]) -> bool:
    """Whether a model of a corpus is to look back: one of music, unless --lookback says otherwise.

    Raises ``UserError`` where text is to.
    """
    music = source["kind"] == "music"
    if given.get("lookback") and not music:
        raise UserError(f"--lookback on: is for MIDI, and {source['corpus'][0]} is not")
    return music and args["lookback"] is not False


def sizes_of(args: Mapping[str, Any], words: int) -> Sizes:
    """The sizes that the options ask for with so many words; of --dropout that is not given the model's own default."""
    asked = {name: args[option] for option, name in SIZES.items()}
    asked |= {"looks": LOOKS, "marks": MARKS} if args["lookback"] else {}
    return Sizes(words, **{name: value for name, value in asked.items() if name != "dropout" or value is not None})


def recipe_of(args: Mapping[str, Any]) -> LanguageModelRecipe:
    """The recipe that the options ask for."""
    precision = devices.precision(args["device"], args["precision"])
    made = {**args, "precision": precision, "lr": args["lr"] or OPTIMIZERS[args["optimizer"]].lr}
    fields = [field.name for field in dataclasses.fields(LanguageModelRecipe) if field.name in made]
    return LanguageModelRecipe(**{name: made[name] for name in fields})


def stored_language_model(run: Run, given: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """What the run says already, by the options that say it; of a recipe all but what is ``given``."""
    sizes, corpus = run.about["sizes"], run.about["corpus"]
    stored = stored_options(run, RECIPE) | {"vocab_size": (corpus["vocab_size"],)}
    stored |= {option: (sizes[name],) for option, name in SIZES.items()}
    stored["lookback"] = (sizes["looks"] > 0, *[None] * ((sizes["looks"] > 0) == (run.about["kind"] == "music")))
    if None not in [sizes[name] for name in RATES]:
        stored["dropout"] = (None,)  # the three rates are in its place
    left = dict.fromkeys(STRONGEST, AUTO) | {"unit": sizes["units"], "layers": sizes["layers"]}
    chosen = chosen_rates(left, corpus["report"]["words"]["train"], sizes["words"])
    stored |= {option: (rate, AUTO) for option, rate in chosen.items() if stored[option] == (rate,)}
    if stored["lr"][0] == OPTIMIZERS[stored["optimizer"][0]].lr:
        stored["lr"] = (*stored["lr"], None)
    if run.about["start"]:
        stored["init_from"] = (run.about["start"]["init_from"]["run"],)
        stored["tokens"] = (*stored.get("tokens", ()), "auto")
        given = {**given, **{option: stored[option][0] for option in transfer.SIZES}}  # which it took over
    fits = [name for name in RECIPES if _fits(recipe_options(name, given), stored)]
    return stored | {"recipe": tuple(fits) or ("other options",)}


def _fits(options: Mapping[str, Any], stored: Mapping[str, tuple[Any, ...]]) -> bool:
    """Whether a run says the same as options do."""
    return all(value in stored[name] for name, value in options.items())
