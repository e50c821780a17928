"""How well a model predicts a text or a piece, word by word: surprisal, perplexity, bits a character or a note."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy

from tsuzuri.data import layout
from tsuzuri.data.characters import read_back, spelling_costs
from tsuzuri.kernels import devices
from tsuzuri.midi.words.collect import is_note_on
from tsuzuri.sampling.cache import NeuralCache
from tsuzuri.text.tokenizers import tokenizer_of_run
from tsuzuri.text.vocabulary import EOS, SPECIAL, UNK
from tsuzuri.training.adaptation import DynamicEvaluation
from tsuzuri.training.run import Run

BIT = math.log(2)  # nats
STEPS = 1000  # words at a time where the model does not learn from them


@dataclasses.dataclass(frozen=True)
class ScoredWord:
    """A word as it stands in a text, with the space before it, or a line end, and how much it surprised a model.

    ``surprisal`` is -log2 of its probability after all that came before; of a word that the model does not know, that
    of ``<unk>``, and ``spelling`` what it costs more to spell it out, both in bits.
    """

    text: str
    surprisal: float
    known: bool = True
    spelling: float = 0.0


@dataclasses.dataclass(frozen=True)
class ScoredText:
    """A text, or pieces of music, as a model predicts it: ``words`` in their order, line ends among them.

    ``notes`` is the number of notes of music, None for text.
    """

    words: tuple[ScoredWord, ...]
    notes: int | None = None

    @property
    def unknown(self) -> int:
        """How many words the model does not know."""
        return sum(not word.known for word in self.words)

    @property
    def loss(self) -> float:
        """Mean -log p in nats a word, as a training has it: every line end is a word, and so is ``<unk>``."""
        return BIT * math.fsum(word.surprisal for word in self.words) / len(self.words)

    @property
    def perplexity(self) -> float:
        """The exponential of the loss; infinite where a float holds no more."""
        return math.exp(self.loss) if self.loss < 700 else math.inf

    @property
    def characters(self) -> int | None:
        """Characters of the text, with a line end as one each; None for music."""
        return sum(len(word.text) for word in self.words) if self.notes is None else None

    @property
    def bits_per_character(self) -> float | None:
        """Bits a character, each unknown word at the cost of spelling it out; None for music."""
        bits = math.fsum(word.surprisal + word.spelling for word in self.words)
        return bits / self.characters if self.characters else None

    @property
    def bits_per_note(self) -> float | None:
        """Bits a note, of music that has notes; else None."""
        return math.fsum(word.surprisal for word in self.words) / self.notes if self.notes else None

    def summary(self) -> dict[str, Any]:
        """Its figures by their names, as JSON can hold them."""
        names = ("unknown", "characters", "notes", "loss", "perplexity", "bits_per_character", "bits_per_note")
        figures = {"words": len(self.words), **{name: getattr(self, name) for name in names}}
        return {name: value for name, value in figures.items() if value is not None}

    def __repr__(self) -> str:
        return f"ScoredText({len(self.words):,} words, perplexity {self.perplexity:.1f})"


def score_words(
    run: Run, words: Sequence[str], *, cache: bool = False, adapt: bool = False, device: str = "auto"
) -> Iterator[ScoredWord]:
    """Yield the words of a text, of which ``<eos>`` ends each line, scored by the best model of a run.

    With ``cache`` and ``adapt`` the model has a ``NeuralCache``, and learns on the way: ``DynamicEvaluation``.
    """
    used = devices.choose(device)
    used.use()
    model = run.load_best()
    model.to_device(used)
    ids = numpy.concatenate([[EOS], run.vocabulary.encode(words)]).astype(numpy.int32)
    pieces = read_back(words, tokenizer_of_run(run.about, run.subwords))
    music = run.about["kind"] == "music"
    costs: Iterable[float] = [0.0] * len(words) if music else spelling_costs(words, run.vocabulary)
    nats = word_nats(model, ids, cache, DynamicEvaluation(model) if adapt else None)
    for word, piece, cost, i, surprise in zip(words, pieces, costs, ids[1:], nats, strict=True):
        known = bool(i != UNK) or (word == SPECIAL[UNK] and not music)
        yield ScoredWord(piece, surprise / BIT, known, cost / BIT)


def word_nats(
    model: Any, ids: numpy.ndarray, cache: bool = False, adaptation: DynamicEvaluation | None = None
) -> Iterator[float]:
    """Yield -log p, in nats, of each of the ids (R,) int32 but the first, which is the line end before the text.

    The state is carried through all of them, from that of a new model: the one from which a text is generated too.
    """
    model.reset_state()
    held = NeuralCache() if cache else None
    steps = adaptation.steps if adaptation else STEPS
    read = layout.read_before(ids[1:], model.looked_up(ids[1:])) if adaptation else ids
    for start in range(0, len(ids) - 1, steps):
        ts = ids[start + 1 : start + 1 + steps]
        xs, before = ids[start : start + len(ts)], model.get_state()
        for x, t in zip(xs, ts, strict=True):
            word = model.xp.full(1, x, numpy.int32)
            logits = model.step(word)[0]
            log_p = _log_softmax(logits if isinstance(logits, numpy.ndarray) else logits.get())[t]
            if held:
                held.read(word, model.get_state()[-1])
                log_p = held.log_probability(log_p, t)
            yield -float(log_p)
        if adaptation:
            adaptation.learn(before, read[start : start + len(ts)], ts)


def _log_softmax(logits: numpy.ndarray) -> numpy.ndarray:
    """Logarithms of the probabilities (V,) of logits, in float64."""
    shifted = logits.astype("d") - logits.max()
    logs: numpy.ndarray = shifted - math.log(numpy.exp(shifted).sum())
    return logs


def scored_text(run: Run, scored: Iterable[ScoredWord], words: Sequence[str]) -> ScoredText:
    """All scored words together; ``words`` are those that they were made of."""
    notes = sum(map(is_note_on, words)) if run.about["kind"] == "music" else None
    return ScoredText(tuple(scored), notes)
