"""Text from a model: the prime as ids, words drawn until the texts end, and the texts that they are."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tsuzuri.api.drawing import Note, draw_ids
from tsuzuri.errors import UserError
from tsuzuri.midi.words import wordfile
from tsuzuri.midi.words.collect import is_music_path
from tsuzuri.options.values import shown
from tsuzuri.sampling.constraints import forbid_ids
from tsuzuri.sampling.endings import Ending
from tsuzuri.text.tokenizers import Tokenizer, is_closing, is_sentence_end, tokenizer_of_run
from tsuzuri.text.vocabulary import Vocabulary
from tsuzuri.training.run import Run

WORDS_A_SENTENCE = 200  # at most, unless a length says otherwise


class GeneratedTexts:
    """Texts that follow the text ``prime``, drawn from a ``run``'s model as ``args`` say, options of generate.py.

    ``note`` is told what becomes of words of the prime that the model does not know. Raises ``UserError`` for such a
    word where ``args`` do not say what to do with it.
    """

    def __init__(self, run: Run, prime: str, args: Mapping[str, Any], note: Note) -> None:
        if os.path.isfile(prime) and is_music_path(prime):
            held = "words of MIDI" if prime.endswith(wordfile.SUFFIX) else "a MIDI file"
            raise UserError(f"{prime}: is {held}, and {run.path} was trained on text: must be words to begin with")
        check_unicode(prime)
        vocabulary, self.tokenizer = run.vocabulary, tokenizer_of_run(run.about)
        if self.tokenizer.dictionary != run.about["dictionary"]:
            made, here = run.about["dictionary"], self.tokenizer.dictionary
            note(f"note: {run.path} was tokenized with {made}, the one here is {here}")
        prime_ids = text_prime_ids(prime, self.tokenizer, vocabulary, args["unk"], run.path, note)
        rows = draw_ids(args, run, prime_ids, forbid_ids([vocabulary.ids["<unk>"]]), steady=True)
        self.count = args["num_samples"]
        self._prime = [printed_word(i, vocabulary) for i in prime_ids[1:]]
        length = args["length"] or WORDS_A_SENTENCE * (args["sentences"] or 1)
        rules = args["sentences"], is_sentence_end, is_closing, self._prime
        self._endings = [Ending(length, *rules) for _ in range(self.count)]
        self._words = words_until_ended(rows, vocabulary, self._endings)

    def stream(self) -> Iterator[str]:
        """Yield the only text piece by piece, each as soon as its word is drawn: the prime's words come first."""
        return self.tokenizer.pieces(itertools.chain(self._prime, (word for _, word in self._words)))

    def texts(self, stop: Callable[[], bool] = lambda: False) -> list[str]:
        """The texts, once they have all ended, or as far as they were drawn when ``stop()`` became true."""
        words = [list(self._prime) for _ in range(self.count)]
        for n, word in self._words:
            words[n].append(word)
            if stop():
                break
        return [self.tokenizer.join(text) for text in words]

    @property
    def whole(self) -> int:
        """The number of texts that have ended so far."""
        return sum(ending.over for ending in self._endings)


def text_prime_ids(
    text: str, tokenizer: Tokenizer, vocabulary: Vocabulary, unknown: str, run_path: str, note: Note
) -> list[int]:
    """The ids to begin with: the line end that stands before every line, then ``text`` split as the corpus was.

    ``unknown`` says what becomes of a word that is not in the vocabulary: "error" raises ``UserError``.
    """
    ids = [vocabulary.ids["<eos>"]]
    blank = False
    for number, line in enumerate(text.split("\n")):
        if number:
            ids.append(vocabulary.ids["<eos>"])
        for word in tokenizer.split(line):
            if word in vocabulary.ids and word != "<unk>":
                ids.append(vocabulary.ids[word])
            elif word.isspace():  # it parts two words, as in "灯台 海", and means nothing to a model that has seen none
                blank = True
            elif unknown == "skip":
                note(f"note: without {shown(word)}")
            else:
                ids.append(vocabulary.ids[_nearest_known(word, vocabulary, unknown, run_path)])
                note(f"note: {vocabulary.words[ids[-1]]} for {shown(word)}")
    if blank:
        note(f"note: without blanks between words, which {run_path} does not know")
    return ids


def _nearest_known(word: str, vocabulary: Vocabulary, unknown: str, run_path: str) -> str:
    """The known word nearest to one that is not; raises ``UserError`` where there is none, or it is not asked for."""
    nearest = vocabulary.nearest(word)
    if unknown == "nearest" and nearest:
        return nearest[0]
    if nearest:
        known, remedy = f"; {run_path} knows {', '.join(nearest)}", "--unk skip or --unk nearest"
    else:
        examples = ", ".join(vocabulary.examples())
        known, remedy = f", and none is like it; {run_path} knows, for example, {examples}", "--unk skip"
    raise UserError(f"{shown(word)!r}: not a known word{known} ({remedy} goes on)")


def check_unicode(prime: str) -> None:
    """Raise ``UserError`` for a text that holds half a character, as bytes in another encoding than UTF-8 become."""
    try:
        prime.encode()
    except UnicodeEncodeError as error:
        place = f"character {error.start + 1}, {prime[error.start]!r}, is none of Unicode"
        raise UserError(f"{shown(prime)!r}: {place}: must be text in UTF-8") from None


def printed_word(i: int, vocabulary: Vocabulary) -> str:
    """The word of an id as it is printed: the line end as a line end."""
    return "\n" if vocabulary.words[i] == "<eos>" else vocabulary.words[i]


def words_until_ended(
    rows: Iterable[Sequence[int]], vocabulary: Vocabulary, text_endings: Sequence[Ending]
) -> Iterator[tuple[int, str]]:
    """Yield (n, word) for each word of the n-th text, until all texts have ended."""
    for row in rows:
        for n, ending in enumerate(text_endings):
            word = printed_word(row[n], vocabulary)
            if not ending.over and ending.take(word):
                yield n, word
        if all(ending.over for ending in text_endings):
            return
