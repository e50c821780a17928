"""Texts and sequences of ids to encode."""

import itertools

from hypothesis import strategies as st

from tsuzuri.text import encoders

CATS = [["the", "cat", "sat", "on", "the", "mat"], ["the", "dog", "ate"], []]
NUM_WORDS = 9
MODES = list(encoders.MODES)
SEQUENCES = st.lists(st.lists(st.integers(0, NUM_WORDS - 1), max_size=12), max_size=6)


def some_texts(rng, characters=False):
    """Texts to count and others to encode, with words that are not in the first; no two words are as common."""
    words = [chr(ord("あ") + k) if characters else f"w{k}" for k in range(30)]
    pool = rng.permutation([word for k, word in enumerate(words[:20], 1) for _ in range(k)]).tolist()
    cuts = [0, 0, *sorted(rng.integers(0, len(pool), 20).tolist()), len(pool)]
    fitted = [pool[a:b] for a, b in itertools.pairwise(cuts)]
    unseen = [rng.choice(words, rng.integers(1, 30)).tolist() for _ in range(10)] + [[]]
    if characters:
        return ["".join(text) for text in fitted], ["".join(text) for text in unseen]
    return fitted, unseen
