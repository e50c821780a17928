"""Text from a model: the prime as ids, words drawn until the texts end, and the texts that they are."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tsuzuri.api.drawing import Note, draw_ids
from tsuzuri.api.novelty import Novelty, gave_way_line
from tsuzuri.api.text_copies import TextCopies, printed_word
from tsuzuri.errors import UserError
from tsuzuri.midi.words import wordfile
from tsuzuri.midi.words.collect import is_music_path
from tsuzuri.options.values import shown
from tsuzuri.sampling.constraints import SingleBlankLines
from tsuzuri.sampling.endings import Ending
from tsuzuri.sampling.novelty import CopyLimit
from tsuzuri.text.normalization import normalize, other_spellings
from tsuzuri.text.paragraphs import beginning_lines
from tsuzuri.text.segmentation import part_by_words
from tsuzuri.text.sentences import sentence_rules
from tsuzuri.text.settings import DROP
from tsuzuri.text.subwords import is_byte
from tsuzuri.text.tokenizers import Tokenizer, tokenizer_of_run
from tsuzuri.text.vocabulary import EOS, SPECIAL, UNK, Vocabulary
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
        vocabulary, self.tokenizer = run.vocabulary, tokenizer_of_run(run.about, run.subwords)
        if self.tokenizer.dictionary != run.about["dictionary"]:
            made, here = run.about["dictionary"], self.tokenizer.dictionary
            note(f"note: {run.path} was tokenized with {made}, the one here is {here}")
        prime = normalize(prime, run.about["corpus"]["text"]["normalize"])
        prime = "\n".join(beginning_lines(prime, text_lines(run)))
        prime_ids = text_prime_ids(prime, self.tokenizer, vocabulary, args["unk"], run.path, note)
        self.count = args["num_samples"]
        constraint: Any = text_constraint(run, prime_ids, self.count)
        self._copies = TextCopies(run, self.tokenizer) if args["novelty"] or args["max_copy"] else None
        if self._copies and args["max_copy"]:
            constraint = CopyLimit(constraint, self._copies.runs(args["max_copy"], self.count))
        rows = constraint.follow(draw_ids(args, run, prime_ids, constraint, steady=constraint.steady))
        self._prime = [printed_word(i, vocabulary) for i in prime_ids[1:]]
        length = args["length"] or WORDS_A_SENTENCE * (args["sentences"] or 1)
        rules = args["sentences"], *sentence_rules(self.tokenizer.spaced, self._prime)
        self._endings = [Ending(length, *rules) for _ in range(self.count)]
        self._drawn: list[list[str]] = [[] for _ in range(self.count)]
        self._words = self._kept(words_until_ended(rows, vocabulary, self._endings), constraint, args["max_copy"], note)

    def _kept(
        self, words: Iterator[tuple[int, str]], constraint: object, limit: int | None, note: Note
    ) -> Iterator[tuple[int, str]]:
        """The words, each known to be drawn, and a note where a limit on copies had to give way."""
        for n, word in words:
            self._drawn[n].append(word)
            yield n, word
        if isinstance(constraint, CopyLimit) and constraint.gave_way:
            note(gave_way_line(limit, constraint.gave_way))

    def novelties(self) -> list[Novelty]:
        """How new each of the texts is, after its prime, where ``args`` asked for it."""
        assert self._copies is not None
        return [self._copies.novelty(words) for words in self._drawn]

    def copied(self) -> tuple[list[str], Novelty]:
        """The only text in pieces, of which the last are its new words, one each, and how new these are."""
        return list(self.tokenizer.pieces([*self._prime, *self._drawn[0]])), self.novelties()[0]

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


def text_constraint(run: Run, prime_ids: Sequence[int], count: int) -> SingleBlankLines:
    """What ``count`` texts of a run that begin with ``prime_ids`` may not have: unknown words, and idle blank lines.

    Bytes are read, but not written either: what they spell are characters too rare to have been learned.
    """
    as_they_come = text_lines(run) == DROP or len(run.vocabulary.words) == len(SPECIAL)  # of which no other is known
    never = [UNK, *(i for i, word in enumerate(run.vocabulary.words) if run.subwords and is_byte(word))]
    return SingleBlankLines(never, None if as_they_come else EOS, prime_ids, count)


def text_lines(run: Run) -> str:
    """What a run's settings say of lines."""
    return str(run.about["corpus"]["text"]["lines"])


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
        for word in _split_as_known(line, tokenizer, vocabulary, note):
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


def _split_as_known(line: str, tokenizer: Tokenizer, vocabulary: Vocabulary, note: Note) -> list[str]:
    """The words of a line, in the first of its spellings that has the fewest unknown ones."""

    def unknown(words: list[str]) -> int:
        return sum(not (word in vocabulary.ids or word.isspace()) for word in words)

    words = tokenizer.split(line)
    if not unknown(words):
        return words
    spellings = {spelling: tokenizer.split(spelling) for spelling in [line, *other_spellings(line)]}
    if tokenizer.name == "wakati":
        spellings |= {" ".join(words): words for words in [part_by_words(words, vocabulary.ids)]}
    best = min(spellings, key=lambda spelling: unknown(spellings[spelling]))
    if best != line:
        note(f"note: {shown(best)} for {shown(line)}")
    return spellings[best]


def _nearest_known(word: str, vocabulary: Vocabulary, unknown: str, run_path: str) -> str:
    """The known word nearest to one that is not; raises ``UserError`` where there is none, or it is not asked for."""
    nearest = vocabulary.nearest(word)
    if unknown == "nearest" and nearest:
        return nearest[0]
    if nearest:
        known, remedy = f"; {run_path} knows {_listed(nearest)}", "--unk skip or --unk nearest"
    else:
        examples = _listed(vocabulary.examples())
        known, remedy = f", and none is like it; {run_path} knows, for example, {examples}", "--unk skip"
    raise UserError(f"{shown(word)!r}: not a known word{known} ({remedy} goes on)")


def _listed(words: Iterable[str]) -> str:
    """Words for a message; one like an option of a command line is quoted."""
    return ", ".join(repr(word) if word.startswith("-") else word for word in words)


def check_unicode(prime: str) -> None:
    """Raise ``UserError`` for a text that holds half a character, as bytes in another encoding than UTF-8 become."""
    try:
        prime.encode()
    except UnicodeEncodeError as error:
        place = f"character {error.start + 1}, {prime[error.start]!r}, is none of Unicode"
        raise UserError(f"{shown(prime)!r}: {place}: must be text in UTF-8") from None


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
