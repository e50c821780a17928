"""Aozora Bunko's plain text, cleaned to the author's words.

The format is described in the library's own annotation manual (青空文庫 注記一覧): a title block, a block that explains
the symbols, the body with ruby 《》, its start mark ｜ and notes ［＃…］, and a footer that begins with 底本：.
"""

import re
import unicodedata
from typing import NamedTuple

from tsuzuri.text import aozora_frame
from tsuzuri.text.aozora_frame import NUMBER
from tsuzuri.text.aozora_notes import replace_brackets, whole_notes

_NUMBERED = re.compile("※[0-9０-９]+")
_CELL = re.compile(r"(?<![0-9])([12])-([0-9]{1,2})-([0-9]{1,2})(?![0-9])")
_CODE_POINT = re.compile(r"U\+([0-9A-Fa-f]{4,6})")
_UNKNOWN_GAIJI = "〓"
_RUBY = re.compile(r"(?<=[^\s。、「『（！？…])《[^《》]*》|[｜《》]")  # after 。 it is the author's own bracket

_LEVEL = r"(?:同行|窓)?[大中小]見出し"
_LEVELS = [f"{place}{size}見出し" for place in ("", "同行", "窓") for size in "大中小"]
_HEADING_NOTE = re.compile(r"［＃「([^［］]*)」は((?:同行|窓)?)[大中小]見出し］")
_HEADING_OPENS = re.compile(rf"［＃ここから{_LEVEL}］")
_HEADING_CLOSES = re.compile(rf"［＃ここで{_LEVEL}終わり］")
_CHAPTER_NUMBER = re.compile(rf"[（〔(]?{NUMBER}[）〕)]?|第{NUMBER}[章節回話部篇編]?")
_PART = rf"[（〔(]?{NUMBER}[）〕)、．.]?|第{NUMBER}[章節回話部篇編]?|[上中下前後][篇編巻]"
_CHAPTER = re.compile(rf"(?:{_PART})[　 ]+[^。、？！」』]{{1,30}}")
_INDENT = re.compile(r"(?:　| {2}){3,}")
_DASHES = re.compile(r"[-=―—–─━～〜~]{3,}")  # two of them may be somebody's silence
_ORNAMENTS = frozenset("-=─━＊*※×§†‡⁂⁑＋+")  # and the symbols, but for the sign of a character that is not known
_REPEAT = re.compile(r"／([″゛]?)[＼\\¥]")
_ACCENTED = re.compile(r"〔([^〔〕]*)〕")
_LIGATURES = {
    "AE&": "Æ", "ae&": "æ", "OE&": "Œ", "oe&": "œ", "s&": "ß", "O/": "Ø", "o/": "ø", "L/": "Ł", "l/": "ł",
    "?@": "¿", "!@": "¡",
}  # fmt: skip
_MARKS = {  # the combining character, and the letters it may stand on: n'est has an apostrophe, not an accent
    "'": ("\u0301", "aeiouy"),
    "`": ("\u0300", "aeiou"),
    "^": ("\u0302", "aeiou"),
    "~": ("\u0303", "ano"),
    ":": ("\u0308", "aeiouy"),
    "&": ("\u030a", "a"),
    ",": ("\u0327", "c"),
    "_": ("\u0304", "aeiou"),
}
_ACCENT = re.compile(
    "|".join(
        [re.escape(letters) for letters in _LIGATURES]
        + [f"[{letters}{letters.upper()}]{re.escape(mark)}" for mark, (_, letters) in _MARKS.items()]
    )
)

# A character that a gaiji note names may look like markup: it is kept out of the way until the markup is gone, and
# double angle brackets, which would read as ruby again, become their mathematical likeness.
_HIDE = str.maketrans("［］｜〔〕《》", "\ue000\ue001\ue002\ue003\ue004\ue005\ue006")
_HIDDEN = re.compile("[\ue000-\ue006]")
_SHOW = str.maketrans("\ue000\ue001\ue002\ue003\ue004\ue005\ue006", "［］｜〔〕≪≫")


class Cleaned(NamedTuple):
    """The body's paragraphs, and what was cut: the lines of header and footer, and headings with ornaments."""

    lines: list[str]
    header: list[str]
    headings: list[str]
    footer: list[str]


def is_aozora(text: str) -> bool:
    """Whether a text is in Aozora's format: it has the block of symbols, the footer, or notes ［＃…］."""
    lines = text.split("\n")
    has_header = aozora_frame.symbols_start(lines) is not None
    return has_header or "［＃" in text or aozora_frame.footer_start(lines, 0) < len(lines)


