"""Lines to words and back, exactly; the only place that calls MeCab.

MeCab and a split at spaces both drop white space. Here it is kept without a mark on the words: each tokenizer has a
rule that says where a space stands between two words. White space that the rule does not put there becomes a word of
its own, and two words that the rule would wrongly separate stay one. So ``join(split(line)) == line`` for every line.
"""

import importlib.metadata
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tsuzuri.errors import UserError, lacks_memory
from tsuzuri.text.settings import USUAL, TextSettings, text_settings_from_json

NAMES = ("mecab", "char", "space", "english")
_SENTENCE_ENDS = "。！？!?."  # not …, after which a sentence mostly goes on (……と言った); if it does not, the line ends
_CLOSING = "」』）)”’】〉》≫]\"'"

LONGEST = 2000  # characters that MeCab is given at once: it fails on a million, and is slow on long runs of letters
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_LETTER = re.compile(r"\w")
_KANA = re.compile(r"[\u3040-\u30ff]")
_JOINERS = "\u200c\u200d"  # the words of Persian and of Indian scripts are spelled with them
# Latin and its neighbors: what ends a word or a clause, and what begins a word, with a space between the two
_ENDS = r"[^\W\u2e80-\U0010ffff]|[,.;:!?)]"
_BEGINS = r"[^\W\u2e80-\U0010ffff]|[(]"
_SPACE_AFTER = re.compile(rf"(?:{_ENDS})\Z")
_SPACE_BEFORE = re.compile(rf"(?:{_BEGINS})")
_MAY_NEED_SPACE = re.compile(
    "[\t-~\u0085-\u200f\u2028-\u202f\u2070-\u2e7f]"
)  # all of these and more, in one quick look


class Tokenizer(NamedTuple):
    """``split`` a line into words; ``spaced(a, b)``: whether a space stands between the words a and b."""

    name: str
    split: Callable[[str], list[str]]
    spaced: Callable[[str, str], bool]
    dictionary: str = ""

    def join(self, words: Iterable[str]) -> str:
        """The line that ``split`` made the words of."""
        return "".join(self.pieces(words))

    def pieces(self, words: Iterable[str]) -> Iterator[str]:
        """Yield each word with the space before it, if one stands there: ``join`` for words that come one by one."""
        previous = None
        for word in words:
            yield " " + word if previous is not None and self.spaced(previous, word) else word
            previous = word


def get_tokenizer(name: str, settings: TextSettings = USUAL) -> Tokenizer:
    """The tokenizer of that name: one of ``NAMES``, or "midi" for lines of words with a space between them.

    ``settings`` name MeCab's dictionaries.

    Raises ``UserError`` where MeCab or its dictionary is missing.
    """
    if name == "mecab":
        return _mecab(settings)
    return {"char": _char, "space": _space, "english": _english, "midi": _midi}[name]()


def tokenizer_of_run(about: Mapping[str, Any]) -> Tokenizer:
    """The tokenizer that a run's run.json names; raises ``UserError`` as ``get_tokenizer`` does."""
    return get_tokenizer(about["tokens"], text_settings_from_json(about["corpus"]["text"]))


def choose_tokenizer(sample: str) -> str:
    """The name of the tokenizer that suits a text: mecab for Japanese, space where words have spaces, else char.

    >>> choose_tokenizer("To be, or not to be")
    'space'
    """
    letters = len(_LETTER.findall(sample))
    if 5 * len(_JAPANESE.findall(sample)) > letters:
        return "mecab"
    return "space" if 12 * sample.count(" ") > letters else "char"


def choose_classifier_tokenizer(sample: str) -> str:
    """As ``choose_tokenizer``, for a classifier: english where words have spaces, and char for Chinese (no kana)."""
    name = choose_tokenizer(sample)
    if name == "mecab":
        return "mecab" if 20 * len(_KANA.findall(sample)) > len(_JAPANESE.findall(sample)) else "char"
    return "english" if name == "space" else name


def is_sentence_end(word: str) -> bool:
    """Whether a sentence ends with this word, such as 。 or said."""
    return word.rstrip(_CLOSING).endswith(tuple(_SENTENCE_ENDS))


def is_closing(word: str) -> bool:
    """Whether a word is nothing but closing brackets and quotes, which still belong to the sentence before them."""
    return not word.strip(_CLOSING)


def _align(line, surfaces, spaced):
    """The line's words, white space and all, from their surfaces, which leave it out."""
    words, end = [], 0
    for surface in surfaces:
        start = line.index(surface, end)
        gap = line[end:start]
        rule = " " if words and spaced(words[-1], surface) else ""
        if gap == rule:
            words.append(surface)
        elif gap:
            words += [gap, surface]
        else:
            words[-1] += surface
        end = start + len(surface)
    return [*words, line[end:]] if end < len(line) else words


