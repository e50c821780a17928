"""Bytes to text: every encoding surely told, refused where two remain, and damage replaced and told."""

from collections import Counter

import pytest

from tsuzuri.errors import UserError
from tsuzuri.text.encodings import codec_name, decode

TEXT = "吾輩は猫である。\n名前はまだ無い。\n"
LETTERS = {  # a few lines of a text in each encoding that is common somewhere
    "shift_jis": "むかし、山の奥に小さな村がありました。\nﾃﾚﾋﾞを見ている。\n",
    "euc_jp": "むかし、山の奥に小さな村がありました。\n人々は静かに暮らしていました。\n",
    "iso2022_jp": "むかし、山の奥に小さな村がありました。\n",
    "gb18030": "从前，山里有一个小村子。\n人们在那里安静地生活着，没有人知道他们。\n",
    "big5": "從前，山裡有一個小村子。\n人們在那裡安靜地生活著，沒有人知道他們。\n",
    "euc_kr": "옛날에 산속에 작은 마을이 있었습니다.\n사람들은 그곳에서 조용히 살았습니다.\n",
    "cp1251": "Давным-давно в горах была маленькая деревня.\nЛюди жили там тихо.\n",
    "koi8_r": "Давным-давно в горах была маленькая деревня.\nЛюди жили там тихо.\n",
    "iso8859_7": "Μια φορά κι έναν καιρό ήταν ένα μικρό χωριό.\n",
    "cp1252": "Die Mühle stand über dem Fluß, und schöne Mädchen gingen für das Brot hinüber.\n" * 2,
    "latin-1": "Il était une fois un petit village où les hommes vivaient très près de la forêt.\n" * 2,
    "cp1250": "Dawno temu w górach była mała wioska, a ludzie żyli w niej spokojnie i szczęśliwie.\n" * 2,
    "utf-16-le": TEXT,
    "utf-16-be": "plain English text\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "shift_jis_2004"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "mixed"])
def test_encodings_and_line_ends(encoding, ending):
    text = "一行\r\n二行\n三行\r四行です" if ending == "mixed" else TEXT.replace("\n", ending)
    wanted = "一行\n二行\n三行\n四行です" if ending == "mixed" else TEXT
    assert decode(text.encode(encoding)).text == wanted


def test_big_endian_utf16_and_old_end_of_file_mark():
    assert decode(b"\xfe\xff" + TEXT.encode("utf-16-be")).text == TEXT
    assert decode(TEXT.encode("shift_jis_2004") + b"\x1a") == (TEXT, "shift_jis_2004", ())


@pytest.mark.parametrize("encoding", LETTERS)
def test_each_encoding_is_told_by_its_language(encoding):
    text = LETTERS[encoding]
    decoded = decode(text.encode(encoding))
    assert decoded.text == text, decoded.codec
    assert not decoded.remarks
    assert decode(text.encode(encoding), codec_name(encoding)).text == text


def test_english_with_the_marks_of_windows():
    text = "It’s cold, and “she” didn’t know — the winter’s long…\n" * 5
    assert decode(text.encode("cp1252")) == (text, "cp1252", ())


@pytest.mark.parametrize("data", ["Größe".encode("cp1252"), "ÄÖ".encode("cp1252"), "良".encode("shift_jis")])
def test_where_two_remain_both_are_named(data):
    with pytest.raises(ValueError, match=r"may be in \w+ or \w+ \(byte 0x.. at \d, in line 1\): --encoding NAME tells"):
        decode(b"" + data)
    with pytest.raises(ValueError, match=r"may be in \w+ or \w+ \(byte 0x.. at 1\d, in line 3\)"):
        decode(b"plain\nlines\n" + data)


def test_a_large_text_of_ascii_loses_no_more_than_its_one_other_byte():
    plain = "a plain line of English\n" * 100
    decoded = decode(plain.encode() + b"and one \xff amiss\n")
    assert decoded.text == plain + "and one \ufffd amiss\n"
    assert decoded.remarks == ("1 byte that is no UTF-8 in line 101 became U+FFFD",)


@pytest.mark.parametrize("bad", [b"\xff", b"\x80", "é".encode()[:1], b"\xed\xa0\x80"])
def test_a_bad_byte_in_utf_8_is_replaced_and_told(bad):
    data = (TEXT * 10).encode() + bad + b"\r\n" + (TEXT * 10).encode()
    decoded = decode(data)
    assert decoded.text == TEXT * 10 + "\ufffd\n" + TEXT * 10
    assert decoded.encoding == "UTF-8"
    (remark,) = decoded.remarks
    assert "in line 21" in remark
    assert "no UTF-8" in remark


def test_a_bad_byte_in_other_encodings_is_replaced_and_told():
    for codec in ("shift_jis", "euc_jp", "utf-16"):
        text = TEXT * 60
        data = text.encode(codec) + (b"\x00\xd8" if codec == "utf-16" else b"\xff") + "\n".encode(codec)[-2:]
        decoded = decode(data)
        assert decoded.text.startswith(text)
        assert "\ufffd" in decoded.text[len(text) :]
        assert len(decoded.remarks) == 1


@pytest.mark.parametrize("control", ["\x08", "\x10", "\x02", "\0", "\x1b[1;31m", "\x1b[0K", "\x7f"])
@pytest.mark.parametrize("text", ["It was fine. " * 10 + "\n", TEXT * 5])
def test_a_control_character_is_left_out_and_told(control, text):
    for encoding in ("utf-8", "shift_jis", "utf-16"):
        decoded = decode((text + "here" + control + "\n" + text).encode(encoding))
        assert decoded.text == text + "here\n" + text
        line = text.count("\n") + 1
        assert decoded.remarks == (f"1 control character left out in line {line}",)


def test_many_are_counted_and_the_first_named():
    text = "\tone\x0c two\x02\nthree\x03 and more of it\n"
    assert decode(text.encode() * 2).remarks == ("4 control characters left out, the first in line 1",)
    assert decode(b"\xff" + TEXT.encode() * 9 + b"\xff").remarks == (
        "2 bytes that are no UTF-8, the first in line 1, became U+FFFD",
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"\0\1", "is binary, not text"),
        (b"\xff\xff\xff", "may be in|not text in an encoding that shows"),
        (b"\xff\xfe\x00\xd8", "not text in UTF-16"),
        (b"ab\x01\x02\x03", "is binary, not text .* such as 0x01 in line 1"),
        (bytes(range(256)) * 8, "is binary, not text|not text in an encoding that shows"),
        (TEXT.encode("shift_jis") * 9 + TEXT.encode() * 9, "not text|may be in"),
    ],
)
def test_what_is_no_text(data, reason):
    with pytest.raises(ValueError, match=reason):
        decode(data)


