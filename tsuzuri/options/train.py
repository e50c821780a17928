"""The options of ``train.py``."""

from tsuzuri.options.midi import settings_options
from tsuzuri.options.option import Option
from tsuzuri.options.shared import (
    DICTIONARIES,
    ENCODING,
    FORCE,
    FREEZE_EPOCHS,
    FREEZE_VECTORS,
    GRADCLIP,
    MAX_TEXT,
    MIN_COUNT,
    NORMALIZE,
    OPTIMIZER,
    RESUME,
    TRAINING_SEED,
)
from tsuzuri.options.values import COUNT, DEVICE, FILE, FRACTION, POSITIVE, RATIO, RUN, SIZE, WHOLE, choice
from tsuzuri.text import tokenizers
from tsuzuri.text.settings import KEEP, LINES
from tsuzuri.training.schemas import PRECISIONS

TABLES = {
    "input and output": [
        Option("corpus", FILE, [], "text or MIDI files, .zip archives of text, folders (not needed with --resume)"),
        Option("-o --out", RUN, None, "run directory to create or to resume", "--out-dir --output-dir --save-dir"),
        Option("--valid", FILE, [], "validation files, instead of the last 5 % of the lines or 5 % of the tunes"),
        Option("--test", FILE, [], "test files, instead of another 5 %"),
        RESUME,
        FORCE,
        Option("-d --device", DEVICE, "auto", "auto, cpu, gpu or gpu:N"),
        Option(
            "--precision",
            choice("auto", *PRECISIONS),
            "auto",
            "precision of the matrix products in training; auto is bfloat16 on a CPU that is faster with it (AMX, "
            "AVX512-BF16), else float32",
        ),
    ],
    "words": [
        ENCODING,
        Option(
            "--tokens",
            choice("auto", *tokenizers.CHOICES),
            "auto",
            "tokenizer; auto chooses by the text; subword learns SentencePiece's unigram model",
        ),
        *DICTIONARIES,
        NORMALIZE,
        Option("--lines", choice(*LINES), KEEP, "lines as they stand, or those of a paragraph joined (wrapped prose)"),
        MAX_TEXT,
        MIN_COUNT,
        Option(
            "--vocab-size",
            COUNT,
            None,
            "maximum vocabulary size: the most frequent words (default: no limit; of subwords 8,000, and fewer for less text)",
            "--n-words",
        ),
    ],
    "MIDI": settings_options(velocities=8, grid=24),
    "model": [
        Option("-u --unit", SIZE, 256, "hidden size of each layer", "--units --hidden-size --rnn-size --nhid"),
        Option("--dropout", RATIO, 0.5, "dropout rate"),
        Option(
            "--dropout-on",
            choice("layers", "projections"),
            "layers",
            "place of dropout: the layers (Zaremba et al.) or the projected inputs",
        ),
        Option("--vectors", FILE, None, "initial word vectors (GloVe, word2vec, fastText), as wide as --unit"),
        FREEZE_VECTORS,
        FREEZE_EPOCHS,
    ],
    "training": [
        Option("-e --epoch", COUNT, 50, "maximum number of epochs", "--epochs --max-epochs --num-epochs"),
        Option("-b --batchsize", SIZE, 20, "streams read side by side", "--batch-size"),
        Option("-l --bproplen", SIZE, 35, "steps of a window (truncated BPTT)", "--bptt --seq-length --seq-len"),
        GRADCLIP,
        OPTIMIZER,
        Option(
            "--lr",
            POSITIVE,
            None,
            "learning rate (default: the optimizer's own, 0.002 for adam)",
            "--learning-rate",
        ),
        Option("--lr-decay", FRACTION, 0.5, "factor of the learning rate after an epoch without a better loss"),
        Option("--patience", COUNT, 5, "epochs in a row without a better loss before training stops"),
        Option("--sample-every", WHOLE, 1, "best epochs from one sample to the next; 0 for no samples"),
        TRAINING_SEED,
    ],
}
MAY_CHANGE = {"epoch", "patience", "device", "precision", "sample_every"}  # on --resume
