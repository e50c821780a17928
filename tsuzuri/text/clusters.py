"""What people take for one character, though Unicode writes it with several: families, flags, letters with marks.

Unicode's name for it is an extended grapheme cluster (its annex 29).
"""

import itertools
import re
from collections.abc import Sequence

import regex

# Characters that never stand in a cluster of several, or in a picture, unless one that is not here does too: one quick
# look at a line for any other tells that most lines need no more.
_SINGLE = (
    "\0-\u02ff\u0370-\u0482\u048a-\u0590\u1e00-\u200b\u2010-\u20cf\u2100-\u2319"
    "\u2500-\u25f8\u2e80-\u3029\u3030-\u3098\u309b-\ua66e\uac00-\ud7a3\ue000-\ufafd\uff00-\uff9d\uffe0-\uffef"
)
_OTHER = re.compile(f"[^{_SINGLE}]")
_CLUSTER = regex.compile(r"\X")
_PICTURE = regex.compile(
    r"(?=[\p{Emoji_Presentation}\p{Regional_Indicator}]"
    r"|\p{Extended_Pictographic}[\p{Grapheme_Extend}\u200d\U0001f3fb-\U0001f3ff]|[0-9#*]\ufe0f?\u20e3)\X"
)
_FLAG_HALVES = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_JOINS = "\u200d" + "".join(map(chr, range(0xE0020, 0xE007F)))  # behind an emoji: more of it follows, or the last tag
_EMOJI_END = regex.compile(r"\p{Extended_Pictographic}[\p{Grapheme_Extend}\U0001f3fb-\U0001f3ff]*\Z")
_CONTEXT = 32  # characters that say whether those at the end are half of something


def may_hold_clusters(text: str) -> bool:
    """Whether a text may hold a cluster of several characters, or an emoji; a quick look, which is right in a no."""
    return not text.isascii() and _OTHER.search(text) is not None


def split_clusters(text: str) -> list[str]:
    """The characters of a text as people see them.

    >>> split_clusters("日🇯🇵🇫🇷")
    ['日', '🇯🇵', '🇫🇷']
    """
    return _CLUSTER.findall(text) if may_hold_clusters(text) else list(text)


def is_picture(word: str) -> bool:
    """Whether a word is an emoji, a flag or a key."""
    return not word.isascii() and _PICTURE.fullmatch(word) is not None


def half_at_end(text: str) -> str:
    """The end of a text that stands for nothing unless more of an emoji or a flag follows it; "" where all is whole.

    >>> half_at_end("日🇯"), half_at_end("日🇯🇵")
    ('🇯', '')
    """
    if (len(text) - len(text.rstrip(_FLAG_HALVES))) % 2:
        return text[-1]
    emoji = text.rstrip(_JOINS)
    return text[len(emoji) :] if emoji != text and _EMOJI_END.search(emoji[-_CONTEXT:]) else ""


class WholeClusters:
    """Takes a text piece by piece, and gives back what of it is no half of an emoji or a flag, whatever follows.

    What is held back comes with what completes it. The text follows on the text ``before``.

    >>> whole = WholeClusters("日")
    >>> whole.take("🇯"), whole.take("🇵")
    ('', '🇯🇵')
    """

    def __init__(self, before: str = "") -> None:
        self._before, self._held = before[-_CONTEXT:], ""

    def take(self, piece: str) -> str:
        """What of the text so far, beyond what was given back before, is whole."""
        if not piece:
            return ""
        text = self._held + piece
        half = min(len(text), len(half_at_end(self._before + text)))
        sure, self._held = text[: len(text) - half], text[len(text) - half :]
        self._before = (self._before + sure)[-_CONTEXT:]
        return sure


def mend_cuts(line: str, surfaces: Sequence[str]) -> list[str]:
    """The words of a line, without the white space between them, none of which cuts a cluster; an emoji is a word.

    ``surfaces`` are the words of the line in their order, as some rule cut them.
    """
    cuts, end = {0, len(line)}, 0
    for surface in surfaces:
        start = line.index(surface, end)
        end = start + len(surface)
        cuts |= {start, end}
    cuts &= {0, *(match.end() for match in _CLUSTER.finditer(line))}
    for match in _PICTURE.finditer(line):
        cuts |= {*match.span()}
    parts = [line[start:stop] for start, stop in itertools.pairwise(sorted(cuts))]
    return [part for part in parts if not part.isspace()]
