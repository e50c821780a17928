"""Lines and the blank ones between paragraphs; lines that were wrapped at a width are joined again.

A text that was wrapped by hand or by a program breaks a line where the next word had no room in it. So two lines are
one where the first word of the second would have made the first longer than about the width at which the text is
wrapped. Lines are never joined to one that is indented, of a table or of a list, nor in a stanza.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import compress, groupby, pairwise

from tsuzuri.text.settings import DROP, JOIN, KEEP

FULL = 0.8  # of the width: what a line must have with the next one's first word; people do not always fill their lines
NEARLY_ALL = 0.95  # of the lines are as long as the width at most: others are a link or a heading
WIDTHS = (55, 130)  # characters, of texts with spaces between words
WIDTHS_WITHOUT_SPACES = (20, 60)
WRAPPED = 0.5  # of the lines that another follows must be full, for a text to be joined
SURELY_WRAPPED = 0.7  # to advise it
MOST_ENDED = 0.4  # of the full lines may end a sentence: where more do, each sentence has its line
ENOUGH = 20  # lines, for that advice
SAMPLE = 2000  # lines that decide it
STANZA = 3  # lines at least

_NO_SPACES = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u31f0-\u9fff\uf900-\ufaff\uff01-\uff9f"
_NO_SPACES += r"\U00020000-\U0003ffff"  # Thai and its neighbors, kana, kanji and their punctuation; not Korean
_UNSPACED = re.compile(f"[{_NO_SPACES}]")
_LETTER = re.compile(r"\w")
_FIRST_WORD = re.compile(rf"[^\s{_NO_SPACES}]+|\S")
_TABLE = re.compile(r"\S\s{3,}\S|\S\t|\||^[-=_*+. ]{3,}$")
_LIST = re.compile(r"(?:>|//|[-*+#•·‣▪○●◦・]|\(?(?:\d{1,3}|[a-z])[.)])\s")
_STAMP = re.compile(r"[\[(<]?\d{1,4}[:/.年-]\d")  # of a message, a subtitle or a verse: it begins a line of its own
_SPEAKER = re.compile(r"[A-Z][\w.' -]{0,30}:\s|[A-Z][A-Z.' -]{1,30}[.:]\s")
_SENTENCE_END = re.compile(r"[.!?:;。！？…♪☆★♡♥\U0001f000-\U0001faff][\"'”’)\]」』）]*$")
_SOFT_HYPHEN = "\u00ad"
_UNBROKEN = re.compile(r"(?:--|—|\w[-‐\u2011])$")  # a dash, or the hyphen of a compound: no space follows


def arrange_lines(lines: Sequence[str], how: str) -> list[str]:
    """The pieces that lines become: each its own, with an empty one, and never two, where a paragraph ends.

    None is empty at the beginning or the end. ``how`` is of ``settings.TextSettings.lines``: "drop" leaves blank lines
    out, and "join" makes one line of those of a paragraph that are wrapped.

    >>> arrange_lines(["", "one", " ", "", "two", ""], "keep")
    ['one', '', 'two']
    """
    if how == DROP:
        return [line for line in lines if line.strip()]
    width = wrap_width(lines, WRAPPED) if how == JOIN else None
    pieces: list[str] = []
    for paragraph in _paragraphs(lines):
        pieces += [""] if pieces else []
        pieces += paragraph if width is None else _joined(paragraph, width)
    return pieces


def beginning_lines(text: str, how: str) -> list[str]:
    """The lines of a text that is to go on, as ``arrange_lines`` has them: its last one may be empty, to be begun."""
    lines = text.split("\n")
    if how == DROP:
        return lines
    arranged = arrange_lines(lines, KEEP)
    blank = len(lines) - len(text.rstrip().split("\n")) if arranged else 0  # at the end
    return [*arranged, *[""] * min(blank, 2)] or [""]


def looks_wrapped(pieces: Sequence[str]) -> bool:
    """Whether the lines of a text were wrapped at a width, so that to join them is worth an advice."""
    return wrap_width(pieces[:SAMPLE], SURELY_WRAPPED, ENOUGH) is not None


def wrap_width(lines: Sequence[str], share: float, least: int = 1) -> int | None:
    """The width in characters at which lines are wrapped; None where they are not.

    They are where it is a usual width, and among the lines that another follows, at least ``least`` of them, a
    ``share`` is full, and these mostly end within a sentence.
    """
    paragraphs = list(_paragraphs(lines))
    lengths = sorted(len(line.rstrip()) for paragraph in paragraphs for line in paragraph)
    if not lengths:
        return None
    width = lengths[round(NEARLY_ALL * (len(lengths) - 1))]
    low, high = WIDTHS_WITHOUT_SPACES if _is_unspaced("".join(lines[:SAMPLE])[:20_000]) else WIDTHS
    if not low <= width <= high:
        return None
    followed = [line.rstrip() for paragraph in paragraphs for line in paragraph[:-1]]
    joins = [joins for paragraph in paragraphs for joins in _joins(paragraph, width)]
    full = list(compress(followed, joins))
    if not full or len(followed) < least or len(full) < share * len(followed):
        return None
    ended = sum(map(bool, map(_SENTENCE_END.search, full)))
    return width if ended <= MOST_ENDED * len(full) + 1 else None  # of two or three, one may do so by chance


def _paragraphs(lines: Sequence[str]) -> Iterator[list[str]]:
    """The lines between blank ones."""
    return (list(group) for filled, group in groupby(lines, lambda line: bool(line.strip())) if filled)


def _joins(paragraph, width):
    """For each line but the last of a paragraph, whether the next one goes on with it."""
    full = [_is_full(line, following, width) for line, following in pairwise(paragraph)]
    if _is_stanza(paragraph) and not all(full):
        return [False] * len(full)
    return [fits and _may_go_on(*lines) for fits, lines in zip(full, pairwise(paragraph), strict=True)]


def _is_full(line, following, width):
    word = _FIRST_WORD.match(following.lstrip())
    return len(line.rstrip()) + 1 + len(word[0]) >= FULL * width


def _is_stanza(paragraph):
    """Whether every line after the first begins with a capital or a figure, as in verse and tables, hardly in prose."""
    firsts = [letter[0] for line in paragraph[1:] if (letter := _LETTER.search(line))]
    return len(paragraph) >= STANZA and all(letter.isupper() or letter.isdigit() for letter in firsts)


def _may_go_on(line, following):
    """Whether the look of two lines allows that they are one."""
    if following[0].isspace() or _TABLE.search(line) or _TABLE.search(following):
        return False
    if _LIST.match(following) or _STAMP.match(following):
        return False
    return not (_SPEAKER.match(following) and _SENTENCE_END.search(line.rstrip()))


def _joined(paragraph, width):
    unspaced = _is_unspaced("".join(paragraph))
    parts = [[paragraph[0]]]  # of each line that it becomes: the end of a long one is all that is looked at
    for joins, following in zip(_joins(paragraph, width), paragraph[1:], strict=True):
        if joins:
            parts[-1][-1:] = _glued(parts[-1][-1].rstrip(), following, unspaced)
        else:
            parts.append([following])
    return ["".join(line) for line in parts]


def _glued(line, following, unspaced):
    """Two lines for one: with a space between where the script has spaces, and no hyphen that only parted a word."""
    if line.endswith(_SOFT_HYPHEN):
        return line[:-1], following
    sides = [bool(_UNSPACED.match(c)) for c in (line[-1], following[0])]
    if all(sides) or (unspaced and any(sides)) or _UNBROKEN.search(line):
        return line, following
    return line, f" {following}"


def _is_unspaced(text):
    """Whether most letters are of scripts without spaces between words."""
    return 2 * len(_UNSPACED.findall(text)) > len(_LETTER.findall(text))
