"""The encoding of a text of unknown origin, by how well each reading looks like a language; never a mere guess.

Each candidate, a codec with its languages, gives its reading of the bytes a cost: about minus the logarithm of its
probability. So the costs of two readings of the same bytes compare, however many characters they make of them.
"""

import re
import unicodedata
from collections import Counter
from itertools import islice

from tsuzuri.text.languages import ALPHABETS, COMMON, ODD_SHARE, reading_cost

SAMPLE = 4096  # bytes of lines beyond ASCII that are looked at
UNCUT = 100  # characters: a sample that is longer may end within one
EXCERPT = 1 << 20  # bytes from the beginning, the middle and the end that they are taken from
SURE = 8.0  # the odds of a reading against every other one, as a logarithm
KIN = (  # differ in rare characters
    {"shift_jis_2004", "cp932"},
    {"euc_jp", "euc_jis_2004"},
    {"big5", "cp950", "big5hkscs"},
    {"euc_kr", "cp949"},
    {"gb2312", "gbk", "gb18030"},
)
REPAIRS = 20  # bad bytes in one line that are looked at
FEW = 5  # characters of UTF-8 may be something else by chance
FEW_ZEROS = 0.25  # of the bytes: in UTF-16 of letters of ASCII half of them are zero, and more are not UTF-8
ERROR_SHARE = 0.01  # of the bytes, which cannot be decoded
MIXED = 15  # bytes: where a character of UTF-8 in so many of them shows that two texts were put together
MANY = 20_000  # characters that show damaged UTF-8
WEST = "German Finnish French Spanish Italian Icelandic Portuguese Swedish Danish English Dutch"
CENTRE = "Hungarian Polish Czech Slovak Croatian Romanian German"
CYRILLIC = "Russian Ukrainian Serbian Bulgarian"
CANDIDATES = {  # codec: its languages, and how much rarer than others such files are
    "shift_jis_2004": (["Japanese"], 0.0), "euc_jis_2004": (["Japanese"], 0.0), "cp949": (["Korean"], 0.0),
    "gb18030": (["Simplified Chinese", "Traditional Chinese", "Japanese"], 0.0),
    "cp950": (["Traditional Chinese"], 0.0),
    "cp932": (["Japanese"], 0.1), "euc_jp": (["Japanese"], 0.1), "big5hkscs": (["Traditional Chinese"], 0.1),
    "euc_kr": (["Korean"], 0.1), "johab": (["Korean"], 6.0),
    "cp1252": (WEST.split(), 0.0), "iso8859_15": (WEST.split(), 1.0), "cp1250": (CENTRE.split(), 1.0),
    "iso8859_2": (CENTRE.split(), 1.0), "cp1251": (CYRILLIC.split(), 0.0), "koi8_r": (["Russian", "Bulgarian"], 0.0),
    "koi8_u": (["Ukrainian"], 0.1), "iso8859_5": (CYRILLIC.split(), 3.0), "cp1253": (["Greek"], 0.0),
    "iso8859_7": (["Greek"], 1.0), "cp1254": (["Turkish"], 2.0), "cp1258": (["Vietnamese"], 1.0),
    "cp1257": (["Lithuanian", "Latvian"], 3.0), "iso8859_13": (["Lithuanian", "Latvian"], 4.0),
    "cp1255": (["Hebrew"], 1.0), "cp1256": (["Arabic"], 1.0), "cp874": (["Thai"], 1.0), "iso8859_6": (["Arabic"], 1.0),
    "cp850": (WEST.split(), 6.0), "cp437": (WEST.split(), 6.0), "mac_roman": (WEST.split(), 6.0),
    "cp852": (CENTRE.split(), 6.0), "mac_latin2": (CENTRE.split(), 6.0), "cp866": (CYRILLIC.split(), 4.0),
    "cp1125": (["Ukrainian"], 5.0), "mac_cyrillic": (CYRILLIC.split(), 6.0), "cp737": (["Greek"], 6.0),
    "mac_greek": (["Greek"], 6.0), "cp857": (["Turkish"], 6.0), "cp862": (["Hebrew"], 5.0),
    "utf-8": ([*ALPHABETS, *COMMON], 0.0),
}  # fmt: skip
MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}  # fmt: skip
ESCAPES = {
    "iso2022_jp_ext": re.compile(rb"\x1b\(I"),  # half-width kana
    "iso2022_jp_2004": re.compile(rb"\x1b\$[@B(]"), "iso2022_kr": re.compile(rb"\x1b\$\)C"),
}  # fmt: skip
_NOT_UTF_8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|([\x80-\xff])")
_PAIR = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|\xc2[\xa0-\xbf]")  # what may be a character of other encodings too
_BAD_OR_PRIVATE = re.compile("[\udc80-\udcff\ue000-\uf8ff]")
_UTF_8_OF_3 = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}")
_BAD = re.compile("[\udc80-\udcff]")  # what "surrogateescape" makes of bytes that mean nothing
_ASCII_AND_SIGNS = bytes([*range(128), 0x85, *range(0x91, 0x98)])  # … ‘ ’ “ ” • – —
_ELIDED = re.compile(rb"[A-Za-z]\x92(?:s|t|d|m|ll|re|ve)\b", re.IGNORECASE)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_LINE_END = re.compile(rb"\r\n?|\n")
_CUT_OFF = re.compile("[\udc80-\udcff]{1,3}\\Z")  # the last character of a sample
_SAME = str.maketrans("～∥－￠￡￢―＼", "〜‖−¢£¬—\\")  # one character by two codecs


