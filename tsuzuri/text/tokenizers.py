"""Lines to words and back, exactly.

MeCab and a split at spaces both drop white space. Here it is kept without a mark on the words: each tokenizer has a
rule that says where a space stands between two words. White space that the rule does not put there becomes a word of
its own, and two words that the rule would wrongly separate stay one. So ``join(split(line)) == line`` for every line.

"subword" has the white space in its pieces, and is in ``subwords.py``. Two leave something out: "space" the spaces at
both ends of a line, and "wakati" all by which Japanese or Chinese words have been parted. What people see as one
character is never cut: an emoji, a flag, a letter with its marks.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tsuzuri.text.clusters import is_picture, may_hold_clusters, mend_cuts, split_clusters
from tsuzuri.text.dictionaries import open_tagger
from tsuzuri.text.settings import USUAL, TextSettings, text_settings_from_json
from tsuzuri.text.subwords import Subwords, joined

NAMES = ("mecab", "char", "space", "english", "wakati")  # of those that are rules
SUBWORD = "subword"  # which has to be learned
CHOICES = (*NAMES, SUBWORD)

LONGEST = 2000  # characters that MeCab is given at once: it fails on a million, and is slow on long runs of letters
_JOINERS = "\u200c\u200d"  # the words of Persian and of Indian scripts are spelled with them
# Latin and its neighbors: what ends a word or a clause, and what begins a word, with a space between the two
_ENDS = r"[^\W\u2e80-\U0010ffff]|[,.;:!?)]"
_BEGINS = r"[^\W\u2e80-\U0010ffff]|[(]"
_SPACE_AFTER = re.compile(rf"(?:{_ENDS})\Z")
_SPACE_BEFORE = re.compile(rf"(?:{_BEGINS})")
_MAY_NEED_SPACE = re.compile(
    "[\t-~\u0085-\u200f\u2028-\u202f\u2070-\u2e7f"  # all of these and more, in one quick look
    "\u302a-\u302f\u3099\u309a\ua66f-\uabff\ud7a4-\ud7ff\ufafe-\ufeff\uff9e-\uffdf\ufff0-\U0010ffff]"  # clusters too
)
_PARTED = re.compile("[ \t]+")


class Tokenizer(NamedTuple):
    """``split`` a line into words; ``spaced(a, b)``: whether a space stands between the words a and b.

    One that was learned has the bytes of its ``model``, and ``words``, all that it knows.
    """

    name: str
    split: Callable[[str], list[str]]
    spaced: Callable[[str, str], bool]
    dictionary: str = ""
    model: bytes = b""
    words: Sequence[str] = ()

    @property
    def cuts(self) -> bool:
        """Whether a word may end within what people see as one character."""
        return bool(self.model)

    def join(self, words: Iterable[str]) -> str:
        """The line that ``split`` made the words of."""
        return "".join(self.pieces(words))

    def pieces(self, words: Iterable[str]) -> Iterator[str]:
        """Yield each word with the space before it, if one stands there: ``join`` for words that come one by one."""
        if self.model:
            yield from joined(words)
            return
        previous = None
        for word in words:
            yield " " + word if previous is not None and self.spaced(previous, word) else word
            previous = word


def get_tokenizer(name: str, settings: TextSettings = USUAL, made: str = "", model: bytes = b"") -> Tokenizer:
    """The tokenizer of that name: one of ``CHOICES``, or "midi" for lines of words with a space between them.

    ``settings`` name MeCab's dictionaries, and ``made`` is what a run says of them. ``model`` are the bytes of a model
    of subwords; without them, before it is learned, these are characters. Raises ``UserError`` where MeCab,
    SentencePiece or a dictionary is missing, and for a model that is none.
    """
    if name == SUBWORD:
        return _subword(model)
    if name == "mecab":
        return _mecab(settings, made)
    whole = not settings.first  # clusters, which the first runs cut
    if name == "english":
        return _english(whole)
    if name == "space" and settings.first:
        return _first_space()
    return {"char": lambda: _char(whole), "space": _space, "wakati": _wakati, "midi": _midi}[name]()


def tokenizer_of_run(about: Mapping[str, Any], model: bytes) -> Tokenizer:
    """The tokenizer that a run's run.json names, and its ``model``; raises ``UserError`` as ``get_tokenizer`` does."""
    return get_tokenizer(about["tokens"], text_settings_from_json(about["corpus"]["text"]), about["dictionary"], model)


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


def _whole(line, words, tokenizer):
    """The words of a line again, none of which cuts a cluster; the ``words`` themselves where that has no rule."""
    surfaces = mend_cuts(line, [word for word in words if not word.isspace()])
    mended = _align(line, surfaces, tokenizer.spaced)
    return mended if tokenizer.join(mended) == line else words


def _char(whole):
    return Tokenizer("char", split_clusters if whole else list, lambda a, b: False)


def _subword(model):
    if not model:
        return Tokenizer(SUBWORD, list, lambda a, b: False)
    pieces = Subwords(model)
    count = f"unigram model of {len(pieces.words):,} pieces"
    return Tokenizer(SUBWORD, pieces.split, lambda a, b: False, count, model, pieces.words)


def _midi():
    return Tokenizer("midi", str.split, lambda a, b: True)


def _between_words(a, b):
    return not a[-1].isspace() and not b[0].isspace()


def _space():
    def split(line):
        line = line.strip(" ")
        return _align(line, line.split(), _between_words)

    return Tokenizer("space", split, _between_words)


def _first_space():
    """As runs of format 1 were made: a space at the end of a line is a word."""
    return Tokenizer("space", lambda line: _align(line, line.split(), _between_words), _between_words)


def _between_latin(a, b):
    return bool(_SPACE_BEFORE.match(b) and _SPACE_AFTER.search(a))


def _wakati():
    return Tokenizer("wakati", lambda line: [word for word in _PARTED.split(line) if word], _between_latin)


def _english(whole):
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

    def split(line):
        return [groups[0] for groups in words.findall(line)]

    if not whole:
        return Tokenizer("english", split, spaced)
    plain = Tokenizer(
        "english", split, lambda a, b: spaced(a, b) and not (is_picture(a) or is_picture(b))
    )  # pictures may be equal signs in a row, each of them a word
    return plain._replace(
        split=lambda line: _whole(line, split(line), plain) if may_hold_clusters(line) else split(line)
    )


def _marks():
    """Unicode's combining marks, and the joiners within words, as ranges for a class of a regular expression."""
    ranges = []
    for first, end in ((0x300, 0x20000), (0xE0100, 0xE01F0)):  # the planes between them hold ideographs, or nothing
        categories = "".join(unicodedata.category(chr(n))[0] for n in range(first, end))
        ranges += [(first + run.start(), first + run.end() - 1) for run in re.finditer("M+", categories)]
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges) + _JOINERS


def _mecab(settings, made):
    tagger, dictionary = open_tagger(settings, made)
    may_need_space, whole = _MAY_NEED_SPACE.search, not settings.first

    def split(line):
        if not line:
            return []
        if len(line) > LONGEST:
            surfaces = _in_parts(line, split)
        else:
            output = tagger.parse(line)[:-2]  # without the space and the line end that follow the last word
            surfaces = output.split(" ")
            if len(output) == len(line) + len(surfaces) - 1 and not may_need_space(line):
                return surfaces  # no white space in the line, and none to be put between its words
        words = _align(line, filter(None, surfaces), _between_latin)
        return _whole(line, words, plain) if whole and may_hold_clusters(line) else words

    plain = Tokenizer("mecab", split, _between_latin, dictionary)
    return plain