def clean_aozora(text: str) -> Cleaned:
    """The ``Cleaned`` text of one in Aozora's format: without header, footer, headings, ruby and notes.

    Lines end in LF. Gaiji notes that name a JIS plane-row-cell or a code point become that character, others 〓.

    >>> clean_aozora("題\\n著者\\n\\n　親譲《おやゆず》りの無鉄砲。\\n\\n底本：「本」\\n入力：人").lines
    ['親譲りの無鉄砲。']
    """
    lines = text.split("\n")
    start = aozora_frame.header_end(lines)
    stop = aozora_frame.footer_start(lines, start)
    first, last = aozora_frame.contents_span(lines[start:stop])
    source = [*lines[start : start + first], *lines[start + last : stop]]
    body, headings, in_heading = [], [line for line in map(_plain, lines[start + first : start + last]) if line], False
    source = list(whole_notes(source))
    for k, line in enumerate(source):
        if "見出し" in line and _HEADING_OPENS.search(line):
            in_heading = True
        stripped = line.strip(" 　\f")
        paragraph, heading = (
            ("", _plain(stripped)) if in_heading else _without_heading(_without_ruby(stripped), *_place(source, k))
        )
        if in_heading and _HEADING_CLOSES.search(line):
            in_heading = False
        headings += [heading] if heading else []
        body += [paragraph] if paragraph else []
    return Cleaned(body, lines[:start], headings, lines[stop:])


def _place(lines, k):
    """Whether a line is alone, indented or after an empty line; and whether it stands far in, between empty lines."""
    empty_before = k == 0 or not lines[k - 1].strip()
    empty_after = k + 1 == len(lines) or not lines[k + 1].strip()
    far_in = bool(_INDENT.match(lines[k]))
    return empty_before or lines[k].startswith(("　　", "  ")), far_in and empty_before and empty_after


def _without_ruby(line):
    """A line of the body without ruby, and with characters for gaiji; notes that are not gaiji stay."""
    if "※［" in line:
        line = replace_brackets(line, _gaiji, "※")
    return _RUBY.sub("", line) if "《" in line or "｜" in line or "》" in line else line


def _gaiji(content):
    return _character(content) if content.startswith("＃") else None


def _character(note):
    """The character that a gaiji note names by its JIS cell or its code point; else 〓."""
    cell, code_point = _CELL.search(note), _CODE_POINT.search(note)
    character = _UNKNOWN_GAIJI
    if cell:
        plane, row, column = (int(number) for number in cell.groups())
        euc = [0x8F] * (plane == 2) + [0xA0 + row, 0xA0 + column]  # EUC-JIS-2004 spells row and cell out
        if 1 <= row <= 94 and 1 <= column <= 94:
            character = bytes(euc).decode("euc_jis_2004", "replace").replace("\ufffd", _UNKNOWN_GAIJI)
    elif code_point and int(code_point[1], 16) < 0x110000 and not 0xD800 <= int(code_point[1], 16) < 0xE000:
        character = chr(int(code_point[1], 16))
    return character.translate(_HIDE)


def _without_heading(line, alone, apart):
    """Split a line into what stays and the heading in it; it may be ``alone`` or ``apart``, as ``_place`` says."""
    if "見出し" in line:
        if heading := _heading_span(line):
            return _plain(line.replace(heading, "")), _plain(heading)
        if note := _HEADING_NOTE.search(line):
            before, title = line[: note.start()], note[1]
            if note[2] and title in before:  # a heading that shares its line with text
                return _plain(before.replace(title, "", 1) + line[note.end() :]), _plain(title)
            return _plain(line[note.end() :]), _plain(before)
    plain = _plain(line)
    separates = _is_ornament(plain) or (alone and _CHAPTER_NUMBER.fullmatch(plain))
    separates = separates or (apart and _CHAPTER.fullmatch(plain))
    return ("", plain) if separates else (plain, "")


def _heading_span(line):
    """The first heading with its notes, such as ［＃大見出し］…［＃大見出し終わり］; "" for none."""
    spans = []
    for level in _LEVELS:
        start = line.find(f"［＃{level}］")
        stop = line.find(f"［＃{level}終わり］", start) if start >= 0 else -1
        if stop >= 0:
            spans.append((start, line.index("］", stop) + 1))
    start, stop = min(spans, default=(0, 0))
    return line[start:stop]


def _is_ornament(line):
    """Whether a line divides the text by signs that are no words: ＊　＊　＊, ――――, △."""
    if line[:1].isalnum():
        return False
    signs = line.replace("　", "").replace(" ", "")
    if not signs or _DASHES.fullmatch(signs):
        return bool(signs)
    return all(sign in _ORNAMENTS or (unicodedata.category(sign) == "So" and sign != _UNKNOWN_GAIJI) for sign in signs)


def _plain(line):
    """The words of a line alone: without notes, and with characters for repeat marks and spelled-out accents."""
    if "［" in line:
        line = replace_brackets(line, _note)
    if "／" in line:
        line = _REPEAT.sub(lambda mark: "〴〵" if mark[1] else "〳〵", line)
    if "〔" in line:
        line = _ACCENTED.sub(_accents, line)
    return (line.translate(_SHOW) if _HIDDEN.search(line) else line).strip(" 　")


def _note(content):
    return "" if content.startswith("＃") or _NUMBERED.fullmatch(content) else None


def _accents(block):
    """〔cafe'〕 to café (アクセント分解); a bracket that holds Japanese is the author's own and stays."""
    return _ACCENT.sub(_composed, block[1]) if max(block[1], default="") < "\u3000" else block[0]


def _composed(match):
    spelled = match[0]
    return _LIGATURES.get(spelled) or unicodedata.normalize("NFC", spelled[0] + _MARKS[spelled[-1]][0])
