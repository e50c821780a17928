"""How long it takes to see what a text copies of a corpus, by the corpus' words: the index, then a text of 2,000 words.

python -m benchmarks.novelty_speed FILE_OR_FOLDER...    # texts of which the words are; repeated where they are too few
"""

import sys

import numpy

from benchmarks.rounds import best_seconds
from tsuzuri.data.corpus import build_text_corpus
from tsuzuri.sampling.suffixes import Suffixes

SIZES = (100_000, 1_000_000, 4_000_000)
TEXT = 2_000  # words, a tenth of them others than in the corpus


def ids_of(paths, count):
    """So many ids of texts, of which each further copy has a tenth of its words changed: no corpus is there twice."""
    ids, rng = build_text_corpus(paths).train, numpy.random.default_rng(0)
    parts = [ids]
    while sum(map(len, parts)) < count:
        parts.append(numpy.where(rng.random(len(ids)) < 0.1, rng.permutation(ids), ids))
    return numpy.concatenate(parts)[:count]


def main(paths):
    print("| words | index, seconds | a text of 2,000 words, seconds | words drawn a second under a limit of 8 |")
    print("|---|---|---|---|")
    whole, rng = ids_of(paths, SIZES[-1]), numpy.random.default_rng(1)
    for size in SIZES:
        ids = whole[:size]
        index, text = Suffixes(ids), ids[1000 : 1000 + TEXT].astype(int)
        text[rng.random(TEXT) < 0.1] = 2
        limit = best_seconds(
            lambda ids=text, index=index: [index.following(ids[i : i + 8].tolist()) for i in range(500)]
        )
        took = best_seconds(Suffixes, ids), best_seconds(index.longest_matches, text)
        print(f"| {size:,} | {took[0]:.3f} | {took[1]:.4f} | {500 / limit:,.0f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
