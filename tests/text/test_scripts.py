"""Which tokenizer suits a corpus: by the scripts of all of its texts, and by how these have been cut already."""

import pytest

from tsuzuri.text import scripts, tokenizers
from tsuzuri.text.reader import Document, Skipped

JAPANESE = "吾輩は猫である。名前はまだ無い。\n"
CHINESE = "这部电影很好看，我不喜欢这个演员的表演。\n"
ENGLISH = '"Is that so?" said the doctor, quietly. She didn\'t wait.\n'


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        (JAPANESE, "mecab"),
        ("Sherlock Holmesは言った。", "mecab"),
        ("ｱｲｳｴｵﾎｰﾑｽﾞ", "mecab"),
        ("忘れない　忘れられない\n夜の海は静かだ　星はまだ見えない", "mecab"),
        ("むかし むかし あるところに おじいさんと おばあさんが すんでいました。", "mecab"),
        ("忘れない 忘れられない\n夜の海は静かだ 星はまだ見えない", "mecab"),
        ("「 よく わかり ませ ん 。 」 と 猫 は 言っ た 。", "wakati"),
        ("メロス は 激怒 し た 。\n必ず 、 かの 邪智 暴虐 の 王 を 除か なけれ ば なら ぬ と 決意 し た 。", "wakati"),
        ("我  喜欢  你  。\n他  在  院子  里  读书  。", "wakati"),
        (CHINESE, "char"),
        ("天地玄黄宇宙洪荒", "char"),
        ("這是「蘋果」嗎？他說：不知道。" * 3 + "「の」是日文。", "char"),
        ("ฉันไปโรงเรียน แล้วก็กลับบ้าน เขาไม่ได้มา", "char"),
        ("MTVLSPADKTNVKAAWGKVGAHAGEYGAEALERMFLSFPTTKTYFPHF", "char"),
        ("Nakamura\nO'Brien\nRossi", "char"),
        ("", "char"),
        (ENGLISH, "english"),
        ("To be, or not to be: that is the question.", "english"),
        ("Der Mann ging über die Straße. „Wohin?“, fragte sie.", "english"),
        ("L'homme dit : « Bonjour ! » Il n'est pas venu, aujourd'hui.", "english"),
        ("Кошка сидит на окне и смотрит.", "english"),
        ("나는 학교에 갔다. 그리고 친구를 만났다.", "english"),
        ("ذهب الرجل إلى المدينة، ثم عاد. هل رأيته؟", "english"),
        ("उसने बगीचे में किताब पढ़ी। शिक्षक ने कहा, सच?", "english"),
        ("for i in range(3):\n    print(i, end='')\n", "english"),
        (" = Valkyria = \n The game , released in 2011 , is @-@ the third . \n", "space"),
        (" mr. <unk> is chairman of <unk> n.v. the dutch group \n it 's a deal they do n't like \n", "space"),
        ("C:maj7 G:7 A:min\nF:maj G:7", "space"),
    ],
)
def test_choose_by_the_text(sample, name):
    assert scripts.choose_tokens([sample]).tokens == name


@pytest.mark.parametrize(
    "line",
    [
        "Der Mann ging über die Straße. „Wohin?“, fragte sie; Dr. Müller z. B. schlief.",
        "L'homme dit : « Bonjour ! » Aujourd'hui… c’est l’été.",
        '나는 학교에 갔다. "정말?" 그리고 친구를 만났다.',
        "ذهب الرجل إلى المدينة، ثم عاد. هل رأيته؟",
        "उसने बगीचे में किताब पढ़ी। शिक्षक ने कहा, सच?",
        "¿Dónde está? ¡Aquí!  Tôi đi học.",
        "\tif (a[i] != b->c) { return x++; } // 0x1F",
    ],
)
def test_other_languages_lose_nothing_by_english(line):
    tokenizer = tokenizers.get_tokenizer("english")
    assert tokenizer.join(tokenizer.split(line)) == line


def test_the_whole_corpus_decides_and_a_mixture_is_told():
    choice = scripts.choose_tokens([ENGLISH] + [JAPANESE * 5] * 22)
    assert choice.tokens == "mecab"
    assert scripts.scripts_line(*choice) == "words by mecab: 97 % Japanese, 3 % Latin"
    assert scripts.choose_tokens([JAPANESE] + [ENGLISH * 5] * 22).tokens == "english"
    assert scripts.choose_tokens([CHINESE * 3, JAPANESE]).tokens == "char"
    assert scripts.choose_tokens([CHINESE, JAPANESE * 5]).tokens == "mecab"
    assert scripts.scripts_line(*scripts.choose_tokens([JAPANESE])) == ""
    parted = scripts.choose_tokens(["先生 は 庭 で 雨 を 待っ た 。"])
    assert "written without them: by wakati" in scripts.scripts_line(*parted)


def test_a_few_parted_texts_do_not_decide():
    parted = "先生 は 庭 で 雨 を 待っ た 。\n"
    assert scripts.choose_tokens([parted, JAPANESE * 9]).tokens == "mecab"
    assert scripts.choose_tokens([parted * 9, JAPANESE]).tokens == "wakati"
    standing = "The game , released in 2011 , is the third .\n"
    assert scripts.choose_tokens([standing, ENGLISH * 9]).tokens == "english"
    assert scripts.choose_tokens([standing * 9, ENGLISH]).tokens == "space"


def test_a_long_text_is_looked_at_from_end_to_end():
    text = ENGLISH * 2000 + JAPANESE * 20_000
    shares = scripts.choose_tokens([text]).shares
    letters = [sum(map(str.isalpha, part)) for part in (JAPANESE * 20_000, ENGLISH * 2000)]
    assert shares["Japanese"] == pytest.approx(letters[0] / sum(letters), abs=0.1)


def test_documents_come_again_as_they_were():
    documents = [
        Document("a", "plain", [JAPANESE.strip(), "", "b\udc80"]),
        Skipped("b", "holds no text"),
        Document("c", "aozora", ["x"]),
    ]
    held = scripts.Held(iter(documents))
    assert list(held.documents()) == documents
    assert held.choice.tokens == "mecab"


def test_wakati_is_cut_at_spaces_and_written_without():
    tokenizer = tokenizers.get_tokenizer("wakati")
    words = tokenizer.split(" メロス は  New York で 「 怒 」 っ た 。\t")
    assert words == ["メロス", "は", "New", "York", "で", "「", "怒", "」", "っ", "た", "。"]
    assert tokenizer.join(words) == "メロスはNew Yorkで「怒」った。"
    assert tokenizer.split("") == tokenizer.split("  ") == []
    assert tokenizer.split("何 と 　 部屋") == ["何", "と", "\u3000", "部屋"]
