"""Aozora's format cleaned: each rule on a few lines of text, then all real files, where no sentence may be lost."""

import re

import pytest

from tests.conftest import ROOT
from tsuzuri.text import aozora, aozora_frame
from tsuzuri.text.encodings import decode

HEADER = """坊っちゃん
夏目漱石

-------------------------------------------------------
【テキスト中に現れる記号について】

《》：ルビ
（例）坊《ぼ》っちゃん
-------------------------------------------------------

"""
FOOTER = """


底本：「ちくま日本文学全集」筑摩書房
　　　1992（平成4）年1月20日第1刷発行
入力：真先芳秋
青空文庫作成ファイル：
このファイルは、青空文庫で作られました。
"""


def body(text):
    return aozora.clean_aozora(HEADER + text + FOOTER).lines


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("　親譲《おやゆず》りの無鉄砲《むてっぽう》で", "親譲りの無鉄砲で"),
        ("これは｜山嵐《やまあらし》の｜Shakespeare《シェイクスピア》だ", "これは山嵐のShakespeareだ"),
        ("影［＃「影」に傍点］を踏む［＃「踏む」は底本では「蹈む」］", "影を踏む"),
        ("※［＃「てへん＋劣」、第3水準1-84-77］《むし》る", "挘る"),
        ("※［＃「口＋息」、第4水準2-4-18］を", b"\x8f\xa4\xb2".decode("euc_jis_2004") + "を"),
        ("※［＃ローマ数字1、1-13-21］章", "Ⅰ章"),
        ("※［＃「火＋華」、U+71C1、123-4］く", "\u71c1く"),
        ("※［＃「口＋世」、54-3］と", "〓と"),
        ("※［＃始め二重山括弧、1-1-52］注※［＃終わり二重山括弧、1-1-53］", "≪注≫"),
        ("※［＃始め亀甲括弧、1-1-44］a'※［＃終わり亀甲括弧、1-1-45］", "〔a'〕"),
        ("［＃「※［＃「口＋世」、54-3］と」に傍点］云う", "云う"),
        ("いよ／＼さめ／″＼と、ガチャン／\\と", "いよ〳〵さめ〴〵と、ガチャン〳〵と"),
        ("〔Crevez chiens, si vous n'e^tes〕と〔以下空白〕", "Crevez chiens, si vous n'êtesと〔以下空白〕"),
        ("〔ve'rite'《ヴェリテ》, oe&uvre, A&ngstro:m, franc,ais?〕", "vérité, œuvre, Ångström, français?"),
        ("［＃ここから２字下げ］", None),
        ("［＃挿絵１（fig1.png、横2×縦4）入る］", None),
        ("天の［※10］が（※）", "天のが（※）"),
        ("これは《《変》な》行", "これはな行"),
        ("閉じない《ルビの行", "閉じないルビの行"),
        ("剣を見た。《聖剣》を抜いた", "剣を見た。聖剣を抜いた"),
        ("………………", "………………"),
        ("＊　　　　＊　　　　＊", None),
        ("-------------------------------------------------------", None),
    ],
)
def test_a_line(source, wanted):
    assert body(source + "\n") == ([wanted] if wanted else [])


@pytest.mark.parametrize(
    ("source", "lines", "headings"),
    [
        ("［＃３字下げ］第一章　春《はる》［＃「第一章　春」は中見出し］\n本文。", ["本文。"], ["第一章　春"]),
        ("［＃大見出し］上　先生と私［＃大見出し終わり］\n本文。", ["本文。"], ["上　先生と私"]),
        ("［＃ここから大見出し］\n上\n下\n［＃ここで大見出し終わり］\n本文。", ["本文。"], ["上", "下"]),
        ("春［＃「春」は同行中見出し］　桜が咲いた。", ["桜が咲いた。"], ["春"]),
        ("本文。\n\n　　　　　一\n\n次の本文。", ["本文。", "次の本文。"], ["一"]),
        ("本文。\n　　　　（十二）\n次の本文。", ["本文。", "次の本文。"], ["（十二）"]),
        ("「いくつ。」\n三\n「たった三つか。」", ["「いくつ。」", "三", "「たった三つか。」"], []),
    ],
)
def test_headings(source, lines, headings):
    cleaned = aozora.clean_aozora(HEADER + source + FOOTER)
    assert cleaned.lines == lines
    assert cleaned.headings == headings


def test_header_and_footer_are_cut_whole():
    cleaned = aozora.clean_aozora(HEADER + "本文。\n" + FOOTER)
    assert cleaned.lines == ["本文。"]
    assert cleaned.header == HEADER.split("\n")[:9]
    assert next(line for line in cleaned.footer if line).startswith("底本：")


