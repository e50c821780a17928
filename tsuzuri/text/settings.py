"""The settings by which files of text become lines and words: a run keeps them, and reads a prime by them too."""

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from tsuzuri.rules import Rule, check_value, one_of, whole

AUTO = "auto"
KEEP, JOIN, DROP = "keep", "join", "drop"
LINES = (KEEP, JOIN)  # DROP is what runs of format 1 did
FORMS = ("nfc", "nfkc", "none")  # of Unicode
PACKAGED = UNIDIC_LITE, IPADIC, UNIDIC = "unidic-lite", "ipadic", "unidic"  # MeCab's dictionaries that pip installs
MAX_TEXT = 1024  # megabytes that one archive may unpack to


@dataclasses.dataclass(frozen=True)
class TextSettings:
    """How files of text become lines and words.

    ``encoding`` is a codec's name or "auto", ``tokens`` a tokenizer's name or "auto". ``dictionary`` is MeCab's: the
    name of a package or a folder; ``user_dictionary`` a file or None. ``normalize`` is the form of Unicode, one of
    ``FORMS``. ``lines``: "keep" takes them as they stand, a blank one being the end of a paragraph; "join" makes one
    line of each paragraph that is wrapped by hand; "drop" keeps them and leaves out the blank ones. ``max_text`` is
    how many megabytes an archive may unpack to.
    """

    encoding: str = AUTO
    tokens: str = AUTO
    dictionary: str = UNIDIC_LITE
    user_dictionary: str | None = None
    normalize: str = "nfc"
    lines: str = KEEP
    max_text: int = MAX_TEXT

    @property
    def first(self) -> bool:
        """Whether they are those of a run of format 1, whose words are cut as they were then."""
        return self.lines == DROP


USUAL = TextSettings()
NAME = Rule("a text that is not empty", lambda v: isinstance(v, str) and bool(v))
ALLOWED = {
    "encoding": NAME,
    "tokens": NAME,
    "dictionary": NAME,
    "user_dictionary": Rule("a path, or null", lambda v: v is None or (isinstance(v, str) and bool(v))),
    "normalize": one_of(*FORMS),
    "lines": one_of(*LINES, DROP),
    "max_text": whole(1),
}
FIRST = {  # what runs had before there was a choice
    **dataclasses.asdict(USUAL),
    "normalize": "none",
    "lines": DROP,
}


def text_settings_from_json(saved: Mapping[str, Any]) -> TextSettings:
    """``TextSettings`` from their fields as JSON keeps them; raises ``ValueError`` naming the field that is wrong."""
    if set(saved) != set(ALLOWED):
        raise ValueError(f"settings {', '.join(sorted(set(saved) ^ set(ALLOWED)))} are missing or not known")
    for name, rule in ALLOWED.items():
        check_value(saved[name], rule, f"the setting {name}")
    return TextSettings(**saved)


def text_settings_from_options(args: Mapping[str, Any]) -> TextSettings:
    """``TextSettings`` from the values of the options, by name; those that a command does not have are as usual.

    Folders and files of dictionaries become absolute.
    """
    named = {name: args[name] for name in ALLOWED if name in args}
    if named.get("dictionary", UNIDIC_LITE) not in PACKAGED:
        named["dictionary"] = os.path.abspath(named["dictionary"])
    if named.get("user_dictionary"):
        named["user_dictionary"] = os.path.abspath(named["user_dictionary"])
    return TextSettings(**named)
