"""The options of ``train.py``."""

from tsuzuri.midi.words.settings import CONTROLS, CUT
from tsuzuri.options.midi import KEYS, settings_options
from tsuzuri.options.option import Option
from tsuzuri.options.recipes import DEFAULT, RECIPES, STRONGEST
from tsuzuri.options.shared import (
    AVERAGE,
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
    TENSORBOARD,
    TRAINING_SEED,
    WARMUP,
    WEIGHT_DECAY,
)
from tsuzuri.options.values import (
    COUNT,
    DEVICE,
    FILE,
    FRACTION,
    KEPT,
    LAYERS,
    NOT_NEGATIVE,
    POSITIVE,
    RATIO,
    RATIO_OR_AUTO,
    RUN,
    SIZE,
    SWITCH,
    WHOLE,
    choice,
)
from tsuzuri.text import tokenizers
from tsuzuri.text.settings import KEEP, LINES
from tsuzuri.training.schedules import SCHEDULES
from tsuzuri.training.schemas import PRECISIONS

BEST = RECIPES[DEFAULT]


def _rate(place: str, of: str) -> Option:
    most = STRONGEST[f"dropout_{place}"]
    return Option(
        f"--dropout-{place}",
        RATIO_OR_AUTO,
        BEST[f"dropout_{place}"],
        f"dropout rate {of}; auto: {most} or less, by the words to learn from and the units",
    )


TABLES = {
    "input and output": [
        Option("corpus", FILE, [], "text or MIDI files, .zip archives of text, folders (not needed with --resume)"),
        Option("-o --out", RUN, None, "run directory to create or to resume", "--out-dir --output-dir --save-dir"),
        Option(
            "--valid", FILE, [], "validation files, instead of the last 5 % of each text, or 5 % of many texts or tunes"
        ),
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
            "maximum vocabulary size: the most frequent words (default: no limit; of subwords 8,000 or fewer)",
            "--n-words",
        ),
    ],
    "MIDI": [*settings_options(velocities=8, grid=24, rests=CUT, controls=CONTROLS, about=None), KEYS],
    "model": [
        Option(
            "--recipe",
            choice(*RECIPES),
            DEFAULT,
            "set of options for the model, its regularization and its training; options that are given override it",
        ),
        Option("-u --unit", SIZE, 256, "hidden size of each layer", "--units --hidden-size --rnn-size --nhid"),
        Option("--layers", LAYERS, 2, "number of LSTM layers", "--num-layers --nlayers"),
        Option("--embed", SIZE, None, "size of an embedded word (default: as --unit)", "--emsize --embedding-size"),
        Option(
            "--tie",
            SWITCH,
            BEST["tie"],
            "one matrix for the embedding and the output layer; off where words are frozen",
            "--tied --weight-tying",
        ),
        Option("--skip", SWITCH, BEST["skip"], "each layer's output added to that of the next, where both are as wide"),
        Option(
            "--lookback",
            SWITCH,
            BEST["lookback"],
            "words due if a piece repeats what was 1 to 16 bars ago, and the place in the bar, as further inputs "
            "(default: on for music)",
        ),
        Option("--init-from", RUN, None, "language model whose sizes, words and weights to begin with"),
        Option("--vectors", FILE, None, "initial word vectors (GloVe, word2vec, fastText), as wide as --embed"),
        FREEZE_VECTORS,
        FREEZE_EPOCHS,
    ],
    "regularization": [
        Option("--dropout", RATIO, None, "dropout rate in place of the next three"),
        _rate("input", "of the embedded words"),
        _rate("between", "between the layers"),
        _rate("output", "of the last layer's output"),
        _rate("words", "of whole words in the embedding"),
        _rate("weights", "of recurrent weights (weight-drop)"),
        Option(
            "--dropout-on",
            choice("layers", "projections"),
            BEST["dropout_on"],
            "place of --dropout: the layers (Zaremba et al.) or the projected inputs",
        ),
        Option("--locked", SWITCH, BEST["locked"], "one dropout mask for all steps of a window (Gal and Ghahramani)"),
        Option("--ar", NOT_NEGATIVE, BEST["ar"], "activation regularization: weight of the squared output"),
        Option(
            "--tar",
            NOT_NEGATIVE,
            BEST["tar"],
            "temporal activation regularization: weight of the output's changes, squared",
        ),
        Option(
            "--label-smoothing",
            KEPT,
            BEST["label_smoothing"],
            "share of each target that is spread evenly over all words in training; losses are reported without it",
        ),
        WEIGHT_DECAY._replace(default=BEST["weight_decay"]),
        AVERAGE._replace(default=BEST["average"]),
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
            BEST["lr"],
            "learning rate; other optimizers than adam, and the recipes plain and article, have their own",
            "--learning-rate",
        ),
        Option(
            "--lr-decay", FRACTION, BEST["lr_decay"], "factor of the learning rate after an epoch without a better loss"
        ),
        Option(
            "--schedule",
            choice(*SCHEDULES),
            "stalls",
            "learning rate: by --lr-decay after stalls, or over all epochs to 0 by a half cosine or in a line, or by a "
            "slanted triangle (ULMFiT), or constant",
        ),
        WARMUP,
        Option(
            "--max-hours",
            POSITIVE,
            None,
            "maximum hours of training; those before --resume count if they had a maximum too",
        ),
        Option("--patience", COUNT, 5, "epochs in a row without a better loss before training stops"),
        Option("--sample-every", WHOLE, 1, "best epochs from one sample to the next; 0 for no samples"),
        TENSORBOARD,
        TRAINING_SEED,
    ],
}
MAY_CHANGE = {"epoch", "patience", "max_hours", "device", "precision", "sample_every", "tensorboard"}  # on --resume
