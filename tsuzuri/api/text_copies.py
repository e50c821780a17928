"""Texts against the words that their run was trained on: how new they are, and a limit on what is copied."""

from __future__ import annotations

from collections.abc import Sequence

import numpy

from tsuzuri.api.novelty import Copy, Novelty, measure, trained_on
from tsuzuri.sampling.novelty import WordRun
from tsuzuri.sampling.suffixes import UNKNOWN, Suffixes
from tsuzuri.text.normalization import normalize
from tsuzuri.text.tokenizers import Tokenizer
from tsuzuri.text.vocabulary import UNK, Vocabulary
from tsuzuri.training.run import Run

CONTEXT = 8  # words before and after a copy that are shown


def printed_word(i: int, vocabulary: Vocabulary) -> str:
    """The word of an id as it is printed: the line end as a line end."""
    return "\n" if vocabulary.words[i] == "<eos>" else vocabulary.words[i]


class TextCopies:
    """What a ``run`` of text was trained on, to be looked up in; raises ``UserError`` where that is not to be had."""

    def __init__(self, run: Run, tokenizer: Tokenizer) -> None:
        self._kept, self._vocabulary, self._tokenizer = trained_on(run), run.vocabulary, tokenizer
        self._spelling = run.about["corpus"]["text"]["normalize"]
        self._suffixes = Suffixes(self._kept.ids)

    def runs(self, most: int, count: int) -> list[WordRun]:
        """For each of ``count`` texts what forbids copies of more than ``most`` words."""
        return [WordRun(self._suffixes, most) for _ in range(count)]

    def split(self, text: str) -> list[str]:
        """The words of a text, split and spelled as the corpus was, with "\\n" between its lines."""
        lines = normalize(text, self._spelling).split("\n")
        return [word for n, line in enumerate(lines) for word in ["\n"] * bool(n) + self._tokenizer.split(line)]

    def novelty(self, words: Sequence[str]) -> Novelty:
        """How new words are, of which a line end is "\\n"; an unknown word is no copy of anything."""
        ids = [self._vocabulary.ids.get("<eos>" if word == "\n" else word, UNKNOWN) for word in words]
        ids = [UNKNOWN if i == UNK else i for i in ids]
        lengths = self._suffixes.longest_matches(numpy.array(ids, numpy.int64))
        left = numpy.arange(len(ids), 0, -1)
        return measure("words", lengths, left, lambda start, length: self._copy(ids[start : start + length], start))

    def _copy(self, ids: list[int], start: int) -> Copy:
        places = self._suffixes.places(ids)
        place, length = int(places[0]), len(ids)
        before, passage, after = (
            self._text(part)
            for part in (
                range(place - CONTEXT, place),
                range(place, place + length),
                range(place + length, place + length + CONTEXT),
            )
        )
        name, line = self._kept.name_at(place), self._kept.line_at(place)
        return Copy(start, length, passage, name, line, before, after, len(places))

    def _text(self, places: range) -> str:
        inside = [i for i in places if 0 <= i < len(self._kept.ids)]
        return self._tokenizer.join(printed_word(int(self._kept.ids[i]), self._vocabulary) for i in inside)
