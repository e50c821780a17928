"""Subwords: the pieces of SentencePiece's unigram model (Kudo, 2018), learned from the text that is trained on.

Pieces are text as it stands, white space and all, so that a line is its pieces one after another. What no piece has,
rare characters and those never seen, is spelled in the bytes of its UTF-8, each a word such as ``<0xE3>``: no text has
an unknown word. The model's file is one of SentencePiece, but for four characters that it keeps for itself, which have
others in their place.
"""

import functools
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tsuzuri.errors import UserError, lacks_memory

BYTES = 256  # words that are bytes
META = 2  # <eos> and <unk>
MOST = 8000  # words of a vocabulary, unless it is asked for more, or the text has more characters than that
CHARACTERS_A_PIECE = 200  # of the training text, at least, for each piece that is more than a character
LEARNED_FROM = 10_000_000  # characters of text at most: of a longer one lines at equal distances
LONGEST = 1000  # characters that are learned from at once
INSTALL = "python -m pip install sentencepiece"

_SPACE = "\u2581"  # SentencePiece's sign for a space
# Kept by SentencePiece for itself; the next stand in their place, which are no characters of Unicode
_KEPT = "\0\t\u2581\u2585"
_STAND_INS = "\ufdd0\ufdd1\ufdd2\ufdd3"
_TO_MODEL = str.maketrans(_KEPT + " ", _STAND_INS + _SPACE)
_FROM_MODEL = str.maketrans(_STAND_INS + _SPACE, _KEPT + " ")
_NEVER = re.compile("[\r\n\ud800-\udfff\ufdd0-\ufdd3]")  # in a piece
_BYTE = re.compile("<0x([0-9A-F]{2})>")
# Between the end of a sentence and what follows: no piece goes beyond it, as sentences are counted by it
_BEYOND_SENTENCE = re.compile(
    "(?<=[。．｡。！？!?.؟।]|[」』）)”’】〉》≫\\]\"'])(?![。．｡！？!?.؟।…」』）)”’】〉》≫\\]\"'])"
)


def learn_subwords(lines: Sequence[str], least: int = 2, most: int | None = None) -> bytes:
    """The bytes of the model whose pieces suit ``lines`` best; the same lines give the same bytes.

    Characters seen fewer than ``least`` times are in no piece. The vocabulary has ``most`` words, or as many as
    ``vocabulary_size`` says, and fewer where the text does not have so many. Raises ``UserError`` where the text has
    more characters than that, or none.
    """
    counts = Counter()
    for line in lines:
        counts.update(line)
    known = [c for c in sorted(counts) if counts[c] >= least and not _NEVER.match(c)]
    size = most or vocabulary_size(counts.total(), len(known))
    needed = META + BYTES + len(known)
    if size < needed:
        seen = f"{len(known):,} characters are seen {least} times or more"
        raise UserError(
            f"--vocab-size {size}: must be at least {needed} with subwords: {seen} (--min-count), "
            f"and {BYTES} words are bytes"
        )
    if not known:
        raise UserError(f"too small for --tokens subword: no character is seen {least} times")
    return _train(_fragments(lines, known, counts.total()), known, size)


