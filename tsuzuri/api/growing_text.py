"""A text as it grows word by word, until a length, a number of sentences or a stop text ends it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from tsuzuri.sampling.endings import Ending
from tsuzuri.sampling.stops import StopTexts
from tsuzuri.text.clusters import WholeClusters


class GrowingText:
    """A text that begins with the words ``prime``, of which ``extra`` still come with those that are drawn.

    ``pieces`` is that of the tokenizer, which ``cuts`` where its words may end within an emoji or a flag: then the text
    does not. ``stops`` are texts, before the first of which it ends.
    """

    def __init__(
        self,
        prime: Sequence[str],
        extra: int,
        ending: Ending,
        stops: Iterable[str],
        pieces: Callable[[Iterable[str]], Iterator[str]],
        cuts: bool = False,
    ) -> None:
        self._extra, self._ending, self._stops = extra, ending, StopTexts(stops)
        self._next, self._spelled = "", pieces(self._fed())
        self.prime, self.words = list(prime), list[str]()  # the latter were drawn
        self.pieces = [self._piece(word) for word in prime]
        self._whole: Callable[[str], str] = WholeClusters("".join(self.pieces)).take if cuts else str
        self._count, self._sum = 0, 0.0
        self._length, self._ends = sum(map(len, self.pieces)), list[int]()  # characters up to the end of each of words

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
            spelled = self._piece(word)
            self._length += len(spelled)
            self._ends.append(self._length)
            piece = self._whole(self._stops.take(spelled))
        if self._ending.over:
            piece += self._whole(self._stops.finish())
        self.pieces.append(piece)
        if self.over:
            self._cut()
        return piece

    def text(self) -> str:
        """The text as far as it has come."""
        self.pieces.append(self._whole(self._stops.finish()))
        self._cut()
        return "".join(self.pieces)

    def _cut(self) -> None:
        """Take back the words that are cut off at the end, in whole or in part: by a stop text, or as half an emoji."""
        length = sum(map(len, self.pieces))
        while self._ends and self._ends[-1] > length:
            self.words.pop()
            self._ends.pop()

    def _fed(self) -> Iterator[str]:
        while True:
            yield self._next

    def _piece(self, word: str) -> str:
        """The word as it is read after those before it."""
        self._next = word
        return next(self._spelled)