def detect_encoding(data: bytes) -> str:
    """The codec that bytes are surely in; raises ``ValueError`` with a reason where none is, or where two could be.

    The reason names the first byte beyond ASCII, its line, and the two codecs.
    """
    if mark := next((mark for mark in MARKS if data.startswith(mark)), None):
        return MARKS[mark]
    zeros = data.count(0)
    if zeros and (zeros > FEW_ZEROS * len(data) or not _decodes(data)) and (codec := _utf_16(data)):
        return codec
    if data.isascii():
        return next((codec for codec, escape in ESCAPES.items() if escape.search(data)), "utf-8")
    if _has_apostrophes_of_windows(data):
        return "cp1252"
    return "utf-8" if _is_utf_8(data) else _legacy(data)


def _has_apostrophes_of_windows(data):
    """Whether bytes are English with the curly signs of Windows alone, as in It's: the commonest of all such files."""
    return not data.translate(None, _ASCII_AND_SIGNS) and bool(_ELIDED.search(data))


def _decodes(data):
    """Whether bytes are valid UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_utf_8(data):
    """Whether bytes are UTF-8, but for bad ones; a few characters may look far more like another encoding's."""
    if not _decodes(data):
        excerpt = _excerpt(data)
        characters = [found[1] for found in islice(_NOT_UTF_8.finditer(excerpt), MANY)]
        return len(characters) >= 9 * (len(characters) - characters.count(None))
    few = [found[0] for found in islice(_NOT_UTF_8.finditer(data), FEW + 1)]
    return len(few) > FEW or not all(map(_PAIR.fullmatch, few)) or not _unlike_utf_8(data)


