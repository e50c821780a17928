"""From logits to words. The model and the grammar are arguments.

filters.py      temperature, top-k, top-p, the draw
constraints.py  what may not be drawn
loops.py        the way out of a loop
endings.py      where a text ends
stream.py       a model and a sampler, or a writer on a GPU, to words without end
"""
