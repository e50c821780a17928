"""What options of writing do to the text: passages drawn with each set of them, counted beside real ones.

    python -m benchmarks.passages runs/holmes                             # the sets of docs/recipes.md
    python -m benchmarks.passages runs/a runs/b --options "--top-p 0.9"   # no options, and one set; of two runs

All sets have the same seed. Real passages of as many words, which begin where lines do, are cut from the text that was
held out, validation and test, and from what was trained on. ``passage_counts.py`` says what is counted.
"""

import argparse
import math
import shlex
import warnings

import tsuzuri
from benchmarks.passage_counts import COLUMNS, Passages
from tsuzuri.api.corpora import read_corpus
from tsuzuri.api.novelty import SPLITS
from tsuzuri.api.resuming import source_files
from tsuzuri.api.scored_inputs import words_of_file
from tsuzuri.api.text_constraints import bracket_habits_of_run
from tsuzuri.api.text_copies import TextCopies, printed_word
from tsuzuri.errors import UserError
from tsuzuri.options.command_line import read_command_line
from tsuzuri.options.generate import TABLES
from tsuzuri.text.tokenizers import tokenizer_of_run
from tsuzuri.training.run import load_run

SETS = (
    "",
    "--temperature 0.1",
    "--temperature 0.1 --escape off",
    "--temperature 0.3",
    "--temperature 0.5",
    "--temperature 0.8",
    "--temperature 0.9",
    "--temperature 1.2",
    "--top-p 0.9",
    "--top-p 0.9 --temperature 0.8",
    "--top-k 20",
    "--min-p 0.02",
    "--min-p 0.05",
    "--min-p 0.1",
    "--typical 0.9",
    "--no-repeat 4",
    "--temperature 0.5 --no-repeat 4",
    "--repetition-penalty 1.2",
    "--temperature 0.5 --repetition-penalty 1.2",
    "--temperature 0.8 --repetition-penalty 1.2",
    "--max-copy 8",
    "--max-copy 5",
    "--brackets off",
    "--sentences 6 --length 400",
)


def row(*cells):
    print(f"| {' | '.join(cells)} |", flush=True)


def figures(drawn):
    """A row's cells for some ``Passages``."""
    for count, form in COLUMNS.values():
        value = count(drawn)
        yield "" if value is None else "–" if math.isnan(value) else form.format(value)


def cut(words, length, most):
    """Passages of ``length`` words, which may overlap: from each line that so many are left of, or ``most`` of them.

    One after another they would begin after long lines more often than a line does.
    """
    lines = [0, *(n + 1 for n, word in enumerate(words) if word == "\n")]
    starts = [start for start in lines if start + length <= len(words)]
    every = max(1, len(starts) / most)
    return [words[start : start + length] for start in (starts[int(n * every)] for n in range(min(most, len(starts))))]


def source_of(run):
    """What a run of text says of its corpus, as ``read_corpus`` takes it, wherever its files are now."""
    kept = run.about["corpus"]
    files = {name: source_files(run, name) for name in SPLITS}
    return kept | files | {"kind": "text", "text": kept["text"] | {"tokens": run.about["tokens"]}}


def corpus_of(run):
    """The corpus of a run of text, all words of it known, those that the run does not know too."""
    source = source_of(run)
    every = {word for name in SPLITS for path in source[name] for word in words_of_file(run, path, print)}
    return read_corpus(source | {"vocab_size": None}, run.recipe, subwords=run.subwords, known=sorted(every))


def passages_of(corpus, ids, length, most):
    """``cut`` of a part of a corpus."""
    return cut([printed_word(i, corpus.vocabulary) for i in ids.tolist()], length, most)


def draw(path, options, count, length, seed, split):
    """Passages of a run by options as ``generate.py`` has them, and what was warned of, as of copies."""
    given = {"length": length, "seed": seed} | read_command_line(TABLES, shlex.split(options))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        texts = tsuzuri.load(path, "text").generate_many(count, **given)
    return [split(text) for text in texts], [str(warning.message) for warning in told]


def print_passages(path, args):
    """The table of a run: real passages, then those of each set of options."""
    run = load_run(path)
    copies = TextCopies(run, tokenizer_of_run(run.about, run.subwords))
    pairs = bracket_habits_of_run(run).pairs
    corpus, length = corpus_of(run), args.length
    held_out = [passage for ids in (corpus.valid, corpus.test) for passage in passages_of(corpus, ids, length, args.n)]
    trained = passages_of(corpus, corpus.train, length, args.n)
    row(path, *COLUMNS)
    print(f"|{'---|' * (len(COLUMNS) + 1)}")
    row(f"held out, {len(held_out)}", *figures(Passages(held_out, pairs, copies.novelty)))
    row(f"trained on, {len(trained)}", *figures(Passages(trained, pairs)))
    for options in SETS if args.options is None else ["", *args.options]:
        drawn, told = draw(path, options, args.n, length, args.seed, copies.split)
        row(f"`{options}`" if options else "no options", *figures(Passages(drawn, pairs, copies.novelty)))
        if args.show:
            print("\n\n".join("".join(words) for words in drawn[: args.show]), end="\n\n")
        for line in told:
            print(line)
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("-n", type=int, default=200, help="passages to draw with each set (default: 200)")
    parser.add_argument("--length", type=int, default=100, help="words in a passage (default: 100)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--options", nargs="+", help="sets of options of generate.py, each in quotes")
    parser.add_argument("--show", type=int, default=0, help="passages to print of each set")
    args = parser.parse_args()
    try:
        for path in args.runs:
            print_passages(path, args)
    except UserError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
