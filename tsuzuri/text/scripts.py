"""Which tokenizer suits a corpus: by the shares of scripts in all of its texts, and by what stands between words.

Scripts are told apart by Unicode's names of their letters, such as HIRAGANA LETTER A. A text of ideographs is Japanese
where there are kana among them, and Chinese where there are none.
"""

import functools
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tsuzuri.text.reader import Document, Skipped

SLICES, SLICE = 10, 2000  # pieces of a text, and characters of each, that stand for it
MIXED = 0.02  # share of a script that is named
WITHOUT_SPACES = {"Thai", "Lao", "Khmer", "Myanmar", "Tibetan"}
JAPANESE, CHINESE, KOREAN = "Japanese", "Chinese", "Korean"
_KANA = {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HALFWIDTH"}
_NAMES = {"CJK": CHINESE, "IDEOGRAPHIC": CHINESE, "HANGUL": KOREAN} | dict.fromkeys(_KANA, JAPANESE)
_WIDE = "\u3000-\u30ff\u31f0-\u31ff\u3400-\u9fff\uff00-\uffef"
_PARTING = re.compile(rf"(?<=[{_WIDE}])[ \t]+(?=[{_WIDE}])")
_WIDE_STOP = re.compile(r"(?<=\S)[、。，．！？](?!\S*\ufffd)")
_PARTED_STOP = re.compile(r"(?<=\S)[ \t]+[、。，．！？]")
# Signs that stand by themselves, as the field's standard corpora have them, endings and <unk> of theirs among these;
# but not the signs that French prose parts from its words
_STANDING = re.compile(r"(?<!\S)(?:[.,।॥،۔]+|['’](?:s|d|m|ll|re|ve)|n't|<unk>|@-@)(?!\S)", re.IGNORECASE)
_TOUCHING = re.compile(r"(?<!\S)[^\w\s]+\w|\w[^\w\s]+(?!\S)")  # a sign at the edge of a word, not inside it
_ATTACHED = re.compile(r"(?<=\w)[.,;:!?।॥؟،۔]+[\"'”’)]*(?!\S)")


class Choice(NamedTuple):
    """The name of a tokenizer, and the shares of the scripts, the largest first, that a corpus is of."""

    tokens: str
    shares: dict[str, float]


class Look(NamedTuple):
    """What a text looks like: its ``letters`` by script, its spaces, and how it is cut ("", "wakati" or "space")."""

    letters: Counter[str]
    spaces: float
    cut: str


def choose_tokens(texts: Iterable[str]) -> Choice:
    """The ``Choice`` for a corpus of some texts.

    mecab for Japanese, char for Chinese and for scripts without spaces, english where words have spaces; where somebody
    has parted all the words already, wakati for Japanese and Chinese, and space for others.

    >>> choose_tokens(["To be.", "吾輩は猫である。"])
    Choice(tokens='mecab', shares={'Japanese': 0.6363636363636364, 'Latin': 0.36363636363636365})
    """
    letters, cut, spaces = Counter(), Counter(), 0.0
    for text in texts:
        look = look_at(text)
        letters += look.letters
        spaces += look.spaces
        cut[look.cut] += _wide(look.letters) if look.cut == "wakati" else look.letters.total()
    total = letters.total()
    shares = {script: count / total for script, count in letters.most_common()}
    return Choice(_suiting(letters, spaces, cut), shares)


def _suiting(letters, spaces, cut):
    total, wide = letters.total(), _wide(letters)
    if 5 * wide > total:
        if 2 * cut["wakati"] > wide:
            return "wakati"
        return "mecab" if letters[JAPANESE] >= letters[CHINESE] else "char"
    closed = sum(letters[script] for script in WITHOUT_SPACES)
    if 2 * closed > total or 12 * spaces <= total:
        return "char"
    return "space" if 2 * cut["space"] > total else "english"


def _wide(letters):
    return letters[JAPANESE] + letters[CHINESE]


def look_at(text: str) -> Look:
    """The ``Look`` of a text, from slices of it that stand for the whole."""
    sample, scale = _sample(text)
    counts = Counter(sample)
    letters = Counter()
    for character, count in counts.items():
        letters[script_of(character)] += count * scale
    del letters[""]
    kana = letters[JAPANESE]
    if 20 * kana > kana + letters[CHINESE]:  # else the kana are names in a Chinese text
        letters[JAPANESE] += letters.pop(CHINESE, 0)
    else:
        letters[CHINESE] += letters.pop(JAPANESE, 0)
    return Look(+letters, counts[" "] * scale, _cut(sample, letters, scale))


def _sample(text):
    """Slices of a text at equal distances, and how many times their length it has."""
    if len(text) <= SLICES * SLICE:
        return text, 1.0
    starts = [n * (len(text) - SLICE) // (SLICES - 1) for n in range(SLICES)]
    return "\n".join(text[start : start + SLICE] for start in starts), len(text) / (SLICES * SLICE)


@functools.lru_cache(maxsize=1 << 16)
def script_of(character: str) -> str:
    """The script of a letter or of a mark on one, such as "Latin"; "" for another character."""
    if not (character.isalpha() or unicodedata.category(character) in ("Mn", "Mc", "Nl")):
        return ""
    words = unicodedata.name(character, "").split() or [""]
    if words[0] in ("FULLWIDTH", "HALFWIDTH") and len(words) > 1 and words[1] in ("LATIN", "HANGUL"):
        words = words[1:]
    if words[0] in ("COMBINING", "VARIATION", "MODIFIER"):
        return ""
    return _NAMES.get(words[0], words[0].title())


def _cut(sample, letters, scale):
    """How a text has been cut into words already: "wakati", "space", or "" where it has not."""
    wide = _wide(letters) / scale
    if 2 * wide > letters.total() / scale:
        partings, stops = len(_PARTING.findall(sample)), len(_WIDE_STOP.findall(sample))
        parted = len(_PARTED_STOP.findall(sample))
        all_stops = 10 * parted > 8 * (stops + parted)
        return "wakati" if partings > wide / 4 and (all_stops or not stops) and partings else ""
    standing, attached = len(_STANDING.findall(sample)), len(_ATTACHED.findall(sample))
    if not standing and not attached:
        return "" if _TOUCHING.search(sample) else "space"
    return "space" if standing >= attached else ""


class Held:
    """Documents that are kept, packed, until all of them have been seen: ``choice`` is for them as one corpus.

    Memory is that of the packed text, less than a third of the text's.
    """

    def __init__(self, documents: Iterable[Document | Skipped]):
        self._kept = []
        self.choice = choose_tokens(self._texts(documents))

    def _texts(self, documents):
        for document in documents:
            if isinstance(document, Skipped):
                self._kept.append((document, b""))
                continue
            text = "\n".join(document.pieces)
            packed = zlib.compress(text.encode("utf-8", "surrogatepass"), 1)
            self._kept.append((document._replace(pieces=[]), packed))
            yield text

    def documents(self) -> Iterator[Document | Skipped]:
        """Yield the documents as they came; each is let go with it."""
        self._kept.reverse()
        while self._kept:
            document, packed = self._kept.pop()
            if packed:
                text = zlib.decompress(packed).decode("utf-8", "surrogatepass")
                document = document._replace(pieces=text.split("\n"))
            yield document


def scripts_line(tokens: str, shares: Mapping[str, float]) -> str:
    """What people are told of the choice, where it is not plain: of a mixture, and of words parted already; or ""."""
    named = {script: share for script, share in shares.items() if share >= MIXED}
    mixture = ", ".join(f"{share:.0%} {script}" for script, share in named.items()).replace("%", " %")
    if tokens == "wakati":
        return f"words are parted by spaces already, and are written without them: by wakati ({mixture})"
    return f"words by {tokens}: {mixture}" if len(named) > 1 else ""