def test_shift_jis_keeps_its_tilde_and_backslash():
    text = "Espan~a \\ 猫がいるのを見た。"
    assert decode(text.encode("shift_jis")).text == text


def test_few_characters_of_utf_8_are_that():
    for text in ("ne\u202eg", "x\x85y\u2028z", "café", "naïve", "— and", "a\u200db", "😂"):
        assert decode(text.encode()) == (text, "utf-8", ())


def test_few_characters_of_another_encoding_that_are_valid_utf_8_are_not_taken_for_it():
    text = "Enter the duke.\nDUKE: Přístup\n"
    data = text.encode("mac_latin2")
    assert "\ufffd" not in data.decode()
    with pytest.raises(ValueError, match=r"may be in|not text in an encoding that shows"):
        decode(data)


def test_zeros_among_ascii_are_not_utf_16():
    assert decode(b"a plain\0 line\n" * 4).text == "a plain line\n" * 4


@pytest.mark.parametrize(
    ("named", "text"), [("shift_jis", "①会議室、髙橋"), ("euc_kr", "펲시맨 똠방각하"), ("gb2312", "朱镕基、啰嗦")]
)
def test_a_name_is_taken_for_what_programs_write_by_it(named, text):
    codec = {"shift_jis": "cp932", "euc_kr": "cp949", "gb2312": "gb18030"}[named]
    assert decode(text.encode(codec), codec_name(named)).text == text


def test_no_line_of_reviews_is_read_wrongly(shared):
    counts = Counter()
    for name in ("rt-polarity.pos", "rt-polarity.neg", "subj.all"):
        data = (shared / "sentiment" / name).read_bytes()
        assert decode(data).text == data.decode("cp1252")
        for line in data.split(b"\n"):
            if not line.isascii():
                try:
                    decoded = decode(line)
                    counts[decoded.text == line.decode("utf-8" if decoded.codec == "utf-8" else "cp1252")] += 1
                except ValueError:
                    counts["refused"] += 1
    assert counts[False] == 0
    assert counts[True] > counts["refused"] > 0


