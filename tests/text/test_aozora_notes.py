"""Notes and brackets against slow twins, which begin again for every bracket, and in time that goes with the length."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsuzuri.text import aozora, aozora_notes

PARTS = ["［", "］", "［＃", "※［＃", "※［", "「", "」", "。", "本", "に傍点", "は底本では", "[#", "[＃", "]"]
PARTS += ["※10", "1-84-77", "ママ", "水準", "ここから", "は中見出し"]
PARTS += ["［＃大見出し］", "［＃大見出し終わり］", "長い文" * 30, "\n"]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=40).map("".join)
UNMARKED_GAIJI = re.compile(r"※［(?![＃※0-9０-９])([^［］]*(?:水準|U\+|＋|／|「※」)[^［］]*)］")
UNMARKED = re.compile(
    r"［(?![＃※])([^［］]*(?:に傍[点線]|は底本では[^［］]*|のルビ|字下げ(?:終わり)?|見出し(?:終わり)?"
    r"|太字|縦中横|改ページ|改丁|ママ))］"
)
DIRECTIVE = re.compile(
    r"［＃(?:「[^「」。]*」(?:に傍[点線]|は太字|は[^。「」]{0,8}見出し)?|ここ(?:から|で)[^。、\s]{0,12}|[^。「」]*\Z)?"
)


def unclosed_note(line):
    opened = []
    for bracket in re.finditer("［＃?|］", line):
        if bracket[0] != "］":
            opened.append(bracket)
        elif opened:
            opened.pop()
    return next((bracket.start() for bracket in opened if bracket[0] == "［＃"), None)


def slow_whole_notes(lines):
    held = ""
    for k, line in enumerate(lines):
        line = re.sub(r"\[[＃#]([^\[\]]*)\]", r"［＃\1］", line.replace("［#", "［＃"))
        line = held + UNMARKED.sub(r"［＃\1］", UNMARKED_GAIJI.sub(r"※［＃\1］", line))
        held, start = "", unclosed_note(line)
        if start is not None:
            ahead = "".join(lines[k + 1 : k + 1 + aozora_notes.NOTE_LINES])
            if len(line) - start < aozora_notes.LONGEST_NOTE and unclosed_note(line[start:] + ahead) != 0:
                held = line
                continue
            line = line[:start] + DIRECTIVE.sub("", line[start:])
        yield line
    if held:
        yield held


@given(text=TEXTS)
@settings(max_examples=300, deadline=None)
def test_notes_are_whole_as_those_of_the_slow_twin(text):
    lines = text.split("\n")
    assert [*aozora_notes.whole_notes(lines)] == [*slow_whole_notes(lines)]


@given(line=TEXTS)
@settings(max_examples=300, deadline=None)
def test_brackets_become_what_they_do_from_within(line):
    slow = line
    while slow != (slow := re.sub(r"［＃[^［］]*］|［※[0-9０-９]+］", "", slow)):
        pass
    assert aozora_notes.replace_brackets(line, aozora._note) == slow
    slow = line
    while slow != (slow := re.sub(r"※［＃[^［］]*］", "〓", slow)):
        pass
    assert aozora_notes.replace_brackets(line, lambda held: "〓" if held.startswith("＃") else None, "※") == slow


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "本文［＃ここから\n" * (n // 9),
        lambda n: "［＃あ" * (n // 3) + "。",
        lambda n: "［＃" * (n // 3) + "］" * (n // 3),
        lambda n: "※［＃" * (n // 4) + "］" * (n // 4),
        lambda n: "］本［＃あ\n" * (n // 6),
        lambda n: "［" * (n // 2) + "\n" + "］［＃\n" * (n // 8),
        lambda n: "［＃大見出し］" * (n // 7),
        lambda n: "［" + "は底本では" * (n // 5),
        lambda n: "※［" + "水準" * (n // 2),
    ],
    ids=["unclosed lines", "one line", "nested", "gaiji", "chain", "open", "headings", "spelled", "cells"],
)
def test_broken_notes_take_a_time_that_goes_with_their_length(make):
    def seconds(count):
        text = "題\n\n" + make(count)
        start = time.process_time()
        aozora.clean_aozora(text)
        return time.process_time() - start

    seconds(100)
    assert seconds(48_000) < 25 * max(seconds(6_000), 0.002)  # 64 where it grows with the square
