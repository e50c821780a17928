"""Where a sentence ends: after 。 and after a full stop that is no part of an abbreviation, a number or an ellipsis."""

import re
from collections.abc import Callable, Sequence
from typing import Any

_ENDS = "。！？!?.．｡।॥؟۔"  # not …, after which a sentence mostly goes on (……と言った); if it does not, the line ends
_CLOSING = "」』）)”’】〉》≫〕］｣}]\"'"
_STOPS = (".", "．")  # that stand in numbers too
_QUOTED_ON = {
    "と",
    "って",
    "との",
    "という",
    "とか",
    "とは",
    "とも",
    "なんて",
    "、",
    "，",
    ",",
}  # as in 「はい。」と言った
LONGEST = 8  # characters of an abbreviation that comes one by one

# Those after which a sentence nearly always goes on; "etc." or "inc." end as many as they do not.
_SHORT = (
    "mr|mrs|ms|messrs|mme|mlle|dr|drs|prof|rev|hon|st|mt|ft|sr|fr|capt|col|gen|lt|sgt|cpl|maj|cmdr|gov|sen|rep|pres|"
    "vs|cf|viz|al|eg|ie|fig|figs|vol|vols|pp|ch|sec|ca|approx|jan|feb|apr|aug|sept|sep|oct|nov|dec|ph|hr|nr|bzw"
)
_ABBREVIATION = re.compile(
    rf"(?i:(?:{_SHORT})\.)"  # Mr.
    r"|(?:[^\W\d_]\.){2,}"  # e.g. U.S. p.m.
    r"|(?!I\.)[A-ZÀ-ÖØ-ÞΑ-ΩА-Я]\.|(?![aio]\.)[a-z]\."  # initials
)
_FIRST = re.compile(r"\w")


def is_sentence_end(word: str, before: Sequence[str] = ()) -> bool:
    """Whether a sentence ends with this word, such as 。 or said.; ``before`` are the words before it, the last ones.

    >>> is_sentence_end(".", ["He", "met", "Mr"]), is_sentence_end(".", ["no"]), is_sentence_end("...")
    (False, True, False)
    """
    word = word.rstrip(_CLOSING)
    if not word.endswith("."):
        return word.endswith(tuple(_ENDS))
    if word == ".":  # by itself: what it belongs to is one word, or comes letter by letter
        letters = [word]
        for earlier in reversed(before[-LONGEST:]):
            if earlier.isspace() or (len(letters) > 1 and (len(earlier) > 1 or len(letters[0]) > 1)):
                break
            letters.insert(0, earlier)
        word = "".join(letters)
    if word.endswith(".."):
        return False
    first = _FIRST.search(word.rsplit(maxsplit=1)[-1])
    return not (first and _ABBREVIATION.fullmatch(word.rsplit(maxsplit=1)[-1], first.start()))


def is_closing(word: str) -> bool:
    """Whether a word is nothing but closing brackets and quotes, which still belong to the sentence before them."""
    return not word.strip(_CLOSING)


def goes_on(end: str, word: str, spaced: Callable[[str, str], bool]) -> bool:
    """Whether the sentence that ``end`` may have ended goes on with ``word``.

    So it does where ``word`` stands right after a full stop, as in 3.14, e.g. and ..., and where a quotation that has
    closed is part of it, as in 「はい。」と言った or “Yes.” he said. ``spaced`` is that of the tokenizer: whether a
    space stands between two words.
    """
    if end and end[-1] in _CLOSING:
        return word in _QUOTED_ON or word[:1].islower()
    begins_none = word in _STOPS or word[:1].isdigit() or word[:1].islower()
    return end.endswith(_STOPS) and begins_none and not spaced(end, word)


def sentence_rules(
    spaced: Callable[[str, str], bool],
    before: Sequence[str] = (),
    depth_after: Callable[[str], int] = lambda word: 0,
) -> tuple[Any, ...]:
    """What ``sampling.endings.Ending`` asks for after its limits; ``before`` are the words of the prime."""
    return is_sentence_end, is_closing, before, lambda end, word: goes_on(end, word, spaced), depth_after
