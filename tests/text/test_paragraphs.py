"""Blank lines, and lines that were wrapped at a width."""

import textwrap
import time

import pytest

from tsuzuri.text.paragraphs import arrange_lines, beginning_lines, looks_wrapped
from tsuzuri.text.settings import DROP, JOIN, KEEP

WORDS = (
    "the morning came with rain and a wind from the sea, so that nobody went out before noon, and those who had to "
    "fetch water ran with their heads down along the wall of the old house where the lamp still burned in its window"
)
VERSE = [
    "Now who will row me over the sea",
    "And who will wait on the other side",
    "Where nobody ever has called for me",
]


def paragraphs(count, width=70, indent=""):
    """Paragraphs of one to four times ``WORDS``, and the same as wrapped lines with an empty one after each."""
    whole = [f"{n} {' '.join([WORDS] * (n % 4 + 1))}." for n in range(count)]
    return whole, [line for text in whole for line in [*textwrap.wrap(text, width, initial_indent=indent), ""]]


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["", " ", "a", "b", "", "\t", "　", "c", ""], ["a", "b", "", "c"]),
        (["a"], ["a"]),
        (["", " "], []),
        ([], []),
        (["  a ", "", "b"], ["  a ", "", "b"]),
    ],
)
def test_blank_lines_are_the_ends_of_paragraphs(lines, kept):
    assert arrange_lines(lines, KEEP) == kept
    assert arrange_lines(lines, DROP) == [line for line in kept if line]
    assert arrange_lines(arrange_lines(lines, KEEP), KEEP) == kept


@pytest.mark.parametrize("width", [60, 66, 72, 79])
@pytest.mark.parametrize("indent", ["", "    "])
def test_wrapped_lines_become_one_a_paragraph(width, indent):
    whole, lines = paragraphs(8, width, indent)
    joined = arrange_lines(lines, JOIN)
    assert [line.strip() for line in joined if line] == whole
    assert joined.count("") == 7
    assert arrange_lines(lines, KEEP) == lines[:-1]


def test_paragraphs_that_only_an_indent_parts_stay_two():
    whole, lines = paragraphs(8, indent="  ")
    joined = arrange_lines([line for line in lines if line], JOIN)
    assert joined == ["  " + text for text in whole]


@pytest.mark.parametrize(
    "block",
    [
        VERSE,
        [f"    {line}" for line in VERSE],
        [f"      {line}, {line.lower()}" for line in VERSE],  # indented, and as long as prose
        [
            "Name            Age    Place of birth and where else they have lived",
            "John Smith      34     London, and five years of them in York, north",
            "Mary Smith      29     Paris, and two years in a town of the name Ax",
        ],
        ["| a table with bars | and another column of it | of some length |"] * 2,
        [
            "1. to find out whether anyone had seen the boat that went out early,",
            "2. to ask the same again in the evening",
        ],
        [
            "- to find out whether anyone had seen the boat that went out early,",
            "- to ask the same again in the evening",
        ],
        [
            "JOHN: I am not at all certain that we ought to go there, the two of us.",
            "MARY: But I am certain, and all of us are.",
        ],
        ["> to find out whether anyone had seen the boat that went early,", "> we asked them again in the evening"],
        ["John", "Mary", "their children"],
    ],
    ids=["verse", "indented", "long", "table", "bars", "numbers", "bullets", "speakers", "quoted", "short"],
)
def test_what_is_not_prose_is_not_joined(block):
    _, lines = paragraphs(6)
    joined = arrange_lines([*lines, *block, "", *lines], JOIN)
    assert joined[12 : 12 + len(block)] == block
    assert len(joined) == 6 + 6 + len(block) + 1 + 11


