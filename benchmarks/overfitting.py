"""How trainings went, a row each: whether a model knows its own text better than any other, and how it begins.

    python -m benchmarks.overfitting runs/a runs/b

Of the best model: the epoch that it is of, and of how many; the training loss as the log has it, with dropout, and
without, as validation is read; bits a character, by which runs of other words compare; the loss of the first words of
validation lines and the chance of 「 there, from the state that generating begins with and where they stand.
"""

import argparse
import math

import tsuzuri
from benchmarks.beginnings import BRACKET, first_words
from benchmarks.passages import row, source_of
from tsuzuri.api.corpora import read_corpus
from tsuzuri.data import layout
from tsuzuri.errors import UserError
from tsuzuri.text.vocabulary import EOS
from tsuzuri.training import evaluation
from tsuzuri.training.run import load_run

HEADS = (
    *("run", "best epoch", "of", "train loss, with dropout", "without", "valid loss", "perplexity", "bits a character"),
    *("first words from zeros", "in the text", "P(「) from zeros", "in the text"),
)


def figures(path):
    """The cells of a run's row."""
    run, history = load_run(path), tsuzuri.load(path, "text").history
    if not history:
        raise UserError(f"{path}: has done no epoch yet")
    best = [entry for entry in history if entry["best"]][-1]
    known = run.vocabulary.words if run.about["start"] else ()
    corpus, model = read_corpus(source_of(run), run.recipe, subwords=run.subwords, known=known), run.load_best()
    if corpus.vocabulary.words != run.vocabulary.words:
        raise UserError(f"{path}: its corpus has other words by now")
    losses = [
        evaluation.evaluate_documents(model, getattr(corpus, split), corpus.documents[split], carried=True)
        for split in ("train", "valid")
    ]
    lines = layout.line_starts(corpus.valid).tolist()
    first = first_words(model, corpus.valid, lines, corpus.vocabulary.ids.get(BRACKET, EOS))[:4]
    yield from (path, str(best["epoch"]), str(len(history)))
    yield from (f"{loss:.3f}" for loss in (best["train_loss"], *losses))
    yield from (f"{math.exp(losses[1]):.1f}", f"{best.get('valid_bits_per_character', math.nan):.3f}")
    yield from (f"{figure:.2f}" for figure in first)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", nargs="+", metavar="RUN")
    args = parser.parse_args()
    row(*HEADS)
    print(f"|{'---|' * len(HEADS)}")
    try:
        for path in args.runs:
            row(*figures(path))
    except UserError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
