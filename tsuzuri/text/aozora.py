"""Aozora Bunko's plain text, cleaned to the author's words.

The format is described in the library's own annotation manual (青空文庫 注記一覧): a title block, a block that explains
the symbols, the body with ruby 《》, its start mark ｜ and notes ［＃…］, and a footer that begins with 底本：.
"""

import re
import unicodedata
from typing import NamedTuple

_SYMBOLS = re.compile(r"【テキスト中に現れる記号について】|［表記について］")
_RULE = re.compile(r"[-=]{20,}")
_FOOTER = re.compile(r"［＃本文終わり］|[-=]*(底本|親本|初出|翻訳の底本|翻訳の原作|作業履歴)[^。「」：]{0,8}：")
FOOTER_LINES = 80  # real ones have about 30: what looks like one further up is the author's
_CREDITS = re.compile(r"青空文庫|入力：")  # a footer says who typed the text; a sentence that begins with 底本 does not
_BEFORE_FOOTER = re.compile(r"[-=]{20,}|※(?!［＃).*|●?入力者注.*|")

_GAIJI = re.compile(r"※［＃([^［］]*)］")
_NOTE = re.compile(r"［＃[^［］]*］|［※[0-9０-９]+］")
_CELL = re.compile(r"(?<![0-9])([12])-([0-9]{1,2})-([0-9]{1,2})(?![0-9])")
_CODE_POINT = re.compile(r"U\+([0-9A-Fa-f]{4,6})")
_UNKNOWN_GAIJI = "〓"
_RUBY = re.compile(r"《[^《》]*》|[｜《》]")

_LEVEL = r"(?:同行|窓)?[大中小]見出し"
_HEADING_SPAN = re.compile(rf"［＃({_LEVEL})］.*?［＃\1終わり］")
_HEADING_NOTE = re.compile(r"［＃「([^［］]*)」は((?:同行|窓)?)[大中小]見出し］")
_HEADING_OPENS = re.compile(rf"［＃ここから{_LEVEL}］")
_HEADING_CLOSES = re.compile(rf"［＃ここで{_LEVEL}終わり］")
_NUMBER = r"[〇一二三四五六七八九十百0-9０-９ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩIVX]+"
_CHAPTER_NUMBER = re.compile(rf"[（〔(]?{_NUMBER}[）〕)]?|第{_NUMBER}[章節回話部篇編]?")
_ORNAMENT = re.compile(r"[-=─━＊*※　 ×○◇◆●☆★]+")

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
    has_header = any(_SYMBOLS.search(line) for line in lines[:60])
    return has_header or "［＃" in text or _footer_start(lines, 0) < len(lines)


def clean_aozora(text: str) -> Cleaned:
    """The ``Cleaned`` text of one in Aozora's format: without header, footer, headings, ruby and notes.

    Lines end in LF. Gaiji notes that name a JIS plane-row-cell or a code point become that character, others 〓.

    >>> clean_aozora("題\\n著者\\n\\n　親譲《おやゆず》りの無鉄砲。\\n\\n底本：「本」\\n入力：人").lines
    ['親譲りの無鉄砲。']
    """
    lines = text.split("\n")
    start = _header_end(lines)
    stop = _footer_start(lines, start)
    body, headings, in_heading = [], [], False
    source = [line.strip(" 　\f") for line in lines[start:stop]]
    for k, line in enumerate(source):
        if "見出し" in line and _HEADING_OPENS.search(line):
            in_heading = True
        alone = k == 0 or not source[k - 1] or lines[start + k].startswith(("　　", "  "))
        paragraph, heading = ("", _plain(line)) if in_heading else _without_heading(_without_ruby(line), alone)
        if in_heading and _HEADING_CLOSES.search(line):
            in_heading = False
        headings += [heading] if heading else []
        body += [paragraph] if paragraph else []
    return Cleaned(body, lines[:start], headings, lines[stop:])


