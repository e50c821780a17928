"""The options of ``classify.py train``, ``predict`` and ``evaluate``."""

from tsuzuri.data import labeled
from tsuzuri.kernels import native
from tsuzuri.midi.words.settings import CONTROLS, CUT
from tsuzuri.models import classifier
from tsuzuri.options.midi import settings_options
from tsuzuri.options.option import REQUIRED, Option
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
    TOKENS,
    TRAINING_SEED,
    WARMUP,
    WEIGHT_DECAY,
)
from tsuzuri.options.values import (
    COUNT,
    DEVICE,
    FEW,
    FILE,
    FLAG,
    FRACTION,
    NAME,
    NOT_NEGATIVE,
    POSITIVE,
    RATIO,
    RUN,
    SHARE,
    SIZE,
    SWITCH,
    WHOLE,
    choice,
)
from tsuzuri.training import predictor
from tsuzuri.training.schedules import CONSTANT, SCHEDULES

POS_NEG = [
    Option("--pos", FILE, [], "files of positive lines, in place of a corpus"),
    Option("--neg", FILE, [], "files of negative lines"),
]
READING = [
    Option("--form", choice("auto", *labeled.FORMS), "auto", "file format of the labeled lines"),
    ENCODING,
    Option("--label-column", NAME, None, "label column of CSV, by name or number (default: by its name or values)"),
    Option("--text-column", NAME, None, "text column of CSV, by name or number"),
]
READ = tuple(option.name for option in READING)
LEARNED = settings_options(velocities=8, grid=24, rests=CUT, controls=CONTROLS)
MIDI = [option for option in LEARNED if option.name not in ("transpose", "stretch")]
ON_DEVICE = Option(
    "-d --device",
    DEVICE,
    "cpu",
    "cpu, gpu, gpu:N or auto (packed layers have no GPU kernels of their own)",
)
TRAIN = {
    "input and output": [
        Option("corpus", FILE, [], "lines of label, tab, text; CSV; a folder of texts or of MIDI files per class"),
        *POS_NEG,
        Option("-o --out --saveto", RUN, None, "run directory to create or to resume", "--out-dir --output-dir"),
        Option("--valid", FILE, [], "labeled validation examples, instead of a share of the corpus"),
        Option("--test", FILE, [], "labeled test examples, instead of a share of the corpus"),
        Option("--valid-fraction", FRACTION, 0.1, "validation share of each class"),
        Option("--test-fraction", SHARE, 0.1, "test share of each class; 0 for no test"),
        *READING,
        RESUME,
        FORCE,
        ON_DEVICE,
        Option(
            "--precision",
            choice("auto", *native.PRECISIONS),
            "auto",
            "precision of the LSTM layers' products, as of a language model's",
        ),
    ],
    "words": [
        TOKENS,
        *DICTIONARIES,
        NORMALIZE,
        MAX_TEXT,
        Option("--case", choice("auto", "fold", "keep"), "auto", "capitals: fold to lower case, or keep; auto folds"),
        Option("--n-words --vocab-size", COUNT, 10_000, "maximum vocabulary size: the most frequent words"),
        MIN_COUNT,
        Option("--maxlen", COUNT, None, "maximum number of words; longer pieces are not trained on"),
        Option(
            "--truncate",
            choice("pre", "post"),
            None,
            "cut longer pieces to --maxlen instead, at the beginning or the end",
        ),
    ],
    "MIDI": MIDI,
    "initial weights": [
        Option("--init-from --reload-model", RUN, None, "run to take initial weights from"),
        Option("--vectors", FILE, None, "initial word vectors: GloVe, word2vec (text, binary), fastText .vec"),
        FREEZE_VECTORS,
        FREEZE_EPOCHS,
    ],
    "model": [
        Option(
            "--model --encoder",
            choice(*classifier.MODELS),
            "lstm",
            "LSTM, LSTM in both directions, tanh RNN, bag of words, or --maxlen words side by side",
        ),
        Option(
            "--layers",
            FEW,
            1,
            "number of LSTM or RNN layers (--init-from a language model: as many as it has)",
            "--num-layers --n-layers",
        ),
        Option(
            "--pool", choice(*classifier.POOLS), "mean", "summary of a text: mean, last state, maximum, or the three"
        ),
        Option("-u --unit --dim-proj", SIZE, 128, "hidden size of each layer", "--units --hidden-size"),
        Option("--width", SIZE, None, "embedding size (default: the hidden size)"),
        Option("--dropout", RATIO, 0.5, "dropout rate of the pooled values"),
        Option("--dropout-words", RATIO, 0.5, "dropout rate of the embeddings' values"),
        Option("--drop-words", RATIO, 0.0, "dropout rate of whole words in the embedding"),
        Option("--dropout-between", RATIO, 0.0, "dropout rate between the layers"),
        Option("--dropout-weights", RATIO, 0.0, "dropout rate of the recurrent weights (weight-drop)"),
        Option("--locked", SWITCH, False, "one dropout mask for all words of a text (Gal and Ghahramani)"),
        Option("--use-dropout", SWITCH, True, "off: no dropout at all"),
    ],
    "training": [
        Option("-e --epoch --max-epochs", COUNT, 100, "maximum number of epochs", "--epochs --num-epochs"),
        Option("-b --batchsize --batch-size", SIZE, 32, "examples per update"),
        OPTIMIZER,
        Option(
            "--lr --lrate",
            POSITIVE,
            None,
            "learning rate (default: 0.001 for adam, else the optimizer's own)",
            "--learning-rate",
        ),
        Option(
            "--schedule",
            choice(*SCHEDULES),
            CONSTANT,
            "learning rate: constant, by --lr-decay after stalls, or over all epochs to 0 by a half cosine or "
            "in a line, or by a slanted triangle (ULMFiT)",
        ),
        Option("--lr-decay", FRACTION, 0.5, "factor of the learning rate after each validation without a lower error"),
        WARMUP,
        Option("--layer-decay", FRACTION, 1.0, "share of a layer's learning rate that the one below it has"),
        Option(
            "--thaw",
            WHOLE,
            0,
            "epochs until the next layer learns too, from the last one down; 0: all do at once",
        ),
        Option("--decay-c", NOT_NEGATIVE, 0.0, "weight decay of the last layer, added to the loss"),
        WEIGHT_DECAY,
        AVERAGE,
        GRADCLIP,
        Option("--patience", COUNT, 10, "validations in a row without a lower error before training stops"),
        Option("--valid-freq --validFreq", COUNT, None, "updates between two validations (default: an epoch)"),
        Option("--save-freq --saveFreq", COUNT, None, "updates between two checkpoints (default: five minutes)"),
        Option("--disp-freq --dispFreq", COUNT, None, "updates between two lines of loss (default: none)"),
        Option("--sort-by-len", SWITCH, False, "batches of texts of similar length, which is faster"),
        TENSORBOARD,
        TRAINING_SEED,
    ],
}
MAY_CHANGE = {"device", "disp_freq", "epoch", "patience", "precision", "save_freq", "tensorboard"}  # on --resume

PREDICT = {
    "input and output": [
        Option("run", RUN, REQUIRED, "run directory"),
        Option("files", FILE, [], "files of lines, or of MIDI (default: lines from standard input)"),
        ENCODING,
        Option("--json", FLAG, False, "a JSON object per line, with the probability of every class"),
        Option("--explain", FLAG, False, "show the share of each word in the decision"),
        Option(
            "--by",
            choice(*predictor.BY),
            "leave-one-out",
            "measure of a share: p without the word, or gradient times input",
        ),
        Option("--color", choice("auto", "always", "never"), "auto", "shares as colors; auto: on a terminal"),
        ON_DEVICE,
    ],
}
EVALUATE = {
    "input and output": [
        Option("run", RUN, REQUIRED, "run directory"),
        Option("corpus", FILE, [], "labeled examples (default: the test examples of the training)"),
        *POS_NEG,
        *READING,
        Option("-o --out", FILE, None, "picture of the confusion matrix (default: confusion.png in the run)"),
        ON_DEVICE,
    ],
}
