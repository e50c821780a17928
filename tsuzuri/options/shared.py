"""Options that training a language model and a classifier have in common."""

from tsuzuri.options.option import Option
from tsuzuri.options.values import COUNT, FILE, FLAG, KEPT, NAME, POSITIVE, SEED, SHARE, choice
from tsuzuri.text import settings, tokenizers
from tsuzuri.text.settings import FORMS, UNIDIC_LITE
from tsuzuri.training.optimizers import OPTIMIZERS

ENCODING = Option("--encoding", NAME, "auto", "encoding of the files: auto, or a codec's name such as cp1252")
TOKENS = Option("--tokens", choice("auto", *tokenizers.NAMES), "auto", "tokenizer; auto chooses by the text")
DICTIONARIES = [
    Option("--dictionary", FILE, UNIDIC_LITE, "MeCab's dictionary: unidic-lite, ipadic, unidic, or a folder"),
    Option("--user-dictionary", FILE, None, "MeCab's dictionary of one's own words, such as NEologd, beside the other"),
]
NORMALIZE = Option("--normalize", choice(*FORMS), FORMS[0], "form of Unicode of all texts")
MAX_TEXT = Option("--max-text", COUNT, settings.MAX_TEXT, "megabytes that one archive may unpack to")
RESUME = Option("-r --resume", FLAG, False, "continue the run in --out where it stopped")
FORCE = Option("-f --force", FLAG, False, "replace a run that is already in --out")
MIN_COUNT = Option("--min-count", COUNT, None, "minimum count of a word, rarer ones become <unk> (default: 2, music 1)")
FREEZE_VECTORS = Option("--freeze-vectors", FLAG, False, "never update the word vectors")
FREEZE_EPOCHS = Option("--freeze-epochs", COUNT, None, "epochs before the word vectors are updated too")
OPTIMIZER = Option("--optimizer", choice(*OPTIMIZERS), "adam", "optimizer")
GRADCLIP = Option("-c --gradclip", POSITIVE, 5.0, "maximum gradient norm", "--grad-clip --clip")
WEIGHT_DECAY = Option("--weight-decay", SHARE, 0.0, "decoupled weight decay (AdamW)")
AVERAGE = Option("--average", KEPT, 0.0, "share that a running mean of the weights keeps at each update; 0 for no mean")
WARMUP = Option("--warmup", SHARE, 0.0, "share of all epochs in which the learning rate rises (slanted: 0.1)")
TRAINING_SEED = Option("--seed", SEED, 0, "random seed")
TENSORBOARD = Option("--tensorboard", FLAG, False, "events for TensorBoard, in the run's folder tensorboard")
