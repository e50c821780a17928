"""What a run directory holds, by kind of model: the two schemas side by side.

A ``Schema`` says what run.json and a checkpoint may hold, which dataclasses they become, and which model is built.
"""

from tsuzuri.training.classifier_schema import CLASSIFIER
from tsuzuri.training.hyperparameters import DOCUMENTS, RING, ClassifierRecipe, LanguageModelRecipe
from tsuzuri.training.language_model_schema import LANGUAGE_MODEL
from tsuzuri.training.schema import HISTORY, PRECISIONS, SUBWORDS, VALID_BITS, Schema, check_marks

__all__ = [
    "CLASSIFIER",
    "DOCUMENTS",
    "EVERY_FILE",
    "HISTORY",
    "LANGUAGE_MODEL",
    "PRECISIONS",
    "RING",
    "RUN_FILES",
    "SCHEMAS",
    "SUBWORDS",
    "VALID_BITS",
    "ClassifierRecipe",
    "LanguageModelRecipe",
    "Schema",
    "check_marks",
]

SCHEMAS = (LANGUAGE_MODEL, CLASSIFIER)
EVERY_FILE = tuple(dict.fromkeys(name for schema in SCHEMAS for name in schema.files))  # of whatever kind
RUN_FILES = (*EVERY_FILE, "run.json")  # without the last there is no run
