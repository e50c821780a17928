"""Unicode's forms: the same letters in one spelling, whatever wrote them."""

import re
import unicodedata

_IDEOGRAPHS = "\uf900-\ufaff\U0002f800-\U0002fa1f"  # those for compatibility, which NFC makes other characters of
_OTHERS = re.compile(f"[^{_IDEOGRAPHS}]+")
_HALF_WIDTH = re.compile("[\uff61-\uff9f]+")


def normalize(text: str, form: str) -> str:
    """A text in a form of Unicode: "nfc", "nfkc", or "none" for the text as it is.

    "nfc" leaves the ideographs for compatibility alone, by which names are told apart.

    >>> normalize("か\u3099", "nfc")
    'が'
    """
    if form == "none" or unicodedata.is_normalized(form.upper(), text):
        return text
    if form == "nfc":
        return _OTHERS.sub(lambda run: unicodedata.normalize("NFC", run[0]), text)
    return unicodedata.normalize(form.upper(), text)


def normalize_lines(lines: list[str], form: str) -> list[str]:
    """Lines in a form of Unicode, as ``normalize`` has it; fast where they are in it."""
    text = "\n".join(lines)
    normal = normalize(text, form)
    return lines if normal is text else normal.split("\n")


def other_spellings(text: str) -> list[str]:
    """Other spellings in which a reader of a text may know it, the nearest first: composed, widened, plain."""
    widened = _HALF_WIDTH.sub(lambda run: unicodedata.normalize("NFKC", run[0]), text)
    spellings = [normalize(text, "nfc"), normalize(widened, "nfc"), normalize(text, "nfkc")]
    return [spelling for spelling in dict.fromkeys(spellings) if spelling != text]
