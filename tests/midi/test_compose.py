"""A piece in one line, for people."""

import numpy
import pytest

from tsuzuri.midi.compose import Beginning, MusicVocabulary, finished_pieces, note_line
from tsuzuri.midi.grammar import Grammar, Lexicon
from tsuzuri.midi.words.convert import PieceWords


def piece(words, meter=(4, 4)):
    return PieceWords("a", words.split(), 480, 500_000, meter, ())


@pytest.mark.parametrize(
    ("words", "meter", "line"),
    [
        # C4 and E4 together for a quarter note, F#4 for another, and A4 two bars later
        ("00_90_3c40 00_90_4040 8360_80_3c40 00_80_4040 00_90_4240 8360_80_4240 9600_90_4540 8360_80_4540",
         (4, 4), "C4+E4 F#4 | A4"),
        ("00_90_3c40 8360_80_3c40 9e00_90_3e40 8360_80_3e40", (4, 4), "C4 | - | D4"),
        ("00_90_3c40 8360_80_3c40 8740_90_3e40 8360_80_3e40", (3, 4), "C4 | D4"),
        ("00_99_2440 8360_89_2440", (4, 4), "kick"),
        ("", (4, 4), "(no note)"),
    ],
)  # fmt: skip
def test_notes_by_name(words, meter, line):
    assert note_line(piece(words, meter)) == line


@pytest.mark.parametrize(
    ("said", "tempo", "meter"),
    [
        ([], 500_000, (4, 4)),
        (["00_ff_510f4240"], 1_000_000, (4, 4)),
        (["00_ff_5803022408"], 500_000, (3, 4)),
        (["00_c0_05", "00_ff_5806032408", "00_ff_510f4240"], 1_000_000, (6, 8)),
    ],
)
def test_a_new_piece_has_the_tempo_and_the_meter_that_it_says(said, tempo, meter):
    words = ["<eos>", "<unk>", *said, "00_90_3c40", "8360_80_3c40"]
    vocabulary = MusicVocabulary(words)
    grammar = Grammar(Lexicon(vocabulary.parsed, 0), 480, 7680)
    for i in (*range(2, len(words)), 0):
        grammar.take(numpy.array([i]))
    (new,) = finished_pieces(grammar, Beginning([], 500_000, (4, 4), ((0, 73),), False))
    assert (new.tempo, new.meter, new.programs) == (tempo, meter, ((0, 73),))
