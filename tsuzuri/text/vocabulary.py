"""Words and their ids: by frequency, then by word, after ``<eos>`` and ``<unk>``; saved one word a line."""

import difflib
import io
import itertools
import os
import re
from collections.abc import Iterable, Mapping

import numpy

from tsuzuri import storage
from tsuzuri.errors import UserError, read_failure

EOS, UNK = 0, 1
SPECIAL = ("<eos>", "<unk>")
LONGEST = 100  # characters of a word that is compared with the known ones, which takes time with each of them
BYTES, BYTES_A_WORD = 1 << 26, 256  # of a file, at most: a few words may be as long as they like
_CONTENT = re.compile(r"[\u30a1-\u30fc\u3400-\u9fff]{2}|[^\W\d_\u3040-\u9fff]{5}")
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_UNESCAPES = {"\\": "\\", "n": "\n", "r": "\r"}


class Vocabulary:
    """The words of a model: ``words[i]`` is the word of id i, and ``ids[word]`` is its id."""

    def __init__(self, words: Iterable[str]):
        self.words = list(words)
        self.ids = {word: i for i, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, words: Iterable[str]) -> numpy.ndarray:
        """Ids of words (length,) int32; words that it does not know become ``UNK``."""
        return numpy.fromiter((self.ids.get(word, UNK) for word in words), numpy.int32)

    def nearest(self, word: str, count: int = 5) -> list[str]:
        """The known words most like ``word``: by spelling, else the most frequent that share a character with it.

        There are none where no known word has any of its characters.
        """
        known = [other for other in self.words[len(SPECIAL) :] if set(other) & set(word)]
        return difflib.get_close_matches(word[:LONGEST], known, count, cutoff=0.5) or known[:count]

    def examples(self, count: int = 5) -> list[str]:
        """The most frequent words that mean something by themselves, to show what is known.

        They are those with two Chinese characters, two katakana or five other letters in a row; where there are none,
        other words of letters, and at last any words.
        """
        known = self.words[len(SPECIAL) :]
        words = [word for word in known if word.isalpha()]
        return [word for word in words if _CONTENT.search(word)][:count] or words[:count] or known[:count]

    def dump(self) -> bytes:
        """The bytes of ``vocabulary.txt``: UTF-8, a word a line; line ends in a word and backslashes are escaped."""
        lines = ("".join(_ESCAPES.get(c, c) for c in word) for word in self.words)
        return "".join(line + "\n" for line in lines).encode()


def build_vocabulary(
    occurrences: Mapping[str, int], least: int = 1, most: int | None = None, known: Iterable[str] = ()
) -> Vocabulary:
    """The vocabulary of a mapping from word to count: words seen ``least`` times, at most ``most`` ids in all.

    Words that are ``known`` already need be seen but once; after all of these come those that are not seen at all.

    >>> build_vocabulary({"b": 2, "a": 2, "c": 5, "d": 1}, least=2).words
    ['<eos>', '<unk>', 'c', 'a', 'b']
    """
    known = dict.fromkeys(known)
    kept = [word for word, count in occurrences.items() if count >= least or (count and word in known)]
    kept.sort(key=lambda word: (-occurrences[word], word))
    seen = set(kept)
    kept += [word for word in known if word not in seen]
    kept = [word for word in kept if word not in SPECIAL]
    return Vocabulary([*SPECIAL, *kept[: None if most is None else max(0, most - len(SPECIAL))]])


def load_vocabulary(path: str | os.PathLike, count: int | None = None) -> Vocabulary:
    """The vocabulary of a file that ``Vocabulary.dump`` wrote; raises ``UserError`` for any other file.

    ``count`` is the number of words that are expected: of a file with more, no more than these are read.
    """
    try:
        with storage.open_regular(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            if count is not None and size > (most := BYTES + BYTES_A_WORD * count):
                raise ValueError(f"it has {size} bytes, at most {most} are expected of {count} words")
            with io.TextIOWrapper(stream, encoding="utf-8", newline="\n") as lines:
                words = [_unescape(line.removesuffix("\n")) for line in itertools.islice(lines, count)]
                if next(lines, None) is not None:
                    raise ValueError(f"sizes.words is {count}, but it has more")
    except OSError as error:
        raise UserError(f"{path}: {read_failure(error)}") from None
    except ValueError as error:
        raise UserError(f"{path}: not a vocabulary ({error})") from None
    if tuple(words[: len(SPECIAL)]) != SPECIAL:
        raise UserError(f"{path}: not a vocabulary (it does not begin with {' and '.join(SPECIAL)})")
    vocabulary = Vocabulary(words)
    if len(vocabulary.ids) < len(words):
        repeated = next(word for i, word in enumerate(words) if vocabulary.ids[word] != i)
        raise UserError(f"{path}: not a vocabulary (it holds {repeated!r} twice)")
    return vocabulary


def _unescape(line):
    if "\\" not in line:
        return line
    characters = iter(line)
    return "".join(_UNESCAPES.get(next(characters, ""), "") if c == "\\" else c for c in characters)