def test_a_body_that_speaks_of_its_source_keeps_the_sentence():
    sentences = ["底本：この言葉を私は好まない。", *["長い話。"] * aozora_frame.FOOTER_LINES]
    assert body("\n".join(sentences)) == sentences
    assert aozora.clean_aozora(HEADER + "長い話。\n底本：この言葉を私は好まない。\n終わり。").lines[1:] == [
        "底本：この言葉を私は好まない。",
        "終わり。",
    ]
    text = "題\n作者\n\n底本とは何か。\n入力の話。\n"
    assert aozora.clean_aozora(text).lines == ["底本とは何か。", "入力の話。"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (HEADER + "本文\n", True),
        ("題\n\n本文\n\n底本：「本」\n入力：人\n", True),
        ("本文［＃改ページ］\n", True),
        ("ただの文《かっこ》です。\n底本の話。\n", False),
        ("Plain English text.\n", False),
    ],
)
def test_recognized(text, wanted):
    assert aozora.is_aozora(text) is wanted


# Real files


def read(path):
    return decode(path.read_bytes()).text


@pytest.fixture(params=["some", pytest.param("all", marks=pytest.mark.slow)])
def real_files(request, shared, rng):
    """Six of the real texts, others in every run; or all."""
    files = sorted(path for kind in ("doyle", "novels", "edge") for path in (shared / f"aozora_{kind}").iterdir())
    assert len(files) >= 80
    return rng.permutation(files).tolist()[: 6 if request.param == "some" else None]


LEFT = re.compile(
    r"《|》|［＃|［※|｜|／＼|-----|=====|^底本|^入力：|^校正：|作成ファイル|【テキスト中|\r", re.MULTILINE
)


def test_nothing_of_the_format_is_left(real_files):
    for path in real_files + sorted((ROOT / "corpus" / "stories").iterdir()):
        text = read(path)
        assert aozora.is_aozora(text), path.name
        out = "\n".join(aozora.clean_aozora(text).lines)
        assert out, path.name
        assert LEFT.findall(out) == [], path.name


JAPANESE = re.compile(r"[ぁ-ゖァ-ヺ一-鿿A-Za-z]+")
FOOTER_LINE = re.compile(r"[-=]*(底本|翻訳の底本|翻訳の原作|初出|作業履歴)[^。]{0,4}：|［＃本文終わり］")
NUMBER_LINE = re.compile(r"[　 （]*[一二三四五六七八九十百０-９0-9]+[） ]*")


def crude_sentences(text):
    """The body's sentences by another way: the header's last rule and the first line like a footer's bound it."""
    lines = text.split("\n")
    rules = [k for k, line in enumerate(lines[:25]) if re.fullmatch(r"[-=]{20,}", line.strip())]
    start = rules[-1] + 1 if rules else next(k for k, line in enumerate(lines) if not line)
    stop = next(k for k, line in enumerate(lines) if k > start and FOOTER_LINE.match(line))
    for line in lines[start:stop]:
        if (
            line.strip(" 　") == "目次"
            or "見出し" in line
            or line.startswith(("※", "入力者注", "●入力者注"))
            or NUMBER_LINE.fullmatch(line)
        ):
            continue
        for _ in range(3):
            line = re.sub(r"※?［[＃※][^［］]*］", "\n", line)
        line = re.sub(r"《[^》]*》|｜", "", line)
        yield from re.split(r"(?<=。)", line)


def test_no_sentence_of_a_body_is_lost(real_files):
    total = 0
    for path in real_files:
        text = read(path)
        kept = "".join(JAPANESE.findall(re.sub("[〳〴〵〓]", "", "".join(aozora.clean_aozora(text).lines))))
        for sentence in crude_sentences(text):
            for part in re.split(r"\n|／[″゛]?[＼\\]|〔[^〕]*〕", sentence):
                words = "".join(JAPANESE.findall(part))
                assert words in kept, (path.name, sentence)
                total += 1
    assert total > (40_000 if len(real_files) >= 80 else 0)


def test_what_is_cut_is_small(real_files):
    """Headings are a small part of a text, header and footer a few lines, and no line is counted twice."""
    for path in real_files:
        text = read(path)
        cleaned = aozora.clean_aozora(text)
        cut = "".join(JAPANESE.findall("".join(cleaned.headings)))
        assert len(cut) <= 0.12 * len("".join(cleaned.lines)), path.name
        assert len(cleaned.header) <= 25, path.name
        assert len(cleaned.footer) <= 31, path.name
        body_lines = text.split("\n")[len(cleaned.header) : len(text.split("\n")) - len(cleaned.footer)]
        assert len(cleaned.lines) + len(cleaned.headings) <= len(body_lines)


def test_the_articles_own_text(shared):
    cleaned = aozora.clean_aozora(read(shared / "aozora_doyle" / "55881_ruby_50043.txt"))
    assert cleaned.lines[0].startswith("一八七八年のこと、私はロンドン大学で医学博士号を取得し")
    assert cleaned.lines[-1] == "悦に入り、倉の金をまんじりと見ゆ"
    assert len(cleaned.headings) == 16
    assert "ドクター" not in "".join(cleaned.lines)
