"""Words as the characters that they are read back as, and a loss as bits a character, by which tokenizers compare."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tsuzuri.text.spelling import SpellingModel
from tsuzuri.text.tokenizers import Tokenizer
from tsuzuri.text.vocabulary import EOS, SPECIAL, UNK, Vocabulary


def read_back(words: Iterable[str], tokenizer: Tokenizer) -> Iterator[str]:
    """Yield each word as it is read back, with the space before it if one stands there; ``<eos>`` is a line end.

    Of a character in bytes, each of them a word, the last has it, and the others have nothing.

    >>> from tsuzuri.text.tokenizers import get_tokenizer
    >>> list(read_back(["well", "then", "<eos>", "so", "<eos>"], get_tokenizer("space")))
    ['well', ' then', '\\n', 'so', '\\n']
    """
    line: list[str] = []
    for word in words:
        if word != SPECIAL[EOS]:
            line.append(word)
            continue
        yield from tokenizer.pieces(line)
        yield "\n"
        line.clear()
    yield from tokenizer.pieces(line)


def spelling_costs(words: Sequence[str], vocabulary: Vocabulary) -> list[float]:
    """What each word costs beside its id, in nats: 0 for a known one, the spelling of one that is ``<unk>``.

    The text's own ``<unk>``, as in corpora that come with it, is spelled as a word of no characters.
    """
    model, costs = None, dict[str, float]()
    for word in words:
        if word not in costs:
            known = word in vocabulary.ids and word != SPECIAL[UNK]
            if not known and model is None:
                model = SpellingModel(vocabulary.words[len(SPECIAL) :])
            costs[word] = 0.0 if known else model.nats("" if word == SPECIAL[UNK] else word)
    return [costs[word] for word in words]


def size_report(words: Sequence[str], tokenizer: Tokenizer, vocabulary: Vocabulary) -> dict[str, Any]:
    """Of a text what ``bits_per_character`` needs: its words, its characters, and the nats of its unknown words."""
    characters = sum(map(len, read_back(words, tokenizer)))
    return {"words": len(words), "characters": characters, "spelling": math.fsum(spelling_costs(words, vocabulary))}


def bits_per_character(loss: float, size: Mapping[str, Any] | None) -> float | None:
    """What a mean loss, in nats a word, comes to in bits a character, with the spelling of each ``<unk>``.

    ``size`` is of ``size_report``; None, as of music, gives None. Every word counts: also the first, which a model may
    not have been asked for, and which then counts as the mean.
    """
    if not size or not size["characters"]:
        return None
    return float((loss * size["words"] + size["spelling"]) / size["characters"] / math.log(2))
