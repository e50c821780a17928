"""What ``train.py`` shows after an epoch: a few words of text, or two bars of music, by the best model so far."""

from typing import Any

import numpy

from tsuzuri import storage
from tsuzuri.api.music_opening import PieceOpening
from tsuzuri.api.text_constraints import depth_counter, knows_brackets, run_brackets, run_followers, text_constraints
from tsuzuri.midi import compose, timing
from tsuzuri.midi.grammar import Grammar, Lexicon
from tsuzuri.midi.words import collect, convert
from tsuzuri.sampling import endings, filters, loops, primes, stream
from tsuzuri.text import sentences, tokenizers, vocabulary
from tsuzuri.text.clusters import WholeClusters
from tsuzuri.training.run import Run

WORDS, SENTENCES = 40, 2  # of a text, at most
BARS, EVENTS = 2, 200  # of a piece, at most
LONGEST_NOTE = 4  # bars
MIDI_FILE = "sample.mid"  # of the run


def generate_sample(run: Run, epoch: int) -> str:
    """A text of two sentences, or the notes of about two bars, which the run's ``sample.mid`` then holds.

    It comes from the weights on the disk and from a generator of its own, so that the training does not notice:
    the same run and epoch give the same sample. Raises ``UserError`` where nothing was saved yet.
    """
    model, rng = run.load_best(), numpy.random.default_rng([run.recipe.seed, 3, epoch])
    return (_music_sample if run.about["kind"] == "music" else _text_sample)(run, model, rng)


def _text_sample(run: Run, model: Any, rng: numpy.random.Generator) -> str:
    words, tokenizer = run.vocabulary.words, tokenizers.tokenizer_of_run(run.about, run.subwords)
    signs, beginning = run_brackets(run) if knows_brackets(run) else {}, primes.Primes([[vocabulary.EOS]])
    rules = sentences.sentence_rules(tokenizer.spaced, depth_after=depth_counter(run, signs))
    ending = endings.Ending(WORDS, SENTENCES, *rules)
    sample, escape = filters.make_sampler(), loops.LoopEscape(1)
    constraints = text_constraints(run, beginning, WORDS, signs, run_followers(run))
    drawn = []
    for (i,) in constraints.follow(stream.generate_words(model, beginning, sample, constraints, rng, 1, escape)):
        word = "\n" if i == vocabulary.EOS else words[i]
        if ending.take(word):
            drawn.append(word)
        if ending.over:
            break
    text = tokenizer.join(drawn)
    return WholeClusters().take(text) if tokenizer.cuts else text


def _music_sample(run: Run, model: Any, rng: numpy.random.Generator) -> str:
    about = collect.check_midi_report(run.about["corpus"]["report"]["midi"])
    words, beginning = compose.MusicVocabulary(run.vocabulary.words), compose.read_beginning("", about)
    numerator, denominator = beginning.meter
    bar = timing.bar_length(numerator, denominator, about["division"])
    opening = PieceOpening(about, words, beginning)
    lexicon = Lexicon(words.parsed, vocabulary.EOS)
    may_rest = opening.settings.rules < 2
    longest, meter = LONGEST_NOTE * bar, beginning.meter
    grammar = Grammar(lexicon, about["division"], longest, about["voices"], opening=opening.opening, meter=meter)
    grammar.begin((), usual=compose.usual_messages(beginning, opening.settings.events))
    grammar.end_after(BARS, "bars", beginning.meter, beginning.tempo, may_rest=may_rest)
    sample, escape = filters.make_sampler(0.9, None, 0.95), loops.LoopEscape(1, words.onset_keys())
    rows = stream.generate_words(model, [vocabulary.EOS], sample, grammar.mask, rng, 1, escape)
    for _ in compose.grow_pieces(rows, grammar, EVENTS):
        pass
    (piece,) = compose.finished_pieces(grammar, beginning, opening)
    storage.write_file(run.file(MIDI_FILE), convert.encode_piece(piece)[0])
    return str(compose.note_line(piece))