@pytest.mark.parametrize("count", [6, pytest.param(1000, marks=pytest.mark.slow)])
def test_aozora_texts_are_shift_jis(shared, rng, count):
    files = sorted(shared.glob("aozora_*/*.txt"))
    assert len(files) > 70
    for path in rng.permutation(files)[:count]:
        data = path.read_bytes()
        decoded = decode(data)
        assert (decoded.encoding, decoded.remarks) == ("Shift_JIS", ()), path
        assert decoded.text == data.decode("shift_jis_2004").replace("\r\n", "\n").replace("\r", "\n").removesuffix(
            "\x1a"
        ), path


def test_a_named_encoding_names_the_line_at_fault():
    for ending in (b"\n", b"\r\n", b"\r"):
        with pytest.raises(ValueError, match=r"is not text in UTF-8 \(byte 0xe9 in line 3\)$"):
            decode(b"\xef\xbb\xbfa" + ending + b"b" + ending + b"\xe9", "utf-8")
    with pytest.raises(ValueError, match=r"is not text in UTF-16 \(byte 0x.. in line 2\)"):
        decode("a\nb".encode("utf-16") + b"\x00\xd8", "utf-16")
    with pytest.raises(ValueError, match="is empty"):
        decode(b"", "utf-8")
    with pytest.raises(ValueError, match="is not text in UTF-8"):
        decode("Die Größe der Straße ist für Gäste schön.\n".encode("cp1252"), "utf-8")


@pytest.mark.parametrize("data", [b"\x1a", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_marks_without_a_text(data):
    assert decode(data).text == ""


@pytest.mark.parametrize("name", ["utf-9", "", "hex", "rot13", "undefined", "a\0b", "é"])
def test_an_unknown_encoding(name):
    with pytest.raises(UserError, match="is unknown, must be auto, utf-8") as error:
        codec_name(name)
    assert repr(name) in str(error.value)


@pytest.mark.parametrize("text", ["It’s a fine day.", "IT’S LATE", "I don’t.", "“We’re here,” she said – and left…"])
def test_english_with_the_apostrophes_of_windows_is_read_however_short(text):
    assert decode(text.encode("cp1252"))[:2] == (text, "cp1252")


def test_a_large_file_is_judged_by_its_lines_beyond_ascii():
    """Those that are looked at may all be ASCII, where few lines are not."""
    plain = "The rain went on all day and nobody came.\n" * 40_000
    said = "“It is late,” he said — and the café was closed. Señor Müller’s hat was gone.\n" * 30
    text = plain + said + plain * 4
    assert len(text) > 4 << 20
    assert decode(text.encode("cp1252")).text == text


@pytest.mark.parametrize("code", ['(format t "~{(~a)~}" x)\n', "text with ~{ab~} in it\nplain text\n"])
def test_source_code_is_no_hz(code):
    assert decode(code.encode())[:2] == (code, "utf-8")


def test_half_width_kana_of_iso_2022_jp():
    text = "ｶﾀｶﾅと漢字の行です。\n" * 5
    data = text.encode("iso2022_jp_ext")
    assert b"\x1b(I" in data
    assert decode(data).text == text


def test_titles_of_terminals_and_colors_of_chats_are_left_out():
    data = (
        b"\x1b]0;title\x07one \x1b]8;;http://a.b\x1b\\two\n\x0304,01red\x03 plain text of some length to be a text\n"
        * 9
    )
    text = decode(data).text
    assert text == "one two\nred plain text of some length to be a text\n" * 9


@pytest.mark.parametrize("codec", ["euc_jp", "gb18030", "big5", "cp949"])
def test_one_bad_byte_in_a_short_text_does_not_set_two_of_a_kind_against_each_other(codec):
    texts = {
        "euc_jp": "吾輩は猫である。名前はまだ無い。",
        "gb18030": "我是一只猫，还没有名字。",
        "big5": "我是一隻貓，還沒有名字。",
    }
    text = (texts.get(codec, "나는 고양이다. 이름은 아직 없다.") + "\n") * 12
    data = text.encode(codec)
    found = decode(data[:-1] + b"\xff\n")
    assert found.text.count("\ufffd") == 1
