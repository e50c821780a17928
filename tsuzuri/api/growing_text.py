"""A text as it grows word by word, until a length, a number of sentences or a stop text ends it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from tsuzuri.sampling.endings import Ending
from tsuzuri.sampling.stops import StopTexts


class GrowingText:
    """A text that begins with the words ``prime``, of which ``extra`` still come with those that are drawn.

    ``spaced`` is that of the tokenizer; ``stops`` are texts, before the first of which it ends.
    """

    def __init__(
        self,
        prime: Sequence[str],
        extra: int,
        ending: Ending,
        stops: Iterable[str],
        spaced: Callable[[str, str], bool],
    ) -> None:
        self._extra, self._ending, self._stops, self._spaced = extra, ending, StopTexts(stops), spaced
        self._last: str | None = None
        self.prime, self.words = list(prime), list[str]()  # the latter were drawn, up to where a stop text is whole
        self.pieces = [self._piece(word) for word in prime]
        self._count, self._sum = 0, 0.0

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return bool(self._ending.over or self._stops.over)

    @property
    def mean(self) -> float:
        """The mean log-probability of the words that were drawn for it, in nats; minus infinity where none was."""
        return self._sum / self._count if self._count else -math.inf

    def take(self, word: str, chance: float = 0.0) -> str:
        """Take the next word, whose log-probability is ``chance``; returns what is sure to be next of the text."""
        if self.over or self._extra:
            self._extra -= self._extra > 0
            return ""
        piece = ""
        if self._ending.take(word):
            self.words.append(word)
            self._count, self._sum = self._count + 1, self._sum + chance
            piece = self._stops.take(self._piece(word))
        if self._ending.over:
            piece += self._stops.finish()
        self.pieces.append(piece)
        return piece

    def text(self) -> str:
        """The text as far as it has come."""
        self.pieces.append(self._stops.finish())
        return "".join(self.pieces)

    def _piece(self, word: str) -> str:
        """The word with the space before it, if one stands there."""
        space = " " if self._last is not None and self._spaced(self._last, word) else ""
        self._last = word
        return space + word
