"""A trained classifier that reads words: their classes, and which of the words decided."""

import numpy

from tsuzuri.data import dataset
from tsuzuri.printable import printable, printable_json
from tsuzuri.training import evaluation, explain

BY = ("leave-one-out", "gradient")


class Predictor:
    """The best model of a classifier's ``run``, on a ``device`` of Chainer's."""

    def __init__(self, run, device):
        self.run, self._classes = run, run.about["classes"]
        self.model = run.load_best()
        self.model.to_device(device)
        corpus = run.about["corpus"]
        self._cut = (corpus["maxlen"], corpus["truncate"]) if corpus["truncate"] else None
        counts = numpy.array(corpus["report"]["classes"]["train"], "d")
        self._prior = counts / counts.sum()

    def read(self, words):
        """What the model reads of a list of words: those that are left of it where it was trained on cut texts."""
        return dataset.truncated(words, *self._cut) if self._cut else words

    def probabilities(self, texts):
        """Of every class for each text, a list of words: a list of arrays (K,), None for a text of no words."""
        sequences = [self.run.vocabulary.encode(self.read(words)) for words in texts]
        there = [n for n, ids in enumerate(sequences) if len(ids)]
        rows = dict(zip(there, evaluation.class_probabilities(self.model, [sequences[n] for n in there]), strict=True))
        return [rows.get(n) for n in range(len(texts))]

    def shares(self, words, guess, by):
        """The share of each of the words that are read in the probability of the class ``guess``; (R,).

        Left out, the words of a text of more than ``explain.MOST`` share what a run of them has.
        """
        ids = self.run.vocabulary.encode(self.read(words))
        if by == "gradient":
            return self.model.influence(ids, guess)

        def probability(sequences):
            return evaluation.class_probabilities(self.model, sequences)[:, guess]

        return explain.leave_one_out(ids, probability, self._prior[guess])

    def line(self, passage, p, by=None, color=False):
        """Class, probability and text of a ``Passage``, tabs between them; an empty line for one of no words.

        ``p`` (K,) is of ``probabilities``; with ``by`` the text shows its words' shares, with or without ``color``.
        Without ``by`` the text is as it was read: only the class is made printable.
        """
        if p is None:
            return ""
        guess, text = int(p.argmax()), passage.text
        if by:
            text = explain.show_shares(self.read(passage.pieces), self.shares(passage.words, guess, by), color)
        return f"{printable(self._classes[guess])}\t{p[guess]:.3f}\t{text.strip()}"

    def as_json(self, passage, p, by=None):
        """The class of a ``Passage``, the probability of every class, and with ``by`` its words with their shares."""
        fields = {"text": passage.text, "class": None}
        if p is not None:
            guess = int(p.argmax())
            odds = {name: round(x, 6) for name, x in zip(self._classes, p.tolist(), strict=True)}
            fields |= {"class": self._classes[guess], "probabilities": odds}
            if by:
                shares = self.shares(passage.words, guess, by).tolist()
                fields["words"] = [[w, round(x, 6)] for w, x in zip(self.read(passage.words), shares, strict=True)]
        return printable_json(fields)