def test_a_text_of_unwrapped_lines_is_left_as_it_is():
    for lines in (
        VERSE * 20,
        [WORDS, WORDS + ".", "Short.", WORDS] * 5,  # a paragraph a line
        [f"{n} is a sentence that has a line of its own, as all of them." for n in range(40)],
        [
            "n,text,label",
            *(f"{n},a review of a film {'nearly ' * (n % 4)}as long as others,{n}" for n in range(90)),
        ],
        [f"{n:02d}:15 ann says what is on her mind, {'and more, ' * (n % 4)}you know" for n in range(60)],
        ["def function(argument):", "    value = argument + 1", "    return value", ""] * 10,
    ):
        assert arrange_lines(lines, JOIN) == arrange_lines(lines, KEEP)
        assert not looks_wrapped(arrange_lines(lines, KEEP))


def test_scripts_without_spaces_are_joined_without():
    japanese = (
        "　"
        + "春になると山の雪がとけて、川の水がふえる。村の人は田に水をひき、苗を植えるしたくをはじめる、" * 3
        + "終わり。"
    )
    lines = [japanese[k : k + 32] for k in range(0, len(japanese), 32)]
    assert arrange_lines(lines * 6, JOIN) == [japanese] * 6
    chinese = "我在河边走了很久，看见一个人坐在船上，他没有说话，只是看着水，后来下雨了，我们一起回家去，" * 3
    lines = [chinese[k : k + 40] for k in range(0, len(chinese), 40)]
    assert arrange_lines(lines, JOIN) == [chinese]
    korean = " ".join(["나는 강가를 오래 걸었다 그리고 배에 앉은 사람을 보았다"] * 8)
    assert arrange_lines(textwrap.wrap(korean, 60), JOIN) == [korean]


def test_words_of_latin_letters_in_japanese_stay_apart():
    text = "これはむかしの話である。わたしは町でたくさんのものを見て"
    lines = [f"{text}、deep", f"learning{text}、x", text]
    assert arrange_lines(lines, JOIN) == [f"{text}、deep learning{text}、x{text}"]


def test_hyphens_at_the_end_of_a_line():
    line = "a line that is as long as the others are, with a few more words in"
    for end, joined in (
        ("soft\u00ad", "softer"),
        ("well-", "well-er"),
        ("gone--", "gone--er"),
        ("so—", "so—er"),
        ("and -", "and - er"),
    ):
        assert arrange_lines([f"{line} {end}", f"er {line}", "the end"], JOIN) == [f"{line} {joined} {line} the end"]


def test_wrapped_lines_are_recognized():
    _, lines = paragraphs(8)
    assert looks_wrapped(arrange_lines(lines, KEEP))
    assert not looks_wrapped(arrange_lines(lines[:10], KEEP)), "too few to say"
    assert not looks_wrapped(arrange_lines(lines, JOIN))
    assert not looks_wrapped([])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("灯台", ["灯台"]),
        ("灯台\n", ["灯台", ""]),
        ("灯台\n\n", ["灯台", "", ""]),
        ("灯台\n\n \n\n", ["灯台", "", ""]),
        ("\n\n灯台\n\n\n海", ["灯台", "", "海"]),
        ("\n\n", [""]),
        ("灯台 ", ["灯台 "]),
    ],
)
def test_a_beginning_is_read_as_a_text_is(text, lines):
    assert beginning_lines(text, KEEP) == lines
    assert beginning_lines(text, DROP) == text.split("\n")


def test_lines_that_begin_with_a_time_are_not_joined():
    chat = [f"[12/03/21, 10:0{n % 10}:15] Bob: the same few words as ever, and some more of them" for n in range(60)]
    assert not looks_wrapped(chat)
    assert arrange_lines(chat, "join") == chat


def test_to_join_a_long_paragraph_takes_time_in_line_with_its_length():
    lines = ["the words of this line go on up to its very end and on and"] * 20_000
    start = time.perf_counter()
    (joined,) = arrange_lines(lines, "join")
    assert len(joined) == sum(map(len, lines)) + len(lines) - 1
    assert time.perf_counter() - start < 5  # it was minutes
