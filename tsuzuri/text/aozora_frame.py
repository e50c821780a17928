"""What stands around the author's words in Aozora Bunko's files: title block, symbols' block, contents, footer.

All functions take the lines of a text and give places among them.
"""

import re
from collections.abc import Sequence

HEADER_LINES = 60  # the symbols' block begins within them, and has at most as many
FOOTER_LINES = 80  # most footers have about 30; what looks like a longer one must hold hardly any prose
UNSIGNED_LINES = 30  # of a footer that nobody signed
CONTENTS_LINES = 400
NUMBER = r"[〇一二三四五六七八九十百0-9０-９ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩIVX]+"

_MARKER = re.compile(r"[^。]{0,12}(?:テキスト中に現れる記号|表記|記号)について[^。]{0,8}")
_EXPLAINED = re.compile(r"[　 ]*(?:《》|｜|［＃］|※|〔〕|／＼|／″＼|[（(]例[）)]|●)")
_RULE = re.compile(r"[-=－＝─]{5,}")
_SOURCE = r"[-=]*(?:底本|親本|初出|翻訳の底本|翻訳の原作|作業履歴)"
_FOOTER = re.compile(rf"［＃本文終わり］|{_SOURCE}[^。「」『』：:]{{0,8}}[：:]|[-=]*底本[　 ]*[「『]")
_BOOK = re.compile(rf"{_SOURCE}[^。「」『』：:]{{0,8}}[：:]?[　 ]*[「『]")
_CREDITS = re.compile(r"青空文庫|(?:入力|校正)[：:]")  # a footer says who typed the text; the author's own lines do not
_SIGNED = re.compile(r"[　 ]*(?:入力|校正)[：:][^。]{1,30}|[　 ]*青空文庫作成ファイル[：:]?")
_BEFORE_FOOTER = re.compile(r"[-=]{20,}|※(?!［＃).*|●?入力者注.*|")
_SENTENCE = re.compile(r"[。！？][」』）]?\Z")
_CONTENTS = re.compile(r"[【［〔《]?目[　 ]*[次録][】］〕》]?")
_LEADERS = re.compile(r"[　 ]*[・．.…‥]{2,}.*|[　 ]+[0-9０-９一二三四五六七八九十百〇]+[　 ]*\Z")
_NOTE = re.compile(r"［＃[^［］]*］")
_SPACES = re.compile(r"[　 ]+")


def symbols_start(lines: Sequence[str]) -> int | None:
    """The line that heads the explanation of the symbols, 【テキスト中に現れる記号について】 or like it."""
    for k, line in enumerate(lines[:HEADER_LINES]):
        if _MARKER.fullmatch(line.strip()) and any(_EXPLAINED.match(below) for below in lines[k + 1 : k + 8]):
            return k
    return None


def header_end(lines: Sequence[str]) -> int:
    """Where the body starts: after the symbols' block, or after the title block where there is none."""
    symbols = symbols_start(lines)
    if symbols is not None:
        return _symbols_end(lines, symbols)
    title = next((k for k, line in enumerate(lines) if not line.strip()), 0)
    return title if title <= 6 and not any("。" in line for line in lines[:title]) else 0


def _symbols_end(lines, start):
    """After the rule that ends the block; where there is none, after the last line that explains a symbol."""
    last = start
    for k in range(start + 1, min(start + HEADER_LINES, len(lines))):
        if _RULE.fullmatch(lines[k].strip()):
            return k + 1
        if _EXPLAINED.match(lines[k]):
            last = k
        elif _SENTENCE.search(lines[k].strip()) and k > last + 2:
            break  # the author speaks
    return last + 1


def footer_start(lines: Sequence[str], start: int) -> int:
    """Where the footer starts, with the rules and annotators' notes just before it; ``len(lines)`` without one."""
    place = _sourced_footer(lines, start)
    if place is None:
        place = _unsourced_footer(lines, start)
    while start < place < len(lines) and _BEFORE_FOOTER.fullmatch(lines[place - 1].strip(" 　")):
        place -= 1
    return place


def _sourced_footer(lines, start):
    """The first line like 底本： that credits follow, and hardly any sentences; None where there is none."""
    place, filled, sentences, signed = None, 0, 0, False
    for k in range(len(lines) - 1, start - 1, -1):
        line = lines[k].strip()
        signed = signed or bool(_CREDITS.search(line))
        far_up = len(lines) - k > FOOTER_LINES
        if far_up and (not signed or 5 * sentences > filled):
            break  # the author's words
        if _FOOTER.match(line) and (
            signed or (filled < UNSIGNED_LINES and 5 * sentences <= filled and _BOOK.match(line))
        ):
            place = k
        filled, sentences = filled + bool(line), sentences + bool(_SENTENCE.search(line))
    return place


def _unsourced_footer(lines, start):
    """The first line of those at the end that say who typed the text; ``len(lines)`` where there are none."""
    for k in range(max(start, len(lines) - UNSIGNED_LINES), len(lines)):
        begins = k == start or not lines[k - 1].strip()
        if begins and _SIGNED.fullmatch(lines[k]) and any("青空文庫" in line for line in lines[k:]):
            return k
    return len(lines)


def contents_span(lines: Sequence[str]) -> tuple[int, int]:
    """The lines of a table of contents, (0, 0) where there is none.

    A list below 目次 is one if most of its entries stand in the text again, as headings do.
    """
    head = next(
        (k for k, line in enumerate(lines[:CONTENTS_LINES]) if "目" in line and _CONTENTS.fullmatch(_entry(line))), None
    )
    if head is None:
        return 0, 0
    entries, stop = [], head + 1
    for k in range(head + 1, min(head + CONTENTS_LINES, len(lines))):
        entry = _entry(lines[k])
        if "。" in entry or len(entry) > 40 or (entry and entry in entries):
            break  # the body: its first heading is the list's first entry
        if not entry and "改" in lines[k]:
            stop = k + 1
            break  # ［＃改ページ］
        if entry:
            entries.append(entry)
            stop = k + 1
    after = {_entry(line) for line in lines[stop:]}
    return (head, stop) if entries and 2 * sum(entry in after for entry in entries) >= len(entries) else (0, 0)


def _entry(line):
    """A line of a table of contents as the heading it names: without notes, leaders, page number and spaces."""
    return _SPACES.sub("", _LEADERS.sub("", _NOTE.sub("", line).strip(" 　")))
