"""Going on from another run's language model on a new corpus: its sizes, its words, and its weights by word.

All words of the other run that there is room for stay in the vocabulary, with their rows. Those that are new have
theirs drawn from a normal distribution with the mean and the covariance of the old words' (Hewitt 2021), so that they
are about as likely.
"""

import hashlib
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy

from tsuzuri.errors import UserError
from tsuzuri.text.settings import AUTO, DROP
from tsuzuri.text.tokenizers import SUBWORD
from tsuzuri.text.vocabulary import SPECIAL, Vocabulary
from tsuzuri.training.run import Run, load_run

SIZES = {
    "unit": "units",
    "layers": "layers",
    "embed": "embed",
    "tie": "tied",
    "skip": "skip",
    "lookback": "lookback",
}  # by the options that give them
WORDS = {  # by kind, the options that say how a corpus becomes words, which must be as they were
    "text": ("tokens", "dictionary", "user_dictionary", "normalize"),
    "music": ("events", "velocities", "ticks_per_beat", "grid", "about", "keys", "words"),
}
# of runs from before there was a choice, as ``midi.words.settings`` has it
OLD_MUSIC = {"about": False, "keys": "own", "words": "events"}
PATHS = ("dictionary", "user_dictionary")


class LanguageModelOrigin(NamedTuple):
    """The run that is begun with; ``arrays`` are its best weights by path."""

    run: Run
    arrays: dict[str, numpy.ndarray]

    @property
    def path(self) -> str:
        return str(self.run.path)

    @property
    def kind(self) -> str:
        return str(self.run.about["kind"])

    @property
    def settings(self) -> dict[str, Any]:
        """How its corpus became words, by option."""
        about = self.run.about
        if self.kind == "music":
            return {**OLD_MUSIC, **about["corpus"]["midi"]}
        return {**about["corpus"]["text"], "tokens": about["tokens"]}

    @property
    def words(self) -> list[str]:
        return list(self.run.vocabulary.words)


def open_origin(path: str, out: str) -> LanguageModelOrigin:
    """The ``LanguageModelOrigin`` at ``path``, for a new run in ``out``.

    Raises ``UserError`` where they are the same, for a run that holds no trained model yet, and for a classifier.
    """
    if os.path.realpath(path) == os.path.realpath(out):
        raise UserError(f"--init-from {path}: is what -o/--out replaces: must be another folder")
    run = load_run(path)
    return LanguageModelOrigin(run, run.best_arrays())


