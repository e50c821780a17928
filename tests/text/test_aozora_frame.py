"""What stands around the words in Aozora's files, in the forms that are rarer than the usual ones."""

import pytest

from tests.text.test_aozora import FOOTER, HEADER, body
from tsuzuri.text import aozora

BLOCK = [
    "《》：ルビ",
    "（例）坊《ぼ》っちゃん",
    "",
    "｜：ルビの付く文字列の始まりを特定する記号",
    "（例）二三｜間《げん》",
]
CREDITS = ["入力：真先芳秋", "校正：柳沢成雄", "青空文庫作成ファイル：", "このファイルは、青空文庫で作られました。"]


@pytest.mark.parametrize(
    "marker",
    ["【テキスト中に現れる記号について】", "《テキスト中に現れる記号について》", "［表記について］", "●記号について"],
)
@pytest.mark.parametrize("rule", ["-" * 55, "-" * 9, "－" * 12, None])
def test_the_block_of_symbols_is_cut(marker, rule):
    rules = [rule] * bool(rule)
    text = "\n".join(["題", "作者", "", *rules, marker, "", *BLOCK, *rules, "", "本文の初め。", "本文の終わり。"])
    assert aozora.is_aozora(text)
    assert aozora.clean_aozora(text).lines == ["本文の初め。", "本文の終わり。"]


def test_a_text_about_symbols_is_the_authors():
    text = "題\n\n記号について\n\n私は記号について考えた。\n記号とは何か。\n"
    assert not aozora.is_aozora(text)
    assert aozora.clean_aozora(text).lines == ["記号について", "私は記号について考えた。", "記号とは何か。"]


@pytest.mark.parametrize(
    "footer",
    [
        ["底本：「本」書肆", *CREDITS],
        ["底本:「本」書肆", *CREDITS],
        ["底本「本」書肆", *CREDITS],
        ["底本『本』書肆", "　　　1992年発行"],
        ["底本：「本」書肆", "　　　1992年発行", "初出：「雑誌」1910年"],
        CREDITS,
        CREDITS[1:],
        ["底本：「全集」", "初出：", *(f"　「詩の題{n}」「雑誌」1914（大正3）年{n}月号" for n in range(300)), *CREDITS],
    ],
)
def test_footers(footer):
    text = HEADER + "\n".join(["詩の一行", "本文の終わり。", "", *footer, ""])
    assert aozora.is_aozora("\n".join(["題", "", "本文。", "", *footer]))
    cleaned = aozora.clean_aozora(text)
    assert cleaned.lines == ["詩の一行", "本文の終わり。"]
    assert len(cleaned.footer) >= len(footer)


@pytest.mark.parametrize(
    "line", ["底本「本」を私は読んだ。", "入力：それは何か。", "底本：この言葉。", "校正：誤りを直すこと"]
)
def test_what_a_footer_says_may_be_said_by_the_author(line):
    sentences = [line, *["長い話。"] * 90]
    assert body("\n".join(sentences)) == sentences
    assert aozora.clean_aozora("題\n作者\n\n話。\n" + line + "\n終わり。").lines == ["話。", line, "終わり。"]


ORNAMENTS = ["――――――――――", "―――", "⁂", "△", "□　□　□", "§", "＊", "◇◇◇", "～～～～～", "※　※　※", "━━━━", "† † †"]
WORDS = ["――", "………………", "……", "・・・・・・", "〓", "〓〓", "！", "「……」", "〇", "ー"]


@pytest.mark.parametrize("line", ORNAMENTS)
def test_lines_of_ornaments_are_no_words(line):
    cleaned = aozora.clean_aozora(HEADER + f"前。\n　　　　{line}\n後。\n" + FOOTER)
    assert cleaned.lines == ["前。", "後。"]
    assert len(cleaned.headings) == 1


@pytest.mark.parametrize("line", WORDS)
def test_lines_of_signs_that_are_read_stay(line):
    assert body(f"前。\n{line}\n後。\n") == ["前。", line, "後。"]


@pytest.mark.parametrize("heading", ["一　奈良の宮の御代", "第三章　海", "（二）　灯台", "12　夜", "上篇　港"])
def test_a_heading_without_a_note_stands_far_in_and_alone(heading):
    cleaned = aozora.clean_aozora(HEADER + f"前。\n\n　　　　　{heading}\n\n後。\n" + FOOTER)
    assert (cleaned.lines, cleaned.headings) == (["前。", "後。"], [heading])
    for text in (
        f"前。\n　　　　　{heading}\n後。",
        f"前。\n\n　{heading}\n\n後。",
        f"前。\n\n　　　　　{heading}だ。\n\n後。",
    ):
        assert len(body(text)) == 3


def test_a_table_of_contents_is_cut_where_its_entries_come_again():
    chapters = ["序", "一　港", "二　灯台", "あとがき"]
    table = (
        "　　　目　次\n\n"
        + "".join(f"　　{chapter}……{n + 3}\n" for n, chapter in enumerate(chapters))
        + "\n［＃改ページ］\n"
    )
    text = "".join(f"\n　　　　　{chapter}\n\n{chapter}の話。\n" for chapter in chapters)
    lines = body(table + text)
    assert [line for line in lines if line.endswith("。")] == [f"{chapter}の話。" for chapter in chapters]
    assert not any("……" in line or line in ("目　次", "一　港") for line in lines)


def test_a_list_that_is_no_table_of_contents_stays():
    assert body("目次\n米\n味噌\n醤油\n\n買物の話。\n") == ["目次", "米", "味噌", "醤油", "買物の話。"]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("※［「てへん＋劣」、第3水準1-84-77］《むし》る", "挘る"),
        ("※［「※」は「口＋世」］と", "〓と"),
        ("影［「影」に傍点］を踏む", "影を踏む"),
        ("影［#「影」に傍点］を", "影を"),
        ("影[＃「影」に傍点]を", "影を"),
        ("影［＃「※［＃「口＋世」、54-3］」は底本では\n「※［＃「口＋息」、第4水準2-4-18］」］を", "影を"),
        ("影［＃ここから割り注\n注の文\n終わり］を", "影を"),
        ("影を踏む。［＃「影」に傍点", "影を踏む。"),
        ("影［＃「影」に傍点を踏む。次の文。", "影を踏む。次の文。"),
        ("［我輩は猫である］と［１］", "［我輩は猫である］と［１］"),
    ],
)
def test_notes_that_are_not_well_formed(source, wanted):
    assert body(source + "\n次の行。\n") == [wanted, "次の行。"]
