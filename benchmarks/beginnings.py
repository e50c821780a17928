"""How well a model begins: from the state that generating begins with, against what it does at later lines.

    python -m benchmarks.beginnings NOVEL.txt --units 128 --seeds 0

Trains twice, on the same words with the same seed: by windows that keep documents apart, with states of zeros where
segments begin, and by those of runs from before, a ring of all ids. For both: the loss of the first words of all lines,
and of documents where there are several, nats a word, from the state of zeros and an ``<eos>``, and where they stand,
with all of the text before them read; the chance of an opening bracket there; and perplexities, with the state carried.

No model without what came before can do better than the entropy of first words, which the last column shows.
"""

import argparse
import dataclasses
import math
import os
import tempfile
import time

import numpy

from tsuzuri.api.corpora import corpus_source, read_corpus
from tsuzuri.data import layout
from tsuzuri.kernels import devices
from tsuzuri.models.rnn import Sizes
from tsuzuri.options.resolve import defaults
from tsuzuri.options.train import TABLES
from tsuzuri.text.vocabulary import EOS
from tsuzuri.training import evaluation
from tsuzuri.training.language_model import LanguageModelTask
from tsuzuri.training.run import new_run
from tsuzuri.training.schemas import DOCUMENTS, LANGUAGE_MODEL, RING, LanguageModelRecipe
from tsuzuri.training.trainer import Trainer

BRACKET = "「"


def train(paths, folder, units, epochs, recipe):
    """The best model of a training by this recipe, and its corpus."""
    args = defaults(TABLES) | {"corpus": paths}
    source = corpus_source(args, ["corpus"])
    corpus = read_corpus(source, recipe)
    about = {
        "kind": source["kind"],
        "tokens": corpus.tokenizer.name,
        "dictionary": corpus.tokenizer.dictionary,
        "sizes": dataclasses.asdict(Sizes(len(corpus.vocabulary), units)),
        "recipe": dataclasses.asdict(dataclasses.replace(recipe, epoch=epochs)),
        "vectors": None,
        "corpus": source | {"relative": {}, "fingerprint": corpus.fingerprint(), "report": corpus.report},
    }
    run = new_run(folder, about, corpus.vocabulary, LANGUAGE_MODEL)
    Trainer(run, LanguageModelTask(corpus, run.recipe), devices.choose("cpu")).train()
    return run.load_best(), corpus


def log_softmax(logits):
    shifted = logits.astype("d") - logits.max()
    return shifted - math.log(numpy.exp(shifted).sum())


def first_words(model, ids, lines, bracket):
    """Of the words at ``lines`` of ids: the mean loss and chance of a bracket from zeros, and in the text."""
    lines = set(lines)
    model.reset_state()
    fresh = log_softmax(model.step(numpy.array([EOS], "i"))[0])
    from_zeros = [-fresh[ids[n]] for n in lines]
    model.reset_state()
    in_text, chances = [], []
    for n, word in enumerate([EOS, *ids[:-1].tolist()]):
        logits = model.step(numpy.array([word], "i"))[0]
        if n in lines and n:
            log_p = log_softmax(logits)
            in_text.append(-log_p[ids[n]])
            chances.append(math.exp(log_p[bracket]))
    counts = numpy.bincount(ids[sorted(lines)])
    entropy = -sum(n / len(lines) * math.log(n / len(lines)) for n in counts[counts > 0])
    return numpy.mean(from_zeros), numpy.mean(in_text), math.exp(fresh[bracket]), numpy.mean(chances), entropy


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", nargs="+")
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--windows", nargs="+", default=[DOCUMENTS, RING], choices=[DOCUMENTS, RING])
    parser.add_argument("--reset", type=float, default=layout.RESET, help="chance of a beginning, a window and stream")
    args = parser.parse_args()
    layout.RESET = args.reset
    heads = "seed | windows | text | of | loss from zeros | in the text | P(「) from zeros | in the text | entropy"
    print(f"| {heads} | perplexity | seconds |\n|{'---|' * 11}")
    for seed in args.seeds:
        for how in args.windows:
            start = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                recipe = LanguageModelRecipe(seed=seed, windows=how)
                model, corpus = train(args.corpus, os.path.join(folder, "run"), args.units, args.epochs, recipe)
            seconds = time.perf_counter() - start
            bracket = corpus.vocabulary.ids.get(BRACKET, EOS)
            for split in ("train", "valid"):
                ids = getattr(corpus, split)
                loss = evaluation.evaluate_documents(model, ids, corpus.documents[split], carried=True)
                places = {"lines": layout.line_starts(ids), "documents": corpus.documents[split]}
                for name, starts in places.items():
                    if len(starts) > 1:
                        figures = [f"{value:.2f}" for value in first_words(model, ids, starts.tolist(), bracket)]
                        row = [str(seed), how, split, name, *figures, f"{math.exp(loss):.2f}", f"{seconds:.0f}"]
                        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
