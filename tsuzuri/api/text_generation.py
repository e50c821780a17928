"""Text from a model: the prime as ids, words drawn until the texts end, and the texts that they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tsuzuri.api.drawing import Note, best_rows, draw_ids, no_choice_line, rows_for_each
from tsuzuri.api.growing_text import GrowingText
from tsuzuri.api.novelty import Novelty, gave_way_line
from tsuzuri.api.prompts import Prompt
from tsuzuri.api.text_constraints import (
    depth_counter,
    knows_brackets,
    run_brackets,
    run_followers,
    text_constraints,
    text_lines,
)
from tsuzuri.api.text_copies import TextCopies, printed_word
from tsuzuri.errors import UserError
from tsuzuri.midi.words import wordfile
from tsuzuri.midi.words.sources import is_music_path
from tsuzuri.options.values import shown
from tsuzuri.sampling.endings import Ending
from tsuzuri.sampling.novelty import CopyLimit
from tsuzuri.sampling.primes import Primes
from tsuzuri.sampling.scores import WordScores
from tsuzuri.text.normalization import normalize, other_spellings
from tsuzuri.text.paragraphs import beginning_lines
from tsuzuri.text.segmentation import part_by_words
from tsuzuri.text.sentences import sentence_rules
from tsuzuri.text.tokenizers import Tokenizer, tokenizer_of_run
from tsuzuri.text.vocabulary import Vocabulary
from tsuzuri.training.run import Run

WORDS_A_SENTENCE = 200  # at most, unless a length says otherwise


class GeneratedTexts:
    """Texts that follow the text ``prime``, drawn from a ``run``'s model as ``args`` say, options of generate.py.

    Where there are ``prompts``, ``args["num_samples"]`` texts follow each of them, in their order, and all are drawn
    side by side. ``note`` is told what becomes of words of a prime that the model does not know. Raises ``UserError``
    for such a word where ``args`` do not say what to do with it.
    """

    def __init__(
        self, run: Run, prime: str, args: Mapping[str, Any], note: Note, prompts: Sequence[Prompt] | None = None
    ) -> None:
        prompts = [Prompt("", prime)] if prompts is None else prompts
        self._run, self._best_of, vocabulary = run, args["best_of"], run.vocabulary
        self.tokenizer = tokenizer_of_run(run.about, run.subwords)
        if self.tokenizer.dictionary != run.about["dictionary"]:
            made, here = run.about["dictionary"], self.tokenizer.dictionary
            note(f"note: {run.path} was tokenized with {made}, the one here is {here}")
        each = rows_for_each(args, len(prompts))
        beginnings = [self._beginning(prompt, args["unk"], note) for prompt in prompts]
        primes = Primes([ids for ids in beginnings for _ in range(each)])
        self.count = len(prompts) * args["num_samples"]
        length = args["length"] or WORDS_A_SENTENCE * (args["sentences"] or 1)
        on = knows_brackets(run) if args["brackets"] is None else args["brackets"]
        signs = run_brackets(run) if on else {}
        constraints: Any = text_constraints(run, primes, length, signs, run_followers(run, args["signs"]))
        self._copies = TextCopies(run, self.tokenizer) if args["novelty"] or args["max_copy"] else None
        self._most, self._note, self._args = args["max_copy"], note, args
        if self._copies and self._most:
            runs = self._copies.runs(self._most, len(primes))
            constraints = CopyLimit(constraints, runs, primes.given, self._growing)
        self._constraints, self._scores = constraints, WordScores() if self._best_of > 1 else None
        self._rows = constraints.follow(draw_ids(args, run, primes, constraints, scores=self._scores))
        form = run.about["corpus"]["text"]["normalize"]
        stops = [normalize(text, form) for text in args["stop"]]
        self._texts = []
        for ids, extra in zip([ids for ids in beginnings for _ in range(each)], primes.extra.tolist(), strict=True):
            words = [printed_word(i, vocabulary) for i in ids[1:]]
            rules = sentence_rules(self.tokenizer.spaced, words, depth_counter(run, signs))
            ending = Ending(length, args["sentences"], *rules)
            self._texts.append(GrowingText(words, extra, ending, stops, self.tokenizer.pieces, self.tokenizer.cuts))

    def _beginning(self, prompt: Prompt, unknown: str, note: Note) -> list[int]:
        """The ids of a prompt; what is wrong with it, or was changed, is told with its place."""
        text, place = prompt.text, f"{prompt.place}: " if prompt.place else ""
        if not place and os.path.isfile(text) and is_music_path(text):
            held = "words of MIDI" if text.endswith(wordfile.SUFFIX) else "a MIDI file"
            raise UserError(f"{text}: is {held}, and {self._run.path} was trained on text: must be words to begin with")

        def note_here(line: str) -> object:
            return note(f"note: {place}{line.removeprefix('note: ')}")

        try:
            check_unicode(text)
            text = normalize(text, self._run.about["corpus"]["text"]["normalize"])
            text = "\n".join(beginning_lines(text, text_lines(self._run)))
            return text_prime_ids(text, self.tokenizer, self._run.vocabulary, unknown, self._run.path, note_here)
        except UserError as error:
            raise UserError(f"{place}{error}") from None

    def _grow(self) -> Iterator[str]:
        """Yield what each word adds to a text, until all have ended."""
        for row in self._rows:
            last = self._scores.last if self._scores else None
            for n, text in enumerate(self._texts):
                if not text.over:
                    chance = float(last[n]) if last is not None else 0.0
                    yield text.take(printed_word(row[n], self._run.vocabulary), chance)
            if all(text.over for text in self._texts):
                break

    def _growing(self, row: int) -> bool:
        return not self._texts[row].over

    def tell(self) -> None:
        """Tell the note, once, of what could not be kept to: when the text is shown."""
        if isinstance(self._constraints, CopyLimit) and self._constraints.gave_way:
            self._note(gave_way_line(self._most, self._constraints.gave_way))
        self._constraints = None

    def novelties(self) -> list[Novelty]:
        """How new each of the texts is, after its prime, where ``args`` asked for it."""
        assert self._copies is not None
        return [self._copies.novelty(text.words) for text in self._kept()]

    def copied(self) -> tuple[list[str], Novelty]:
        """The only text in pieces, of which the last are its new words, one each, and how new these are."""
        text = self._kept()[0]
        pieces = list(self.tokenizer.pieces([*text.prime, *text.words]))
        whole = text.text()
        rest = whole[len("".join(pieces)) :]  # of a word that a stop text has cut
        return [*pieces[:-1], "".join(pieces[-1:]) + rest], self.novelties()[0]

    def stream(self, stop: Callable[[], bool] = lambda: False) -> Iterator[str]:
        """Yield the only text piece by piece, each as soon as it is sure: the prime's words come first.

        The best of several is one piece. Where ``stop()`` becomes true the text ends early. ``tell`` is for afterwards.
        """
        if len(self._texts) > 1:
            yield self.texts(stop)[0]
            return
        (text,) = self._texts
        yield from list(text.pieces)
        for piece in self._grow():
            if piece:
                yield piece
            if stop():
                break
        shown = "".join(text.pieces)
        yield from filter(None, [text.text().removeprefix(shown)])

    def texts(self, stop: Callable[[], bool] = lambda: False) -> list[str]:
        """The texts, once they have all ended, or as far as they were drawn when ``stop()`` became true."""
        for _ in self._grow():
            if stop():
                break
        self.tell()
        line = no_choice_line([text.words for text in self._texts], self._args) if self.whole == self.count else ""
        if line:
            self._note(line)
        return [text.text() for text in self._kept()]

    def means(self) -> list[float]:
        """The mean log-probability of each text's words in nats, where the best of several was kept."""
        return [text.mean for text in self._kept()]

    def _kept(self) -> list[GrowingText]:
        return [self._texts[row] for row in best_rows([text.mean for text in self._texts], self._best_of)]

    @property
    def whole(self) -> int:
        """The number of texts that have ended so far."""
        return sum(text.over for text in self._kept())


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