def _header_end(lines):
    """Where the body starts: after the symbols' block, or after the title block where there is none."""
    for k, line in enumerate(lines[:60]):
        if _SYMBOLS.search(line):
            for end in range(k + 1, min(k + 60, len(lines))):
                if _RULE.fullmatch(lines[end].strip()):
                    return end + 1
            break
    title = next((k for k, line in enumerate(lines) if not line.strip()), 0)
    return title if title <= 6 and not any("。" in line for line in lines[:title]) else 0


def _footer_start(lines, start):
    """Where the footer starts, with the rules and annotators' notes just before it; ``len(lines)`` without one."""
    for k in range(max(start, len(lines) - FOOTER_LINES), len(lines)):
        if _FOOTER.match(lines[k]) and any(_CREDITS.search(line) for line in lines[k:]):
            while k > start and _BEFORE_FOOTER.fullmatch(lines[k - 1].strip(" 　")):
                k -= 1
            return k
    return len(lines)


def _without_ruby(line):
    """A line of the body without ruby, and with characters for gaiji; notes that are not gaiji stay."""
    while "※［" in line and line != (line := _GAIJI.sub(_character, line)):
        pass  # a note may hold another: the innermost go first
    return _RUBY.sub("", line) if "《" in line or "｜" in line or "》" in line else line


def _character(note):
    """The character that a gaiji note, a match of ``_GAIJI``, names by its JIS cell or its code point; else 〓."""
    cell, code_point = _CELL.search(note[1]), _CODE_POINT.search(note[1])
    character = _UNKNOWN_GAIJI
    if cell:
        plane, row, column = (int(number) for number in cell.groups())
        euc = [0x8F] * (plane == 2) + [0xA0 + row, 0xA0 + column]  # EUC-JIS-2004 spells row and cell out
        if 1 <= row <= 94 and 1 <= column <= 94:
            character = bytes(euc).decode("euc_jis_2004", "replace").replace("\ufffd", _UNKNOWN_GAIJI)
    elif code_point and int(code_point[1], 16) < 0x110000 and not 0xD800 <= int(code_point[1], 16) < 0xE000:
        character = chr(int(code_point[1], 16))
    return character.translate(_HIDE)


def _without_heading(line, alone):
    """Split a line into what stays and the heading in it; ``alone``: indented, or after an empty line."""
    if "見出し" in line:
        if heading := _HEADING_SPAN.search(line):
            return _plain(line.replace(heading[0], "")), _plain(heading[0])
        if note := _HEADING_NOTE.search(line):
            before, title = line[: note.start()], note[1]
            if note[2] and title in before:  # a heading that shares its line with text
                return _plain(before.replace(title, "", 1) + line[note.end() :]), _plain(title)
            return _plain(line[note.end() :]), _plain(before)
    plain = _plain(line)
    separates = _ORNAMENT.fullmatch(plain) or (alone and _CHAPTER_NUMBER.fullmatch(plain))
    return ("", plain) if separates else (plain, "")


def _plain(line):
    """The words of a line alone: without notes, and with characters for repeat marks and spelled-out accents."""
    while "［" in line and line != (line := _NOTE.sub("", line)):
        pass
    if "／" in line:
        line = _REPEAT.sub(lambda mark: "〴〵" if mark[1] else "〳〵", line)
    if "〔" in line:
        line = _ACCENTED.sub(_accents, line)
    return (line.translate(_SHOW) if _HIDDEN.search(line) else line).strip(" 　")


def _accents(block):
    """〔cafe'〕 to café (アクセント分解); a bracket that holds Japanese is the author's own and stays."""
    return _ACCENT.sub(_composed, block[1]) if max(block[1], default="") < "\u3000" else block[0]


def _composed(match):
    spelled = match[0]
    return _LIGATURES.get(spelled) or unicodedata.normalize("NFC", spelled[0] + _MARKS[spelled[-1]][0])