def inherited_options(origin: LanguageModelOrigin, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a new run has from its origin: the sizes of the model, and how a corpus becomes words.

    Raises ``UserError`` for one of those ``given`` that says otherwise. Which track of MIDI files is read, and whether
    lines are joined, the new files may ask for, so these may change.
    """
    sizes, settings = origin.run.sizes, origin.settings
    fixed = {option: getattr(sizes, name) for option, name in SIZES.items()}
    fixed |= {option: settings[option] for option in WORDS[origin.kind]}
    same = {"embed": sizes.width, "tokens": AUTO}  # values that say no other
    for option in ("vocab_size", "min_count"):
        if settings.get("tokens") == SUBWORD and option in given:
            raise UserError(
                f"--{option.replace('_', '-')}: the subwords of {origin.path} are what they are: leave it out"
            )
    for option in [name for name in fixed if name in given]:
        value = given[option]
        whole = os.path.abspath(value) if option in PATHS else value
        if value != same.get(option, fixed[option]) and fixed[option] not in (value, whole):
            raise _refusal(origin, option, value, fixed[option] if fixed[option] is not None else same.get(option))
    if origin.kind == "music":
        fixed["track"] = settings["track"]
    elif settings["lines"] == DROP:  # a run of format 1, whose words are cut as they were then
        fixed["lines"] = DROP
    return {name: value for name, value in fixed.items() if name not in given or name == "tokens"}


def check_kind(origin: LanguageModelOrigin, source: Mapping[str, Any]) -> None:
    """Raise ``UserError`` for a corpus, as run.json has it, that is not of the origin's kind."""
    if source["kind"] != origin.kind:
        file = source["corpus"][0]
        raise UserError(f"--init-from {origin.path}: is of {origin.kind}, and {file} is of {source['kind']}")


def check_midi(origin: LanguageModelOrigin, used: Mapping[str, Any], file: str) -> None:
    """Raise ``UserError`` where the settings that were ``used`` for music are not the origin's.

    Files of words bring their own, such as ``file``, where no option gave them.
    """
    for name in WORDS["music"]:
        if used[name] != origin.settings[name]:
            ours = f"{origin.path} (--init-from) with {_shown(origin.settings[name])}"
            raise UserError(f"{file}: is made with {name} {_shown(used[name])}, and {ours}: must be the same")


def _refusal(origin, option, value, wanted):
    return UserError(
        f"--{option.replace('_', '-')} {_shown(value)}: must be {_shown(wanted)}, as {origin.path} has it (--init-from)"
    )


def _shown(value):
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else value


def transferred_weights(
    origin: LanguageModelOrigin, words: Vocabulary, unseen: int, rng: numpy.random.Generator
) -> tuple[dict[str, numpy.ndarray], dict[str, Any]]:
    """The weights to begin with, by path, for a model of these words, and what run.json says of where they are from.

    ``unseen`` of the words are not in the corpus, only in the origin. How many were found, and of how many, counts
    those of the corpus. Raises ``UserError`` where it has none that the origin knows.
    """
    place = {word: n for n, word in enumerate(origin.words)}
    old = numpy.array([place.get(word, -1) for word in words.words])
    found = int((old >= len(SPECIAL)).sum()) - unseen
    if not found:
        some = ", ".join(repr(word) for word in words.words[len(SPECIAL) :][:3])
        raise UserError(f"--init-from {origin.path}: knows no word of the corpus, such as {some}: of another language?")
    arrays = origin.arrays
    by_word = [name for name in arrays if name.startswith(("l0/", origin.run.sizes.output_name + "/"))]
    table = numpy.concatenate([arrays[name].reshape(len(place), -1) for name in by_word], axis=1)
    rows = rows_of(table, old, rng)
    ends = numpy.cumsum([arrays[name][0].size for name in by_word])[:-1]
    parts = zip(by_word, numpy.split(rows, ends, axis=1), strict=True)
    made = {name: part.reshape(len(old), *arrays[name].shape[1:]) for name, part in parts}
    about = {
        "run": os.path.abspath(origin.path),
        "id": origin.run.about["id"],
        "weights": _digest(arrays),
        "found": found,
        "of": len(words) - len(SPECIAL) - unseen,
    }
    return arrays | made, {"init_from": about}


def rows_of(table: numpy.ndarray, old: numpy.ndarray, rng: numpy.random.Generator) -> numpy.ndarray:
    """Rows (V, D) of ``table`` (W, D) by their numbers ``old`` (V,), -1 for new ones, which are drawn by ``rng``.

    Their distribution is normal, with the mean and covariance of the table's rows but for those of the special words.
    """
    rows, new = table[old], old < 0
    if new.any():
        examples = table[len(SPECIAL) :].astype("d")
        mean = examples.mean(axis=0)
        values, axes = numpy.linalg.eigh(numpy.cov(examples, rowvar=False, bias=True).reshape(len(mean), -1))
        spread = numpy.sqrt(numpy.maximum(values, 0))  # (D,) along the axes, of which those without any may be below 0
        rows[new] = rng.standard_normal((int(new.sum()), len(mean))) * spread @ axes.T + mean
    return rows


def _digest(arrays):
    """The SHA-256 of weights: a run that learned longer has the id that it had."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        found.update(name.encode() + numpy.ascontiguousarray(arrays[name], "<f4").tobytes())
    return found.hexdigest()


def transfer_summary(about: Mapping[str, Any]) -> str:
    """What a language model begins with, in a line for people."""
    a = about["init_from"]
    return (
        f"start    {a['run']}: {a['found']:,} of the corpus's {a['of']:,} words, the others drawn like them; all layers"
    )
