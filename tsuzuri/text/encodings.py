"""Bytes to text: decoded, with LF line ends, without control characters, and what was amiss and where."""

import codecs
import contextlib
import re
from typing import NamedTuple

from tsuzuri.errors import UserError
from tsuzuri.text.detection import as_written, decode_damaged, detect_encoding, likelier_codec, odd_share

AUTO = "auto"
MOST = 0.1  # of the characters, beyond which bad bytes or control characters mean that this is no text
HARDLY_ANY = 0.001  # of all bytes, which is an accident whatever the rest is
HIGH = bytes(range(0x80, 0x100))
WIDE = ("utf-16", "utf-32")
SINGLE = 1000  # bytes of ASCII beside which a single other one is an accident
NAMES = {  # of codecs, as people know them
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "shift_jis_2004": "Shift_JIS",
}
WIDER = {  # what people call an encoding, and what their programs write
    "shift_jis": ("shift_jis_2004", "cp932"),
    "euc_jp": ("euc_jis_2004",),
    "iso2022_jp": ("iso2022_jp_2004", "iso2022_jp_ext"),
    "gb2312": ("gb18030",),
    "gbk": ("gb18030",),
    "big5": ("cp950", "big5hkscs"),
    "euc_kr": ("cp949",),
}
_BAD, _BADS = re.compile("[\udc80-\udcff]"), re.compile("[\udc80-\udcff]+")
_CONTROL = re.compile(  # with sequences for terminals, and the colors of chats
    r"\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x03\d{1,2}(?:,\d{1,2})?|[\x00-\x08\x0e-\x1f\x7f]"
)
_LINE_END = re.compile(r"\r\n?|\n")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


class Decoded(NamedTuple):
    """A ``text`` with LF line ends, the ``codec`` that read it, and ``remarks`` on what was replaced or left out."""

    text: str
    codec: str
    remarks: tuple[str, ...] = ()

    @property
    def encoding(self) -> str:
        """The usual name of the encoding."""
        return NAMES.get(self.codec, self.codec)


def decode(data: bytes, encoding: str = AUTO) -> Decoded:
    """The text of a file's bytes; ``encoding`` is a codec's name or "auto".

    A few bad bytes become U+FFFD, and control characters are left out; the remarks say how many, and the line of the
    first. Raises ``ValueError`` with a reason for what is empty, what is not text, or not in this encoding, and for
    bytes that may be in more than one.

    >>> decode("我是一只猫，还没有名字。".encode("gb18030"))
    Decoded(text='我是一只猫，还没有名字。', codec='gb18030', remarks=())
    """
    if not data:
        raise ValueError("is empty")
    text, codec = _named(data, encoding) if encoding != AUTO else _detected(data)
    text = as_written(text, codec).removeprefix("\ufeff").removesuffix("\x1a")  # the end-of-file mark of old editors
    text, bad = _without_bad_bytes(text, data, codec)
    text, control = _without_control(text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Decoded(text, codec, tuple(filter(None, (bad, control))))


def _named(data, encoding):
    """The text of bytes in the encoding that the user names, or in what is usually called so."""
    texts = {}
    for codec in (encoding, *WIDER.get(encoding, ())):
        if encoding not in texts:
            with contextlib.suppress(UnicodeDecodeError):
                texts[codec] = data.decode(codec)
    if not texts:
        texts[encoding] = decode_damaged(data, encoding)
    if encoding.startswith(WIDE) and not _may_be_wide(data, texts[encoding]):
        raise ValueError(f"is not text in {NAMES.get(encoding, encoding)}")
    codec = likelier_codec(data, [*texts]) if len(texts) > 1 else next(iter(texts))
    return texts[codec], codec


def _may_be_wide(data, text):
    """Whether bytes may be UTF-16 or UTF-32, by which most bytes of other encodings mean something too."""
    if data.isascii() and b"\0" not in data:
        return False
    return odd_share(text.removesuffix("\udcff")) <= MOST


def _detected(data):
    try:
        codec = detect_encoding(data)
    except ValueError:
        if len(data) < SINGLE or len(data) - len(data.translate(None, HIGH)) > 1:
            raise
        codec = "utf-8"
    try:
        return data.decode(codec), codec
    except UnicodeDecodeError:
        return decode_damaged(data, codec), codec


def _without_bad_bytes(text, data, codec):
    """A text with U+FFFD for bad bytes, and a remark on them; raises ``ValueError`` where they are too many."""
    first = _BAD.search(text)
    if not first:
        return text, None
    count, beyond = len(_BAD.findall(text)), len(_NOT_ASCII.findall(text))
    name, line = NAMES.get(codec, codec), _line(text, first.start())
    if count > MOST * beyond and count > max(HARDLY_ANY * len(data), len(data) >= SINGLE):
        raise ValueError(f"is not text in {name} (byte {ord(first[0]) - 0xDC00:#04x} in line {line:,})")
    some = f"1 byte that is no {name}" if count == 1 else f"{count:,} bytes that are no {name}, the first"
    return _BADS.sub("\ufffd", text), f"{some} in line {line:,}{',' if count > 1 else ''} became U+FFFD"


def _without_control(text):
    """A text without control characters, and a remark on them; raises ``ValueError`` where they are too many."""
    first = _CONTROL.search(text)
    if not first:
        return text, None
    count = len(_CONTROL.findall(text))
    shown = f"such as {ord(first[0][0]):#04x} in line {_line(text, first.start()):,}"
    if count > MOST * len(text):
        raise ValueError(f"is binary, not text ({count:,} of {len(text):,} characters are control characters, {shown})")
    some = "1 control character left out" if count == 1 else f"{count:,} control characters left out, the first"
    return _CONTROL.sub("", text), f"{some} in line {_line(text, first.start()):,}"


def _line(text, place):
    return len(_LINE_END.findall(text, 0, place)) + 1


def codec_name(name: str) -> str:
    """The usual name of a codec; raises ``UserError`` for an encoding that Python does not know."""
    try:
        b"a".decode(name)
    except UnicodeDecodeError:
        pass  # two bytes or more are a character
    except (LookupError, ValueError):
        known = "auto, utf-8, utf-16, cp1252, shift_jis, euc_jp, gb18030, or another that Python knows"
        raise UserError(f"the encoding {name!r} is unknown, must be {known}") from None
    return codecs.lookup(name).name
