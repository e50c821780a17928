"""Where a text that is being generated ends."""

from collections import deque

LAST = 8  # words that say whether the next one ends a sentence


class Ending:
    """Takes words one by one; the text is ``over`` after ``length`` of them, or after ``sentences`` sentences.

    A word with ``is_end(word, last)`` ends a sentence, ``last`` being some words before it; words with
    ``is_closing(word)`` after it, such as 」 after 。, still belong to it, and begin no new one, and none has ended
    where ``goes_on(end, word)``, as in 3.14. A line end also ends a sentence that is not empty. Where brackets are
    open, of which ``depth_after(word)`` is told of each word in turn and says how many are, no sentence ends, and no
    text. The words ``before`` the text, its prime, may have begun a sentence, which then is the first to end; neither
    they nor the sentences that they ended are counted.
    """

    def __init__(
        self,
        length,
        sentences,
        is_end,
        is_closing,
        before=(),
        goes_on=lambda end, word: False,
        depth_after=lambda word: 0,
    ):
        self.length, self.sentences = length, sentences
        self.is_end, self.is_closing, self.goes_on = is_end, is_closing, goes_on
        self.over, self._count = False, 0
        self._begun, self._ended, self._last = False, False, deque(maxlen=LAST)
        self._depth_after, self._depth = depth_after, 0
        for word in before:
            self._read(word)
        if self._ended and not self._depth:
            self._begun = self._ended = False

    def take(self, word):
        """Whether ``word`` belongs to the text; sets ``over`` once no further word does."""
        if self._read(word) and self.sentences is not None:
            self.sentences -= 1
        if self.over or self.sentences == 0:
            self.over = True
            return False
        self._count += 1
        self.over = self.length is not None and self._count >= self.length and not self._depth
        return True

    def _read(self, word):
        """Follow the sentences; returns whether one was over before ``word``."""
        within = self._depth > 0
        self._depth = self._depth_after(word)
        if self._ended and ((within and not self.is_closing(word)) or self.goes_on(self._last[-1], word)):
            self._ended = False
        over = not within and ((self._ended and not self.is_closing(word)) or (self._begun and word == "\n"))
        if over:
            self._begun = self._ended = False
        self._begun = self._begun or not (word.isspace() or self.is_closing(word))
        self._ended = self._begun and (self._ended or self.is_end(word, [*self._last]))
        self._last.append(word)
        return over
