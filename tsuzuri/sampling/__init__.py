"""From logits to words. The model and the grammar are arguments.

filters.py      temperature, top-k, top-p, the draw
constraints.py  words that must not be drawn
suffixes.py     the places of a corpus in the order of what follows each
novelty.py      what of new words is copied, and a limit on it
loops.py        a way out of loops
cache.py        a neural cache: what a text has had lately becomes likelier
endings.py      where a text ends
stream.py       an endless stream of words from a model and a sampler, or from a writer on a GPU
"""