def vocabulary_size(characters: int, known: int) -> int:
    """The words of a vocabulary for a training text of so many ``characters``, of which ``known`` different ones.

    They are the line end, ``<unk>``, the bytes, the characters and longer pieces: one for each 200 characters of the
    text, as long as all are 8,000 at most; but always a fourth as many as there are characters.

    >>> vocabulary_size(85_000, 1_500), vocabulary_size(300_000, 60), vocabulary_size(5_000_000, 3_000)
    (2183, 1818, 8000)
    """
    least = META + BYTES + known
    return least + max(known // 4, min(characters // CHARACTERS_A_PIECE, MOST - least))


def _fragments(lines, known, total):
    """Yield what pieces are learned from: text of ``known`` characters that no sentence ends in."""
    other = _other_than(known)
    for line in lines[:: -(-total // LEARNED_FROM)]:
        for part in other.split(line):
            for text in _BEYOND_SENTENCE.split(part):
                yield from (text[n : n + LONGEST].translate(_TO_MODEL) for n in range(0, len(text), LONGEST))


def _other_than(known):
    """A pattern of a run of characters other than the ``known`` ones."""
    return re.compile(f"[^{''.join(map(re.escape, known))}]+")


def _train(fragments, known, size):
    written = io.BytesIO()
    try:
        _sentencepiece().SentencePieceTrainer.train(
            sentence_iterator=iter(fragments),
            model_writer=written,
            model_type="unigram",
            vocab_size=size,
            hard_vocab_limit=False,
            required_chars="".join(known).translate(_TO_MODEL),
            character_coverage=1.0,
            byte_fallback=True,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            add_dummy_prefix=False,
            allow_whitespace_only_pieces=True,
            max_sentence_length=4 * LONGEST,
            num_threads=1,  # of several, the order in which they add would differ
            eos_id=0,
            eos_piece="<eos>",
            unk_id=1,
            bos_id=-1,
            pad_id=-1,
            minloglevel=2,
        )
    except (RuntimeError, OSError) as error:
        raise UserError(f"--tokens subword: nothing can be learned from this text: {error}") from None
    return written.getvalue()


class Subwords:
    """A model of pieces: ``words`` are all that it has, the bytes first, and ``split`` makes them of a line."""

    def __init__(self, model: bytes):
        """Raises ``ValueError`` where ``model`` is none that ``learn_subwords`` made."""
        processor = _sentencepiece().SentencePieceProcessor()
        try:
            processor.load_from_serialized_proto(model)
            self._piece = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
        except (RuntimeError, OSError) as error:
            raise ValueError(str(error)) from None
        own = [processor.is_control(i) or processor.is_unknown(i) for i in range(len(self._piece))]
        spelled = [processor.is_byte(i) for i in range(len(self._piece))]
        if sum(spelled) != BYTES or own != [i < META for i in range(len(own))]:
            raise ValueError("its first words are not <eos>, <unk> and the bytes")
        pieces = zip(self._piece, spelled, strict=True)
        self._piece = [piece if byte else piece.translate(_FROM_MODEL) for piece, byte in pieces]
        self.words = self._piece[META:]
        self._other = re.compile(f"({_other_than([w for w in self.words if len(w) == 1]).pattern})")
        self._encode = processor.encode

    def split(self, line: str) -> list[str]:
        """The words of a line: the likeliest pieces, and what they do not have in bytes."""
        if not line:
            return []
        words: list[str] = []
        for n, part in enumerate(self._other.split(line)):
            if n % 2:
                words += spell_out(part)
            else:
                words += map(self._piece.__getitem__, self._encode(part.translate(_TO_MODEL)))
        return words


def spell_out(text: str) -> list[str]:
    """A text in bytes, each of them a word.

    >>> spell_out("é")
    ['<0xC3>', '<0xA9>']
    """
    return [f"<0x{byte:02X}>" for byte in text.encode("utf-8", "surrogatepass")]


def is_byte(word: str) -> bool:
    """Whether a word is a byte."""
    return _BYTE.fullmatch(word) is not None


def joined(words: Iterable[str]) -> Iterator[str]:
    """Yield the text of each word; that of a character's bytes comes with its last one, and of others nothing.

    >>> list(joined(["caf", "<0xC3>", "<0xA9>", "."]))
    ['caf', '', 'é', '.']
    """
    begun = b""
    for word in words:
        byte = _BYTE.fullmatch(word)
        begun = begun + bytes([int(byte[1], 16)]) if byte else b""
        if not byte:
            yield word
            continue
        try:
            text, begun = begun.decode("utf-8", "surrogatepass"), b""
        except UnicodeDecodeError:
            text, begun = "", begun[-3:]  # no character has more bytes than four
        yield text


@functools.cache
def _sentencepiece() -> Any:
    try:
        import sentencepiece
    except ImportError as error:
        if lacks_memory(error):
            raise UserError(f"not enough memory to load SentencePiece: {error}") from None
        raise UserError(f"SentencePiece is not installed ({error}): run '{INSTALL}'") from None
    return sentencepiece
