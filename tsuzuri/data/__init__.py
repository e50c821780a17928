"""Words to what a model reads.

corpus.py         texts or tunes to ids: splits, counts, the corpus report
text_stream.py    texts in ids, one after another, and cut into splits
places.py         where in the training part each text or tune begins
duplicates.py     texts and lines that are the same, told by digests
advice.py         warnings of a corpus whose figures will say little
remarks.py        what was amiss in texts, for a report and people
characters.py     words as characters, and a loss as bits a character
layout.py         documents to the (T, B) windows of an epoch of truncated BPTT, and to those of an evaluation
windows.py        the same as runs from before have it: all ids as a ring
labeled.py        files of labeled texts: lines, tables, a folder a class
tables.py         the lines of such files as labels and texts
preprocessing.py  labeled texts or tunes to words, by a rule that a run keeps
dataset.py        labeled words to splits, vocabulary and ids
splits.py         what is held out: by class, and never one text on both sides
packing.py        sequences of different lengths to packed rows, without padding
"""
