"""The text in a file: the format names no encoding, so the likeliest is taken.

Each encoding that can decode the bytes is weighed by how common its characters are; of equal weights the first counts.
"""

import unicodedata

_COMMON_HAN = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后"
    "音轨钢琴吉鼓弦主旋律伴奏曲歌爱月花风雨心雪春夏秋冬明天水山海东西南北日夜星光云"
)
_COMMON_HANGUL = frozenset(
    "이다는을가고하에의지은기나사도를리로어자한인스시아대해정일라수그것보제서과소전오우마내너당랑음악노래"
)
_VOICED = frozenset("ｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾊﾋﾌﾍﾎｳ")  # half-width kana that ﾞ may follow


def decode_midi_text(payload):
    """The text of a payload in UTF-8, cp932, GBK, EUC-KR or Latin-1 (Windows' cp1252), as one line.

    It is safe to show on a terminal: each character that is not printable becomes a space.
    """
    payload = bytes(payload)
    decoded = ((weigh, _decoded(payload, encoding)) for encoding, weigh in _ENCODINGS)
    weighed = [(weigh(characters), characters) for weigh, characters in decoded if characters is not None]
    best = max(weighed, key=lambda pair: pair[0])[1] if weighed else payload.decode("latin-1")
    return "".join(c if c.isprintable() or c == "\u3000" else " " for c in best).strip()


def _decoded(payload, encoding):
    try:
        return payload.decode(encoding)
    except UnicodeDecodeError:
        return None


def _utf_8(characters):
    """Bytes that can be UTF-8 nearly always are; only a pair of them may be one character of another encoding."""
    doubtful = sum("\u0250" <= c < "\u0370" or "\u0460" <= c < "\u0900" for c in characters)
    return 4 * sum(c > "\x7f" for c in characters) - 3.75 * doubtful


def _japanese(characters):
    weight = 0
    for before, c in zip(" " + characters, characters, strict=False):
        if "\u3040" <= c < "\u3100":
            weight += 3
        elif "\u4e00" <= c < "\ua000":
            weight += 2 if c.encode("cp932") < b"\x98\x73" else 0  # level 1 of JIS X 0208
        elif c in "ﾞﾟ":
            weight += 2.5 if before in _VOICED else -3
        elif "\uff61" <= c < "\uffa0":
            weight += 0.5
        elif c > "\x7f":
            weight += _other(c)
    return weight


def _chinese(characters):
    weight = 0
    for c in characters:
        if "\u4e00" <= c < "\ua000":
            code = c.encode("gbk")
            if code[1] > 0xA0 and code[0] >= 0xB0:
                weight += 2 if code[0] < 0xD8 else 0.5  # levels 1 and 2 of GB 2312
            weight += c in _COMMON_HAN
        elif c > "\x7f":
            weight += _other(c)
    return weight


def _korean(characters):
    """Hangul can be read as Chinese, but half of Chinese cannot be read as Hangul: three letters are no accident."""
    weight = -1.5
    for c in characters:
        if "\uac00" <= c < "\ud7a4":
            weight += 2.7 + (c in _COMMON_HANGUL)
        elif c > "\x7f" and not "\u4e00" <= c < "\ua000":
            weight += _other(c)
    return weight


def _western(characters):
    """An accented letter stands beside a plain one, a symbol by itself."""
    weight = 0
    for before, c, after in zip(" " + characters, characters, characters[1:] + " ", strict=False):
        if c > "\x7f" and c.isalpha():
            weight += 2 if (before + after).isascii() and (before + after).strip() else 1
        elif c > "\x7f":
            weight += 1 if before < "\x80" and after < "\x80" else -1
    return weight


def _other(c):
    """The weight of another character: 1 for punctuation and full-width letters, -1 for one rare in titles."""
    return 1 if "\u3000" <= c < "\u3040" or "\uff01" <= c < "\uff5f" or unicodedata.category(c)[0] == "P" else -1


_ENCODINGS = (
    ("utf-8", _utf_8),
    ("cp932", _japanese),
    ("gbk", _chinese),
    ("euc-kr", _korean),
    ("cp1252", _western),
)
