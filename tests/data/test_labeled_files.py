"""Files of labeled data: every layout, its columns and its header."""

import csv
from collections import Counter

import pytest

from tests.data import pairs
from tsuzuri.data import labeled
from tsuzuri.data.labeled import Example
from tsuzuri.errors import UserError

WANTED = [("pos", "a fine film"), ("neg", "dull , dull"), ("pos", "it's, well, good"), ("neg", 'not "good"')]
LAYOUTS = {
    "tab.txt": 'pos\ta fine film\nneg\tdull , dull\npos\tit\'s, well, good\nneg\tnot "good"\n',
    "turned.txt": 'a fine film\tpos\ndull , dull\tneg\nit\'s, well, good\tpos\nnot "good"\tneg\n',
    "glue.tsv": 'sentence\tlabel\na fine film\tpos\ndull , dull\tneg\nit\'s, well, good\tpos\nnot "good"\tneg\n',
    "space.train": 'pos a fine film\nneg dull , dull\npos it\'s, well, good\nneg not "good"',
    "fast.txt": "__label__pos a fine film\n__label__neg dull , dull\n__label__pos it's, well, good\n"
    '__label__neg not "good"\n',
    "plain.csv": 'pos,a fine film\nneg,"dull , dull"\npos,"it\'s, well, good"\nneg,"not ""good"""\n',
    "turned.csv": 'a fine film,pos\n"dull , dull",neg\n"it\'s, well, good",pos\n"not ""good""",neg\n',
    "named.csv": 'id,Review, Sentiment\n1,a fine film,pos\n2,"dull , dull",neg\n3,"it\'s, well, good",pos\n'
    '4,"not ""good""",neg\n',
    "named.txt": 'Class,whatever\npos,a fine film\nneg,"dull , dull"\npos,"it\'s, well, good"\nneg,"not ""good"""\n',
}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_files_of_all_forms(write, name, ending):
    path = write(name, LAYOUTS[name].replace("\n", ending))
    texts = labeled.read_labeled([path])
    assert pairs(texts) == WANTED
    first = 1 + name.startswith(("glue", "named"))
    assert [example.where for example in texts.examples] == [f"{path}:{n}" for n in range(first, first + 4)]
    form = "csv" if "csv" in name or name == "named.txt" else "space" if name in ("space.train", "fast.txt") else "tab"
    assert texts.report == {
        "files": 1,
        "form": {form: 1},
        "encoding": {"UTF-8": 1},
        "blank": 0,
        "skipped": [],
        "remarks": {"count": 0, "first": []},
        "twice": 0,
        "torn": 0,
    }


def test_lines_end_nowhere_but_at_line_ends(write):
    text = "x\x85y\u2028z\x0cw\x0bv"
    texts = labeled.read_labeled([write("a.txt", f"pos\t{text}\nneg\tb\npos\tc\n")])
    assert pairs(texts) == [("pos", text), ("neg", "b"), ("pos", "c")]
    texts = labeled.read_labeled([write("a.csv", f"pos,{text}\nneg,b\npos,c\n")])
    assert pairs(texts)[0] == ("pos", text)


def test_a_quoted_text_goes_over_lines(write):
    path = write("a.csv", 'label,text\r\npos,"one\r\ntwo, ""three"""\r\n\r\nneg,four\r\n,\r\nneg,five\r\n')
    texts = labeled.read_labeled([path])
    assert texts.examples == [
        Example("pos", 'one two, "three"', f"{path}:2"),
        Example("neg", "four", f"{path}:5"),
        Example("neg", "five", f"{path}:7"),
    ]
    assert texts.report["blank"] == 2


def test_blank_lines_copies_and_contradictions_are_counted(write):
    texts = labeled.read_labeled([write("a.txt", "pos\ta\n\n  \npos\ta\nneg\ta\nneg\tb\nneg\tb\npos\tc\n\n")])
    assert len(texts.examples) == 6
    assert (texts.report["blank"], texts.report["twice"], texts.report["torn"]) == (3, 2, 1)


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [(("Stars", "Body"), ("1", "good")), ((" stars ", "2"), ("1", "a")), (("title", 3), ("a", "good"))],
)
def test_columns_by_name_or_number(write, columns, wanted):
    path = write("a.csv", "stars,title,body\n1,a,good\n2,b,bad\n1,c,fair\n")
    texts = labeled.read_labeled([path], columns=columns, least=0)
    assert pairs(texts)[0] == wanted
    assert len(texts.examples) == 3


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("id,body,stars", ("stars", "2")),
        ("id,Review,stars", ("3", "2")),
        ("id,body,Category", ("3", "2")),
        ("text,body,stars", ("3", "2")),
    ],
)
def test_a_header_is_no_example(write, header, columns):
    path = write("a.csv", f"{header}\n1,good,5\n2,bad,1\n3,fair,5\n")
    assert pairs(labeled.read_labeled([path], columns=columns)) == [("5", "good"), ("1", "bad"), ("5", "fair")]


