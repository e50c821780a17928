"""Texts that end a text: it ends before the first of them, wherever words begin and end in it."""


class StopTexts:
    """Takes a text piece by piece, and gives back what is sure to belong to it; ``over`` once a stop text was found.

    Until a piece decides it, the beginning of a stop text is held back.

    >>> stops = StopTexts(["END"])
    >>> stops.take("a E"), stops.take("ND b"), stops.over
    ('a ', '', True)
    """

    def __init__(self, texts):
        self._texts, self._held, self.over = tuple(texts), "", False

    def take(self, piece):
        """What of the text so far, beyond what was given back before, belongs to it whatever follows."""
        text = self._held + piece
        places = [place for stop in self._texts if (place := text.find(stop)) >= 0]
        if places:
            self.over, self._held = True, ""
            return text[: min(places)]
        longest = max(map(len, self._texts), default=1) - 1
        begins = range(max(0, len(text) - longest), len(text))
        sure = next((at for at in begins if any(stop.startswith(text[at:]) for stop in self._texts)), len(text))
        self._held = text[sure:]
        return text[:sure]

    def finish(self):
        """What was held back: the text has ended without a stop text."""
        held, self._held = self._held, ""
        return held