def _in_parts(line, split):
    """Yield the words, without white space, of a line too long to split at once: cut after a full stop, or anywhere."""
    start = 0
    while start < len(line):
        stop = min(start + LONGEST, len(line))
        full_stop = line.rfind("。", start, stop) + 1
        stop = full_stop if full_stop and stop < len(line) else stop
        yield from (word for word in split(line[start:stop]) if not word.isspace())
        start = stop


def _char():
    return Tokenizer("char", list, lambda a, b: False)


def _midi():
    return Tokenizer("midi", str.split, lambda a, b: True)


def _space():
    def spaced(a, b):
        return not a[-1].isspace() and not b[0].isspace()

    return Tokenizer("space", lambda line: _align(line, line.split(), spaced), spaced)


def _english():
    """Words and their punctuation apart, the same ones in "Well, yes" as in "Well , yes", as word vectors have them.

    Vowel signs and accents that are characters of their own belong to the word or sign before them. The rule puts a
    space only where one always stands, so that no two of them stay one: after a comma it is a word by itself, which a
    classifier leaves out.
    """
    # a word or number with what is inside of it, an ending that stands apart from its word, equal signs in a row
    mark = rf"(?![\0-\u02ff])[{_marks()}]"  # most other characters are below them: no need to search the long class
    spelled = rf"(?:[^\W_]|{mark})"
    run = rf"(?:[^\W_]+|{mark})+"
    word = rf"{run}(?:(?:['’-]|(?<=\d)[.,](?=\d)){run})*"
    ending = rf"(?<!\S)['’](?i:[sdm]|ll|re|ve)(?!{spelled})"
    signs = rf"(?P<sign>[^\w\s]|_)(?P=sign)*(?:{mark})*"
    # the space that the rule puts after a sign, or after a word
    space = rf" (?={ending})|(?(sign)(?<=(?P=sign)) (?=(?P=sign))| (?={spelled}))"
    words = re.compile(rf"({word}|{ending}|{signs}|\s+)(?:{space})?")
    begins_word = re.compile(spelled).match

    def spaced(a, b):
        if a.isspace() or b.isspace():
            return False
        if begins_word(b):
            return a[-1].isalnum() or bool(begins_word(a))  # a word: signs end in a sign or a mark
        return a[-1] == b[0] or b[-1].isalnum()  # equal signs, or the end of a word

    return Tokenizer("english", lambda line: [groups[0] for groups in words.findall(line)], spaced)


def _marks():
    """Unicode's combining marks, and the joiners within words, as ranges for a class of a regular expression."""
    ranges = []
    for first, end in ((0x300, 0x20000), (0xE0100, 0xE01F0)):  # the planes between them hold ideographs, or nothing
        categories = "".join(unicodedata.category(chr(n))[0] for n in range(first, end))
        ranges += [(first + run.start(), first + run.end() - 1) for run in re.finditer("M+", categories)]
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges) + _JOINERS


def _mecab(settings):
    tagger, dictionary = _tagger(settings)
    may_need_space = _MAY_NEED_SPACE.search

    def spaced(a, b):
        return bool(_SPACE_BEFORE.match(b) and _SPACE_AFTER.search(a))

    def split(line):
        if not line:
            return []
        if len(line) > LONGEST:
            return _align(line, _in_parts(line, split), spaced)
        output = tagger.parse(line)[:-2]  # without the space and the line end that follow the last word
        surfaces = output.split(" ")
        if len(output) == len(line) + len(surfaces) - 1 and not may_need_space(line):
            return surfaces  # no white space in the line, and none to be put between its words
        return _align(line, [surface for surface in surfaces if surface], spaced)

    return Tokenizer("mecab", split, spaced, dictionary)


def _tagger(settings):
    """MeCab's tagger, and the name and version of its dictionary."""
    advice = "run 'python -m pip install mecab-python3 unidic-lite', or train with --tokens char"
    try:
        import MeCab
        import unidic_lite
    except ImportError as error:
        if lacks_memory(error):
            raise UserError(f"not enough memory to load MeCab: {error}") from None
        raise UserError(f"MeCab or its dictionary is not installed ({error}): {advice}") from None
    try:
        tagger = MeCab.Tagger(f'-r "{os.devnull}" -d "{unidic_lite.DICDIR}" -Owakati')
    except RuntimeError as error:
        size = sum(entry.stat().st_size for entry in os.scandir(unidic_lite.DICDIR))
        if lacks_memory(error, size):
            raise UserError(f"not enough memory for MeCab's dictionary, which takes {size >> 20} MB") from None
        raise UserError(f"MeCab cannot open its dictionary in {unidic_lite.DICDIR}: {advice}") from None
    return tagger, f"unidic-lite {importlib.metadata.version('unidic-lite')}"