def test_a_header_may_name_the_text_alone(write):
    for name, header in (("a.csv", "stars,Text"), ("a.txt", "review,stars"), ("a.tsv", "message\tstars")):
        rows = [header, "1,good", "2,bad", "1,fair"] if header.startswith("stars") else [header, "good,1", "bad,2"]
        path = write(name, "\n".join(rows).replace(",", "\t" if name == "a.tsv" else ","))
        assert pairs(labeled.read_labeled([path], least=0))[:2] == [("1", "good"), ("2", "bad")]


def test_the_name_of_a_column_may_be_a_label(write):
    path = write("a.txt", "message\ta\ntarget\tb\nmessage\tc\ntarget\td\n")
    assert pairs(labeled.read_labeled([path])) == [("message", "a"), ("target", "b"), ("message", "c"), ("target", "d")]


def test_a_field_may_be_longer_than_csv_readers_let_it_be(write):
    limit, long = csv.field_size_limit(), "word " * 30_000
    texts = labeled.read_labeled([write("a.csv", f'pos,"{long}"\nneg,b\npos,c\n')])
    assert pairs(texts)[0] == ("pos", long.strip())
    with pytest.raises(UserError, match="is not CSV"):
        labeled.read_labeled([write("a.csv", f'pos,"{long}')])
    assert csv.field_size_limit() == limit


def test_white_space_in_labels_is_one_space(write):
    path = write("a.csv", '"very\n\tgood\u3000",a\n__label__ bad,b\nvery good,c\nक्\u200dष,d\n')
    assert [label for label, _ in pairs(labeled.read_labeled([path]))] == ["very good", "bad", "very good", "क्\u200dष"]


def test_a_number_is_a_column_s_place_and_no_name(write):
    path = write("a.csv", "2,1,fine\n1,2,dull\n2,1,good\n")
    assert pairs(labeled.read_labeled([path], columns=("1", "3"))) == [("2", "fine"), ("1", "dull"), ("2", "good")]


def test_the_other_of_two_columns(write):
    path = write("a.tsv", "a b\tx\nc d\ty\ne f\tx\n")
    for columns in (("2", None), (None, "1"), (None, None)):
        assert pairs(labeled.read_labeled([path], columns=columns)) == [("x", "a b"), ("y", "c d"), ("x", "e f")]


def test_a_form_that_is_named_is_not_guessed(write):
    path = write("a.txt", "one two\nthree four\nfive six\n")
    assert pairs(labeled.read_labeled([path], "space", least=0)) == [("one", "two"), ("three", "four"), ("five", "six")]
    path = write("b.csv", 'pos\t"a, b\nneg\tc\npos\td\n')
    assert pairs(labeled.read_labeled([path], "tab"))[0] == ("pos", '"a, b')


def test_well_known_data(shared):
    folder = shared / "sentiment"
    texts = labeled.read_pos_neg([str(folder / "rt-polarity.pos")], [str(folder / "rt-polarity.neg")])
    assert Counter(example.label for example in texts.examples) == {"pos": 5331, "neg": 5331}
    assert texts.report["encoding"] == {"cp1252": 2}
    assert texts.examples[5331].text == "simplistic , silly and tedious ."
    for name in ("rt-polarity.pos", "README.md"):
        with pytest.raises(UserError, match="no line has a tab between label and text"):
            labeled.read_labeled([str(folder / name)])


@pytest.mark.parametrize(
    ("name", "size", "labels"),
    [
        ("stsa.fine.dev", 1101, "01234"),
        pytest.param("stsa.binary.train", 6920, "01", marks=pytest.mark.slow),
        pytest.param("subj.all", 10000, "01", marks=pytest.mark.slow),
    ],
)
def test_well_known_data_with_spaces(shared, name, size, labels):
    texts = labeled.read_labeled([str(shared / "sentiment" / name)])
    assert len(texts.examples) == size
    assert {example.label for example in texts.examples} == set(labels)
    assert list(texts.report["form"]) == ["space"]
