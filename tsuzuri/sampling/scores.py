"""How likely a model finds the words that were drawn from it, before anything was forbidden or filtered."""

from tsuzuri.sampling.filters import module_of_array


class WordScores:
    """Keeps in ``last``, float64 (B,) on the CPU, the log-probabilities of the words that were drawn last."""

    def __init__(self):
        self.last = None

    def chances(self, logits):
        """The log-probabilities (B, V) by a model's logits (B, V), which may be changed afterwards."""
        xp, shifted = module_of_array(logits), logits.astype("d") - logits.max(axis=1, keepdims=True)
        return shifted - xp.log(xp.exp(shifted).sum(axis=1, keepdims=True))

    def take(self, chances, words):
        """Take the words (B,) drawn where these were the chances."""
        last = module_of_array(chances).take_along_axis(chances, words[:, None], axis=1)[:, 0]
        self.last = last.get() if hasattr(last, "get") else last
