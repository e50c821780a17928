"""Subwords: every text comes back from its pieces, and these are the likeliest by the model's own scores."""

import hashlib
import math
import subprocess
import sys

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tsuzuri.errors import UserError
from tsuzuri.text import sentences, subwords
from tsuzuri.text.tokenizers import SUBWORD, get_tokenizer

LINES = [
    "吾輩は猫である。「名前はまだ無い。」　と猫は言った。",
    "the cat sat on the mat.\tThe cat, the mat",
    "猫は鳴いた。",
] * 30
LINES += ["鬱 once"]
MODEL = subwords.learn_subwords(LINES, most=360)
PIECES = subwords.Subwords(MODEL)
TOKENIZER = get_tokenizer(SUBWORD, model=MODEL)
TEXTS = st.one_of(
    st.text(st.sampled_from("猫は名前。「」　 the cat\t\0\u2581\u2585\ufdd0\ufdd1\u2028\ufeff鬱"), max_size=40),
    st.text(st.characters(exclude_characters="\n"), max_size=40),  # half characters too
)


@given(line=TEXTS)
@settings(max_examples=200, deadline=None)
def test_join_undoes_split_and_no_word_is_unknown(line):
    words = TOKENIZER.split(line)
    assert TOKENIZER.join(words) == line
    assert all(words)
    assert {*words} <= {*TOKENIZER.words}
    assert len(list(TOKENIZER.pieces(words))) == len(words)


def scores():
    """The log-probability of each piece, by SentencePiece's sign for a space."""
    model = sentencepiece.SentencePieceProcessor(model_proto=MODEL)
    places = range(subwords.META + subwords.BYTES, model.get_piece_size())
    return {model.id_to_piece(i).replace("\u2581", " "): model.get_score(i) for i in places}


def best_score(line, known):
    """The slow twin: the score of the likeliest pieces, by trying every piece that may end at each character."""
    best = [0.0]
    for stop in range(1, len(line) + 1):
        ways = [best[start] + known[line[start:stop]] for start in range(stop) if line[start:stop] in known]
        best.append(max(ways, default=-math.inf))
    return best[-1]


@given(line=st.text(st.sampled_from("猫はたっ言名前。「」　 thecam"), min_size=1, max_size=25))
@settings(max_examples=100, deadline=None)
def test_pieces_are_the_likeliest(line):
    known = scores()
    got = sum(known[piece] for piece in PIECES.split(line))
    assert got == pytest.approx(best_score(line, known), abs=1e-3)


def test_rare_characters_are_spelled_in_bytes():
    assert PIECES.split("鬱") == ["<0xE9>", "<0xAC>", "<0xB1>"]
    assert subwords.Subwords(subwords.learn_subwords(LINES, least=1)).split("鬱") == ["鬱"]
    assert TOKENIZER.join(["a", "<0xE9>", "<0xAC>", "b"]) == "ab"  # no whole character


def test_pieces_are_longer_than_characters_and_end_with_the_sentence():
    assert PIECES.split("猫は the cat") == ["猫は", *" the", " cat"]
    assert any(sentences.is_sentence_end(word) for word in PIECES.split("猫は鳴いた。「名前。」"))
    inner = [word for word in PIECES.words if "。" in word.rstrip("。」 ")]
    assert inner == []


def test_the_same_text_gives_the_same_model_in_another_process():
    code = "import hashlib; from tests.text import test_subwords as t; print(hashlib.sha256(t.MODEL).hexdigest())"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert out.strip() == hashlib.sha256(MODEL).hexdigest()


def test_sizes():
    assert len(PIECES.words) + subwords.META <= 360
    with pytest.raises(UserError, match=r"^--vocab-size 270: must be at least \d+ with subwords: \d+ characters"):
        subwords.learn_subwords(LINES, most=270)
    with pytest.raises(UserError, match=r"^too small for --tokens subword"):
        subwords.learn_subwords(["a"])


@pytest.mark.parametrize("data", [b"", b"no model", MODEL[:-20], MODEL[: len(MODEL) // 2]])
def test_what_is_no_model_is_refused(data):
    with pytest.raises(ValueError, match=r"."):
        subwords.Subwords(data)
