"""Tsuzuri: a stateful two-layer LSTM language model that learns from your own text or music and writes more of it.

    import tsuzuri

    run = tsuzuri.train(["novel.txt"], "runs/novel", epoch=20)
    print(run.generate("ホームズ", sentences=5, temperature=0.8))

    tune = tsuzuri.load("runs/folk").generate(bars=16, seed=1)
    tune.save("tune.mid")

    mood = tsuzuri.train_classifier([("good", "a fine day"), ...], "runs/mood")
    mood.predict("what a fine evening").label

``help(tsuzuri.train)`` and the like say more. What is wrong with an argument or a file is said by
``tsuzuri.UserError``, in one line.
"""

import importlib
from typing import TYPE_CHECKING

from tsuzuri.errors import UserError

if TYPE_CHECKING:
    from tsuzuri.api.classifier import Classifier, Evaluation, Prediction
    from tsuzuri.api.loading import load
    from tsuzuri.api.midi_files import read_midi, write_midi
    from tsuzuri.api.novelty import Copy, Novelty
    from tsuzuri.api.pictures import Picture
    from tsuzuri.api.piece import Piece, Sounding
    from tsuzuri.api.runs import MusicRun, TextRun
    from tsuzuri.api.scoring import ScoredText, ScoredWord
    from tsuzuri.api.train import resume, train, train_classifier
    from tsuzuri.training.log import Event

__all__ = [
    "Classifier",
    "Copy",
    "Evaluation",
    "Event",
    "MusicRun",
    "Novelty",
    "Picture",
    "Piece",
    "Prediction",
    "ScoredText",
    "ScoredWord",
    "Sounding",
    "TextRun",
    "UserError",
    "load",
    "read_midi",
    "resume",
    "train",
    "train_classifier",
    "write_midi",
]

_PLACES = {  # where a name is, so that the commands, which import parts of the package, need not wait for all of it
    "Classifier": "tsuzuri.api.classifier",
    "Copy": "tsuzuri.api.novelty",
    "Evaluation": "tsuzuri.api.classifier",
    "Event": "tsuzuri.training.log",
    "MusicRun": "tsuzuri.api.runs",
    "Novelty": "tsuzuri.api.novelty",
    "Picture": "tsuzuri.api.pictures",
    "Piece": "tsuzuri.api.piece",
    "Prediction": "tsuzuri.api.classifier",
    "ScoredText": "tsuzuri.api.scoring",
    "ScoredWord": "tsuzuri.api.scoring",
    "Sounding": "tsuzuri.api.piece",
    "TextRun": "tsuzuri.api.runs",
    "load": "tsuzuri.api.loading",
    "read_midi": "tsuzuri.api.midi_files",
    "resume": "tsuzuri.api.train",
    "train": "tsuzuri.api.train",
    "train_classifier": "tsuzuri.api.train",
    "write_midi": "tsuzuri.api.midi_files",
}


def __getattr__(name: str) -> object:
    """A public name, imported when it is first used (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(f"module 'tsuzuri' has no attribute {name!r}")
    value = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
