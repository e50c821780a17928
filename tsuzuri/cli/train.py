"""Train a language model on your own text or music: ``python train.py novel.txt -o runs/novel``.

Reads files, .zip archives and folders of text, or MIDI files and folders of them, and leaves a run directory that
``generate.py`` writes more from.
"""

import sys

from tsuzuri.api.prepare_language_model import LANGUAGE_MODEL_PREPARATION
from tsuzuri.cli import doctor, options, training
from tsuzuri.options.train import TABLES

DESCRIPTION = (
    "Train a two-layer LSTM language model on text or on MIDI, files or folders (--doctor: check what is here)."
)
USAGE = "CORPUS... -o RUN"
EXAMPLES = ("novel.txt -o runs/novel", "tunes/ -o runs/tunes --transpose -5..6 --unit 128")


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    if doctor.ASKED in argv:
        return doctor.main([])
    given = vars(options.Parser(DESCRIPTION, TABLES, usage=USAGE, examples=EXAMPLES).parse_args(argv))
    return training.train_on_terminal(LANGUAGE_MODEL_PREPARATION.prepare, given, ["train"], usual_device="auto")
