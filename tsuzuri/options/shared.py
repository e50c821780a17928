"""Options that training a language model and a classifier have in common."""

from tsuzuri.options.option import Option
from tsuzuri.options.values import COUNT, FLAG, POSITIVE, SEED, choice
from tsuzuri.training.optimizers import OPTIMIZERS

RESUME = Option("-r --resume", FLAG, False, "continue the run in --out where it stopped")
FORCE = Option("-f --force", FLAG, False, "replace a run that is already in --out")
MIN_COUNT = Option("--min-count", COUNT, None, "minimum count of a word, rarer ones become <unk> (default: 2, music 1)")
FREEZE_VECTORS = Option("--freeze-vectors", FLAG, False, "never update the word vectors")
FREEZE_EPOCHS = Option("--freeze-epochs", COUNT, None, "epochs before the word vectors are updated too")
OPTIMIZER = Option("--optimizer", choice(*OPTIMIZERS), "adam", "optimizer")
GRADCLIP = Option("-c --gradclip", POSITIVE, 5.0, "maximum gradient norm", "--grad-clip --clip")
TRAINING_SEED = Option("--seed", SEED, 0, "random seed")