def _excerpt(data):
    """Bytes, or of very many some lines from the beginning, the middle and the end; some beyond ASCII if there are."""
    if len(data) <= 4 * EXCERPT:
        return data
    starts = [0, *(_line_start(data, place) for place in (len(data) // 2, len(data) - EXCERPT))]
    excerpt = b"".join(data[start : _line_start(data, start + EXCERPT)] for start in starts)
    if excerpt.isascii():  # what is beyond it stands elsewhere
        excerpt += b"\n".join(islice((line for line in data.splitlines() if not line.isascii()), MANY))
    return excerpt


def _line_start(data, place):
    """Where the line begins that the byte at ``place`` is in, if that is near."""
    return max(data.rfind(b"\n", place - SAMPLE, place), data.rfind(b"\r", place - SAMPLE, place), place - 1) + 1


def _utf_16(data):
    """Which UTF-16 bytes with zeros among them are: one reading alone has a space or line end and no odd character."""
    likely = []
    for codec in ("utf-16-le", "utf-16-be"):
        text = set(data[: 2 * SAMPLE].decode(codec, "replace")) - {"\t", "\r", "\f"}
        odd = any(c != "\n" and (c == "\ufffd" or unicodedata.category(c) in ("Cc", "Cn", "Co")) for c in text)
        likely += [codec] if not odd and text & {" ", "\n", "\u3000"} else []
    return likely[0] if len(likely) == 1 else None


def decode_damaged(data: bytes, codec: str) -> str:
    """The text of bytes some of which mean nothing: each of these becomes one of U+DC80 to U+DCFF.

    Where a bad byte was the first of two, the second goes with it if the rest is likelier so.
    """
    if codec.startswith(("utf-16", "utf-32")) or codec in ESCAPES:
        return data.decode(codec, "replace").replace("\ufffd", "\udcff")  # which are not of single bytes
    return "".join(_damaged(line, codec) for line in data.splitlines(keepends=True))


def _damaged(line, codec):
    """The text of a line with bad bytes."""
    if line.isascii():
        return line.decode()
    text = ""
    for _ in range(REPAIRS):
        try:
            return text + line.decode(codec)
        except UnicodeDecodeError as error:
            text, line = text + line[: error.start].decode(codec), line[error.start :]
        skipped = 1
        if codec in CANDIDATES and CANDIDATES[codec][0][0] in COMMON and line[1:2] > b"\x7f":
            skipped = min((1, 2), key=lambda k: _cost_of(line[k : k + 64], codec)[0] + 3.0 * k)
        text, line = text + chr(0xDC00 + max(0x80, line[0])), line[skipped:]
    return text + line.decode(codec, "surrogateescape")


def _unlike_utf_8(data):
    """Whether a few characters of valid UTF-8 look far more like another encoding's."""
    sample = b"\n".join(line for line in data.splitlines() if not line.isascii())[: 2 * SAMPLE]
    cost, odd, _ = _cost_of(sample, "utf-8")
    margin = SURE if odd > ODD_SHARE else -SURE
    return any(_cost_of(sample, codec)[0] < cost + margin for codec in CANDIDATES if codec != "utf-8")


def _are_kin(one, other):
    """Whether two codecs are a set of characters and a larger one."""
    return any({one, other} <= kin for kin in KIN)


def _legacy(data):
    """The codec of bytes beyond ASCII that are not UTF-8; raises ``ValueError`` unless it is surely one."""
    excerpt = _excerpt(data)
    if len(_CONTROL.findall(excerpt)) > 1 + ERROR_SHARE * len(excerpt):
        raise ValueError("is binary, not text (it is full of control characters)")
    counts = Counter(line for line in excerpt.splitlines() if not line.isascii())
    lines = [*counts]
    readings = dict.fromkeys(CANDIDATES, (0.0, 0.0, ""))  # cost, share of odd characters, text
    for size in (SAMPLE // 32, SAMPLE // 8, SAMPLE):
        sample = _sample(excerpt, lines, size)
        readings = {codec: _cost_of(sample, codec) for codec in readings}
        codec = min(readings, key=lambda codec: readings[codec][0])  # of equals the first
        cost, odd, text = readings[codec]
        readings = {codec: reading for codec, reading in readings.items() if reading[0] < cost + 60}
    rivals = [rival for rival in readings if readings[rival][2] != text and not _are_kin(codec, rival)]
    if odd == 0 and not _BAD.search(text):  # then one that cannot read all is none
        rivals = [rival for rival in rivals if not _BAD.search(readings[rival][2])]
    rival = min(rivals, key=lambda rival: readings[rival][0], default=codec)
    if rival != codec and readings[rival][0] < cost + SURE * (2 if _BAD.search(text) else 1):
        raise ValueError(f"may be in {codec} or {rival} ({_first_place(data)}): --encoding NAME tells which")
    bad = sum(n * len(_BAD_OR_PRIVATE.findall(decode_damaged(line, codec))) for line, n in counts.items())
    length = sum(n * len(line) for line, n in counts.items())
    mixed = bad and MIXED * len(_UTF_8_OF_3.findall(excerpt)) > length  # with UTF-8
    if odd > ODD_SHARE or codec == "utf-8" or bad > ERROR_SHARE * length or mixed:
        raise ValueError(f"is not text in an encoding that shows ({_first_place(data)}): --encoding NAME tells which")
    return codec


def _first_place(data):
    """Where the first byte beyond ASCII is."""
    where = re.search(rb"[\x80-\xff]", data).start()
    return f"byte {data[where]:#04x} at {where + 1:,}, in line {len(_LINE_END.findall(data[:where])) + 1:,}"


def _sample(data, lines, size):
    """About so many bytes of lines from all over a text, and a line for each byte beyond ASCII that is not in them."""
    some, length = [], 0
    for line in lines[:: max(1, sum(map(len, lines)) // size)]:
        some.append(line[: 2 * size])
        length += len(some[-1])
        if length >= size:
            break
    seen = set(b"".join(some))
    for byte in range(0x80, 0x100) if size == SAMPLE else ():
        k = data.find(byte) if byte not in seen else -1
        if k >= 0:
            start = max(data.rfind(b"\n", 0, k), data.rfind(b"\r", 0, k)) + 1
            end = re.compile(rb"[\r\n]|\Z").search(data, k).start()
            some += [data[start:end]] if end - start < 1000 else []
            seen.update(data[start:end])
    return b"\n".join(some)


def odd_share(text: str) -> float:
    """The share of characters at a text's beginning that no text holds: unassigned, private and control characters."""
    some = text[:SAMPLE]
    odd = sum(unicodedata.category(c) in ("Cc", "Cn", "Co", "Cs") and c not in "\t\n\r\f" for c in some)
    return odd / max(1, len(some))


def likelier_codec(data: bytes, codecs: list[str]) -> str:
    """The one of some codecs that can all decode some bytes whose text is likelier; of equals the first."""
    lines = [line for line in dict.fromkeys(_excerpt(data).splitlines()) if not line.isascii()]
    sample = _sample(data, lines, SAMPLE)
    return min(codecs, key=lambda codec: _cost_of(sample, codec)[0])


def _cost_of(sample, codec):
    """What a codec's reading costs, the share of odd characters beyond ASCII in it, and the reading."""
    text = sample.decode(codec, "surrogateescape")
    text = as_written(_CUT_OFF.sub("", text) if len(text) > UNCUT else text, codec).translate(_SAME)
    languages, rarity = CANDIDATES[codec]
    cost, odd = reading_cost(text, languages)
    return cost + rarity, odd, text


def as_written(text: str, codec: str) -> str:
    """A text with the backslash and the tilde that all writers mean where a codec reads a yen sign and an overline."""
    return text.replace("\xa5", "\\").replace("\u203e", "~") if codec == "shift_jis_2004" else text
