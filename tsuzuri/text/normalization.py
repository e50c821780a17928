"""Unicode's forms: the same letters in one spelling, whatever wrote them."""

import unicodedata


def normalize(text: str, form: str) -> str:
    """A text in a form of Unicode: "nfc", "nfkc", or "none" for the text as it is.

    >>> normalize("か\u3099", "nfc")
    'が'
    """
    return text if form == "none" else unicodedata.normalize(form.upper(), text)
