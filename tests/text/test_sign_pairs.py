"""Which signs a corpus never has side by side."""

import itertools
import tracemalloc

import numpy
import pytest

from tsuzuri.rules import check_value
from tsuzuri.text import sign_pairs
from tsuzuri.text.sign_pairs import COMMON, FOLLOWERS, is_sign, never_after, sign_followers

WORDS = ["<eos>", "<unk>", "は", "。", "「", "」", "。」", "は。", "「は", "──", "、", "<0xE3>", "は々ー"]


def followers_of(text, *more):
    words = ["<eos>", "<unk>", *sorted({*text, *more} - {"\n"})]
    ids = numpy.array([0 if c == "\n" else words.index(c) for c in text], numpy.int32)
    return sign_followers(ids, words), words


def slow_followers(ids, words):
    """Character by character, of the text."""
    spelled = {0: "\n", 1: "は", **{i: "は" if words[i] == "<0xE3>" else words[i] for i in range(2, len(words))}}
    text = "".join(spelled[i] for i in ids.tolist())
    common = sorted({c for c in text if is_sign(c) and text.count(c) >= COMMON})
    pairs = {*itertools.pairwise("\n" + text)}
    return {a: "".join(b for b in common if (a, b) in pairs) for a in common}


@pytest.mark.parametrize("at_once", [1, 7, 1 << 16])
def test_the_followers_are_those_of_the_text_whatever_its_words(rng, monkeypatch, at_once):
    monkeypatch.setattr(sign_pairs, "AT_ONCE", at_once)
    for _ in range(5):
        chances = rng.dirichlet(numpy.full(len(WORDS), 0.5))
        ids = rng.choice(len(WORDS), 300, p=chances).astype(numpy.int32)
        found = sign_followers(ids, WORDS)
        assert found == slow_followers(ids, WORDS)
        check_value(found, FOLLOWERS, "signs")


def test_of_a_novel():
    found, words = followers_of("「は、は。」\n" * COMMON + "は……\n", "…")
    assert found == {"\n": "「", "、": "", "。": "」", "「": "", "」": "\n"}
    groups, forbidden = never_after(found, words)
    after = {words[i]: {words[k] for k in forbidden[group]} for i, group in enumerate(groups.tolist())}
    assert after["。"] == {"<eos>", "、", "。", "「"}
    assert after["「"] == {"<eos>", "、", "。", "「", "」"}
    assert after["<eos>"] == {"<eos>", "、", "。", "」"}
    assert after["…"] == after["は"] == after["<unk>"] == set(), "a rare sign is not judged"


def test_a_text_begins_as_after_a_line_end():
    assert followers_of("、は" + "は、は\n" * COMMON)[0]["\n"] == "、"
    assert followers_of("は、は\n" * COMMON)[0]["\n"] == ""


def test_a_word_that_the_text_has_not_is_no_evidence():
    assert followers_of("は、は。" * COMMON, "、。")[0] == {"、": "", "。": ""}


def test_a_sign_is_no_letter_digit_or_mark():
    assert all(map(is_sign, "。、「」（）！？…—-'\"  \u3000\n\t♪＝+$।"))
    assert not any(map(is_sign, "aはー々１½٣ा\u0301\u200d\ufe0f漢"))


def test_words_are_judged_by_their_ends_and_those_with_letters_may_follow_all(rng):
    found = {"。": "」\n", "「": "", "」": "\n", "\n": "「", "─": "─"}
    groups, forbidden = never_after(found, WORDS)
    for a, b in itertools.product(range(len(WORDS)), repeat=2):
        ends = "\n" if a == 0 else WORDS[a][-1] if a not in (1, 11) else ""
        begins = "\n" if b == 0 else WORDS[b] if b not in (1, 11) else "は"
        wanted = all(map(is_sign, begins)) and ends in found and begins[0] in found and begins[0] not in found[ends]
        assert (b in forbidden[groups[a]]) == wanted, (WORDS[a], WORDS[b])
    assert WORDS.index("。」") in forbidden[groups[WORDS.index("。")]]


def test_a_subword_of_two_signs_is_evidence_for_each_by_itself():
    words = ["<eos>", "<unk>", "は", "。」", "。", "」"]
    ids = numpy.array([2, 3, 0, 2, 4, 0] * COMMON, numpy.int32)
    groups, forbidden = never_after(sign_followers(ids, words), words)
    assert forbidden[groups[4]].tolist() == [3, 4], "。」 and 。 after 。, but not 」, which is within 。」"


@pytest.mark.parametrize("count", [0, 1, COMMON - 1])
def test_where_all_are_rare_nothing_is_known(count):
    found, words = followers_of("は、" * count, "、", "は")
    assert found == {}
    groups, forbidden = never_after(found, words)
    assert not groups.any()
    assert len(forbidden) == 1
    assert followers_of("は、" * COMMON)[0] == {"、": ""}


def test_a_long_text_is_no_list_of_python_s_numbers():
    ids = numpy.zeros(2_000_000, numpy.int32)
    ids[::3] = 2
    tracemalloc.start()
    try:
        assert sign_followers(ids, ["<eos>", "<unk>", "。"]) == {"\n": "\n。", "。": "\n"}
        assert tracemalloc.get_traced_memory()[1] < ids.nbytes / 2
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("held", [[], {"。": 1}, {"。」": ""}, {"": ""}, {"。": "」"}, None])
def test_a_table_that_is_none_is_refused(held):
    with pytest.raises(ValueError, match=r"signs is .*must be an object: of each sign"):
        check_value(held, FOLLOWERS, "signs")
