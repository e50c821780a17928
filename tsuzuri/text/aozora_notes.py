"""Aozora Bunko's notes ［＃…］, whole and in their usual spelling, and what stands in brackets replaced.

The time goes with the length of a text, however its brackets are broken.
"""

import re
from collections.abc import Callable, Iterator, Sequence

NOTE_LINES = 4  # that a note may go on for
LONGEST_NOTE = 200  # characters of it in one line
_HALF_WIDTH = re.compile(r"\[[＃#]([^\[\]]*)\]")
_GAIJI_LIKE = re.compile(r"※［(?![＃※0-9０-９])([^［］]*)］")
_GAIJI_HOLDS = re.compile(r"水準|U\+|＋|／|「※」")
_NOTE_LIKE = re.compile(r"［(?![＃※])([^［］]*)］")
_NOTE_ENDS = re.compile(
    r"(?:に傍[点線]|は底本では.*|のルビ|字下げ(?:終わり)?|見出し(?:終わり)?|太字|縦中横|改ページ|改丁|ママ)\Z",
    re.DOTALL,
)
_MARK = re.compile("［＃?|］")
_BRACKET = re.compile("[［］]")
_DIRECTIVE = re.compile(  # what can be told to be the note where its end is missing
    r"［＃(?:「[^「」。]*」(?:に傍[点線]|は太字|は[^。「」]{0,8}見出し)?|ここ(?:から|で)[^。、\s]{0,12})?"
)
_SPEECH = "。「」"  # without these, all to the end of the line is such a note


def whole_notes(lines: Sequence[str]) -> Iterator[str]:
    """The lines with each note whole in one of them, and in its usual spelling."""
    held = _Held()
    for k, line in enumerate(lines):
        if not held.parts and "［" not in line and "[" not in line:
            yield line
            continue
        held.take(_spelled(line))
        start = held.note
        if start is not None:
            if held.length - start < LONGEST_NOTE and held.ends_in("".join(lines[k + 1 : k + 1 + NOTE_LINES])):
                continue
            whole = "".join(held.parts)
            yield whole[:start] + _without_directives(whole[start:])
        else:
            yield "".join(held.parts)
        held = _Held()
    if held.parts:
        yield "".join(held.parts)


def _spelled(line):
    """A line with its notes in their usual spelling."""
    line = _HALF_WIDTH.sub(r"［＃\1］", line.replace("［#", "［＃"))
    line = _GAIJI_LIKE.sub(lambda found: f"※［＃{found[1]}］" if _GAIJI_HOLDS.search(found[1]) else found[0], line)
    return _NOTE_LIKE.sub(lambda found: f"［＃{found[1]}］" if _NOTE_ENDS.search(found[1]) else found[0], line)


class _Held:
    """Lines that are to be one: their ``parts``, and the brackets that are open at the end of them."""

    def __init__(self):
        self.parts, self.length = [], 0
        self._open, self._notes = [], []  # whether each open bracket is a note's; the places of those that are

    def take(self, line):
        """Take the next line."""
        self._read(line, self.length)
        self.parts.append(line)
        self.length += len(line)

    def _read(self, line, place):
        for mark in _MARK.finditer(line):
            if mark[0] != "］":
                self._open.append(mark[0] == "［＃")
                self._notes += [place + mark.start()] * self._open[-1]
            elif self._open and self._open.pop():
                self._notes.pop()

    @property
    def note(self):
        """The place of the outermost note that has not ended; None where all have."""
        return self._notes[0] if self._notes else None

    def ends_in(self, ahead):
        """Whether that note ends in what is ahead."""
        needed, tail = self.length - self._notes[0], [ahead]
        for part in reversed(self.parts):
            if needed <= 0:
                break
            tail.append(part[-needed:])
            needed -= len(part)
        looking = _Held()
        looking.take("".join(tail[::-1]))
        return looking.note != 0


def _without_directives(text):
    """A text without the notes that begin in it, as far as these can be told."""
    last = max(map(text.rfind, _SPEECH))
    parts, end = [], 0
    for found in _DIRECTIVE.finditer(text):
        parts.append(text[end : found.start()])
        end = found.end()
        if len(found[0]) == len("［＃") and end > last:
            end = len(text)
            break
    return "".join([*parts, text[end:]])


def replace_brackets(line: str, becomes: Callable[[str], str | None], sign: str = "") -> str:
    """A line in which brackets are what ``becomes(content)`` says, the innermost first; None lets one stay.

    What is around one that stays does too. With a ``sign`` only brackets right behind it are replaced, it with them.

    >>> replace_brackets("a［＃b［＃c］d］［e］", lambda content: "" if content.startswith("＃") else None)
    'a［e］'
    """
    out, end = [], 0
    opened = []  # the place in ``out`` of each open bracket, or -1 where one within it stays
    for bracket in _BRACKET.finditer(line):
        if bracket.start() > end:
            out.append(line[end : bracket.start()])
        end = bracket.end()
        if bracket[0] == "［":
            opened.append(len(out))
            out.append(bracket[0])
            continue
        start = opened.pop() if opened else -1
        signed = start >= 0 and (not sign or (start > 0 and out[start - 1].endswith(sign)))
        replacement = becomes("".join(out[start + 1 :])) if signed else None
        if replacement is None:
            out.append(bracket[0])
            if opened:
                opened[-1] = -1
            continue
        del out[start:]
        if sign:
            out[-1] = out[-1].removesuffix(sign)
        if replacement:
            out.append(replacement)
    return "".join([*out, line[end:]])
