"""From logits to words. The model and the grammar are arguments.

filters.py      repetition penalty, no-repeat n-grams, temperature, top-k, top-p, min-p, typical, the draw
constraints.py  words that must not be drawn: unknown ones, idle blank lines, brackets out of order, and after others
nesting.py      which brackets are open
loops.py        a way out of loops
history.py      the words so far, which filters look back at
primes.py       beginnings of different lengths, side by side
suffixes.py     the places of a corpus in the order of what follows each
novelty.py      what of new words is copied, and a limit on it
cache.py        a neural cache: what a text has had lately becomes likelier
endings.py      where a text ends
stops.py        texts that end a text
scores.py       how likely a model finds what was drawn
stream.py       an endless stream of words from a model and a sampler, or from a writer on a GPU
"""
