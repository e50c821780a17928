"""What a file is by its first bytes, where it is no plain text, with what to do about it in a line."""

import bz2
import gzip
import lzma
import re
from typing import NamedTuple

HEAD = 4096  # bytes that tell
SAVE_AS_TEXT = "save it as plain text (.txt)"
UNPACK = "unpack it"
NO_TEXT = "it holds no text to learn"
PACKED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}  # one text each, which can be read
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK")


class Signature(NamedTuple):
    """``mark``, the bytes at ``offset``; ``name``, what has them; ``advice``, what to do."""

    mark: bytes
    name: str
    advice: str
    offset: int = 0


SIGNATURES = [
    Signature(b"%PDF-", "a PDF", f"{SAVE_AS_TEXT}, as pdftotext does"),
    Signature(b"{\\rtf", "rich text (RTF)", SAVE_AS_TEXT),
    Signature(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old file of Word or Excel", SAVE_AS_TEXT),
    Signature(b"%!PS", "PostScript", f"{SAVE_AS_TEXT}, as ps2ascii does"),
    Signature(b"AT&TFORM", "a DjVu book", f"{SAVE_AS_TEXT}, as djvutxt does"),
    Signature(b"BOOKMOBI", "a Kindle book", "convert it to EPUB or plain text, as Calibre does", 60),
    Signature(b"bplist00", "a web archive or list of Apple's", SAVE_AS_TEXT),
    Signature(b"ustar", "a tar archive", UNPACK, 257),
    Signature(b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    Signature(b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    Signature(b"-lh", "an LHA archive", UNPACK, 2),
    Signature(b"\x28\xb5\x2f\xfd", "packed by zstd", UNPACK),
    Signature(b"\x1f\x9d", "packed by compress", UNPACK),
    Signature(b"MSCF\0", "a cabinet archive", UNPACK),
    Signature(b"\x89PNG\r\n", "a picture (PNG)", NO_TEXT),
    Signature(b"\xff\xd8\xff", "a picture (JPEG)", NO_TEXT),
    Signature(b"GIF87a", "a picture (GIF)", NO_TEXT),
    Signature(b"GIF89a", "a picture (GIF)", NO_TEXT),
    Signature(b"II*\0", "a picture (TIFF)", NO_TEXT),
    Signature(b"MM\0*", "a picture (TIFF)", NO_TEXT),
    Signature(b"\0\0\0\0", "a picture (BMP)", NO_TEXT, 6),
    Signature(b"WEBPVP8", "a picture (WebP)", NO_TEXT, 8),
    Signature(b"WAVEfmt ", "sound (WAV)", NO_TEXT, 8),
    Signature(b"RMIDdata", "MIDI", "rename it to .rmi", 8),
    Signature(b"MThd\0\0\0\x06", "MIDI", "rename it to .mid"),
    Signature(b"ID3", "sound (MP3)", NO_TEXT),
    Signature(b"OggS\0", "sound (Ogg)", NO_TEXT),
    Signature(b"fLaC\0", "sound (FLAC)", NO_TEXT),
    Signature(b"ftyp", "a film or sound (MP4)", NO_TEXT, 4),
    Signature(b"\x1aE\xdf\xa3", "a film (Matroska)", NO_TEXT),
    Signature(b"SQLite format 3\0", "a database (SQLite)", "export its texts"),
    Signature(b"PAR1", "a table (Parquet)", "export it as CSV or text"),
    Signature(b"ARROW1\0\0", "a table (Arrow)", "export it as CSV or text"),
    Signature(b"\x89HDF\r\n", "a file of arrays (HDF5)", NO_TEXT),
    Signature(b"\x93NUMPY", "an array (NumPy)", NO_TEXT),
    Signature(b"\x7fELF", "a program", NO_TEXT),
    Signature(b"\xcf\xfa\xed\xfe", "a program", NO_TEXT),
]
PRINTABLE = (b"BM", b"ID3", b"-lh", b"PAR1", b"ftyp")  # a text could begin so: here more must be amiss
OFFICE = {  # the beginning of a member's name, or what the member "mimetype" holds
    "word/": "a Word document (docx)",
    "xl/": "a spreadsheet (xlsx)",
    "ppt/": "slides (pptx)",
    "application/vnd.oasis.opendocument.text": "an OpenDocument text (odt)",
    "application/vnd.oasis.opendocument": "an OpenDocument file",
}
EPUB = "application/epub+zip"
_BEFORE_HTML = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?(?:\s+|<\?xml[^>]*\?>|<!--.*?-->|<\?[^>]*\?>)*", re.S)
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|meta|title|script|base)\b", re.I)
_FRAGMENT = re.compile(
    rb"<(?:div|p|table|span|h[1-6]|ul|ol|center|font|section|article|main|pre|a|img|br)\b[^>]*>", re.I
)
_TAG = re.compile(rb"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", re.I)
_MAIL_PAGE = re.compile(rb"(?:^|\n)Content-Type:\s*multipart/related", re.I)
TAGS = 0.2  # of the bytes of a fragment: what begins with a tag and holds more markup is a page, not a text about one


def format_fault(data: bytes) -> str | None:
    """Why bytes are not plain text, by what they begin with, and what to do, in words that follow the file's name.

    None for text, and for what is unpacked as ``PACKED`` and ``ZIP`` say.

    >>> format_fault(b"{\\\\rtf1 Hello}")
    'is rich text (RTF), not plain text: save it as plain text (.txt)'
    """
    head = data[:HEAD]
    for mark, name, advice, offset in SIGNATURES:
        if head.startswith(mark, offset) and _surely(head, mark, name):
            return f"is {name}, not plain text: {advice}"
    if is_html(head):
        return f"is HTML, not plain text: {SAVE_AS_TEXT}, as a browser does, or it would be learned with its markup"
    return None


def _surely(head, mark, name):
    """Whether more than letters speaks for a format: zero bytes where marks are letters that a text may begin with."""
    if "BMP" in name:
        return head.startswith(b"BM") and len(head) > 14
    if mark == b"-lh" and head[6:7] != b"-":
        return False
    return mark not in PRINTABLE or b"\0" in head


def is_html(data: bytes) -> bool:
    """Whether a file is a page of HTML by its beginning: declared as one, or a fragment that is full of tags."""
    head = data[:HEAD]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head[2:].replace(b"\0", b"")  # UTF-16: enough to see tags
    start = _BEFORE_HTML.match(head).end()
    if _HTML.match(head, start) or _MAIL_PAGE.search(head[:1000]):
        return True
    return bool(_FRAGMENT.match(head, start)) and sum(map(len, _TAG.findall(head))) > TAGS * len(head)


def office_name(names: list[str], mimetype: str) -> str | None:
    """What a zip archive is that a program for documents wrote, by its members' names and its member "mimetype"."""
    for beginning, name in OFFICE.items():
        if mimetype.startswith(beginning):
            return name
        if "[Content_Types].xml" in names and any(member.startswith(beginning) for member in names):
            return name
    return None


def is_epub(names: list[str], mimetype: str) -> bool:
    """Whether a zip archive is an EPUB."""
    return mimetype.strip() == EPUB or "META-INF/container.xml" in names
