"""Unicode's forms: what each of them changes, and what "nfc" must leave alone."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsuzuri.text.normalization import normalize, normalize_lines, other_spellings

NAMES = "神\ufa19社\ufa10\U0002f804"  # of which some are ideographs for compatibility


@pytest.mark.parametrize("composed", ["ガラスのびん、ぱ", "été Größe", "한국어", "Ångström"])
def test_decomposed_letters_are_composed(composed):
    decomposed = unicodedata.normalize("NFD", composed)
    assert decomposed != composed
    assert normalize(decomposed, "nfc") == normalize(decomposed, "nfkc") == composed
    assert normalize(decomposed, "none") == decomposed


def test_ideographs_for_compatibility_stay_themselves():
    assert unicodedata.normalize("NFC", NAMES) != NAMES
    assert normalize(NAMES, "nfc") == NAMES
    assert normalize(NAMES + "か\u3099" + NAMES, "nfc") == NAMES + "が" + NAMES
    assert normalize("\ufa19", "nfkc") == "神"


def test_wide_and_half_width_letters_become_plain_by_nfkc_alone():
    assert normalize("ﾎｰﾑｽﾞ！１０", "nfkc") == "ホームズ!10"
    assert normalize("ﾎｰﾑｽﾞ！１０", "nfc") == "ﾎｰﾑｽﾞ！１０"


@given(st.text(max_size=30), st.sampled_from(["nfc", "nfkc"]))
def test_a_form_of_a_form_is_itself(text, form):
    assert normalize(normalize(text, form), form) == normalize(text, form)


@given(st.lists(st.text(st.characters(exclude_characters="\n"), max_size=10)), st.sampled_from(["nfc", "nfkc"]))
def test_lines_stay_as_many(lines, form):
    assert normalize_lines(lines, form) == [normalize(line, form) for line in lines]


def test_other_spellings_are_the_nearest_first():
    assert other_spellings("plain") == []
    assert other_spellings("ﾎｰﾑｽﾞ！") == ["ホームズ！", "ホームズ!"]
    assert other_spellings("か\u3099") == ["が"]
