"""What people take for one character is one word, by every tokenizer that cuts within what stands between spaces."""

import time

import pytest

from tsuzuri.text import clusters, tokenizers
from tsuzuri.text.settings import FIRST, TextSettings

FAMILY, THUMB, HEART = "👨\u200d👩\u200d👧\u200d👦", "👍🏽", "\u2764\ufe0f"
FLAG, RAINBOW, KEY = "🇯🇵", "🏳\ufe0f\u200d🌈", "1\ufe0f\u20e3"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
PICTURES = [FAMILY, THUMB, HEART, FLAG, RAINBOW, KEY, ENGLAND, "😂"]
FIRST_RUN = TextSettings(**FIRST)


@pytest.mark.parametrize("name", ["mecab", "char", "english"])
@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_is_one_word(name, picture):
    split = tokenizers.get_tokenizer(name).split
    assert [word for word in split(f"雨{picture}だ") if word not in "雨だ"] == [picture]
    assert [word for word in split(picture + picture) if word] == [picture, picture]
    assert split(f"{picture} {picture}") == [picture, " ", picture]
    assert [word for word in split("。" + "".join(PICTURES)) if word != "。"] == PICTURES


@pytest.mark.parametrize("name", ["mecab", "english"])
def test_pictures_beside_latin_words_and_signs(name):
    tokenizer = tokenizers.get_tokenizer(name)
    line = f"so good{THUMB}{THUMB}, isn't it {FAMILY}? {FLAG} {FLAG}!"
    words = tokenizer.split(line)
    assert [word for word in words if clusters.is_picture(word)] == [THUMB, THUMB, FAMILY, FLAG, FLAG]
    assert tokenizer.join(words) == line


@pytest.mark.parametrize(
    ("line", "letters"),
    [
        ("e\u0301te\u0301", ["e\u0301", "t", "e\u0301"]),
        ("葛\U000e0100城", ["葛\U000e0100", "城"]),
        ("ト\u309aか\u3099", ["ト\u309a", "か\u3099"]),
        ("ｶﾞﾎﾟｱ", ["ｶﾞ", "ﾎﾟ", "ｱ"]),
        ("हिमे", ["हि", "मे"]),
        ("ที่นี้", ["ที่", "นี้"]),
        ("\u1112\u1161\u11ab글", ["\u1112\u1161\u11ab", "글"]),
        ("שָׁלוֹם", ["שָׁ", "ל", "וֹ", "ם"]),
        ("a\u200db", ["a\u200d", "b"]),
    ],
)
def test_a_letter_and_its_marks_are_one_character(line, letters):
    assert tokenizers.get_tokenizer("char").split(line) == letters
    for name in ("mecab", "english"):
        ends = {sum(map(len, letters[:n])) for n in range(len(letters) + 1)}
        place = 0
        for word in tokenizers.get_tokenizer(name).split(line):
            place += len(word)
            assert place in ends


def test_a_quick_look_misses_no_cluster():
    """Every character that the look takes for a single one makes no cluster with a letter, nor with another of them."""
    single = [chr(n) for n in range(0x20, 0x20000) if not 0xD800 <= n < 0xE000 and not clusters._OTHER.match(chr(n))]
    assert len(single) > 40_000
    for text in ("a".join(single), "漢".join(single), "".join(single)):
        assert clusters._CLUSTER.findall(text) == list(text)
    pictures = [c for c in single if clusters._PICTURE.match(c)]
    assert pictures == []


def test_what_is_whole_is_given_back_at_once_and_a_half_waits():
    for picture in PICTURES:
        assert clusters.half_at_end(f"雨{picture}") == ""
        for text in (picture + picture, f"{picture}雨", f"雨{picture}"):
            whole = clusters.WholeClusters()
            assert "".join(map(whole.take, text)) == text
    for half in (
        FAMILY[:2],
        FAMILY[:4],
        THUMB + "\u200d",
        HEART + "\u200d",
        RAINBOW[:3],
        ENGLAND[:2],
        ENGLAND[:-1],
        "🇯",
    ):
        end = clusters.half_at_end(f"雨{FLAG}{half}")
        assert end
        assert clusters.WholeClusters("雨").take(FLAG + half) == FLAG + half.removesuffix(end)
    for letter in ("ه\u200d", "क\u094d\u200d", "a\u200d"):  # as an abbreviation in Persian ends
        assert clusters.half_at_end(letter) == ""


def test_long_rows_of_flags_take_no_time_that_grows_with_the_square():
    whole, start = clusters.WholeClusters(), time.perf_counter()
    assert "".join(map(whole.take, FLAG * 20_000)) == FLAG * 20_000
    assert clusters.half_at_end(FLAG * 200_000 + "🇯") == "🇯"
    assert time.perf_counter() - start < 20


def test_runs_of_the_first_format_keep_their_characters():
    for name in ("char", "mecab", "english"):
        assert FAMILY not in tokenizers.get_tokenizer(name, FIRST_RUN).split(f"雨{FAMILY}")
    assert tokenizers.get_tokenizer("char", FIRST_RUN).split("e\u0301") == ["e", "\u0301"]
    assert tokenizers.get_tokenizer("space", FIRST_RUN).split(" a b ") == [" ", "a", "b", " "]
    assert tokenizers.get_tokenizer("space").split(" a b ") == ["a", "b"]


def test_long_lines_of_pictures_take_no_time_that_grows_with_the_square():
    def seconds(count):
        start = time.perf_counter()
        for name in ("char", "mecab", "english"):
            tokenizers.get_tokenizer(name).split(f"雨{FAMILY} " * count)
        return time.perf_counter() - start

    seconds(10)
    assert seconds(8000) < 40 * max(seconds(1000), 0.01)
