"""Files that are no labeled data, or not what was asked for, are refused with their place."""

import pytest

from tests.data import pairs
from tsuzuri.data import labeled
from tsuzuri.errors import UserError


def test_a_first_line_that_seems_to_name_columns_is_refused_where_something_is_learned(write):
    data = "id,stars,comment\n1,5,good\n2,1,bad\n3,5,fair\n4,1,dull\n"
    path, other, options = write("a.csv", data), write("b.csv", data), {"columns": ("2", "3")}
    for paths in ([path], [path, other]):
        with pytest.raises(UserError, match=r"a\.csv:1: 'stars' .* no other line: .* --label-column 'stars', and else"):
            labeled.read_labeled(paths, **options)
    assert len(labeled.read_labeled([path], columns=("stars", "3")).examples) == 4
    assert len(labeled.read_labeled([path], least=0, **options).examples) == 5
    assert len(labeled.read_labeled([path, write("c.csv", "1,stars,x\n2,5,y\n")], **options).examples) == 7
    assert len(labeled.read_labeled([write("d.csv", "1,a,x\n2,b,y\n3,c,z\n4,c,z\n")], **options).examples) == 4
    assert len(labeled.read_labeled([write("f.txt", "__label__a x\n__label__b y\n__label__b z\n")]).examples) == 3
    moved = write("e.csv", "1,5,good\n2,1,bad\n3,2,odd\n4,5,fair\n5,1,dull\n")
    assert len(labeled.read_labeled([moved], **options).examples) == 5


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (("topic", None), r"a\.csv: has no column 'topic', must be one of stars, title, body, or a number in 1\.\.3"),
        (("4", "1"), r"a\.csv: has no column '4'"),
        (("0", "1"), r"a\.csv: has no column '0'"),
        ((None, "body"), r"a\.csv:1: .* cannot be determined from stars, title, body: name them by --label-column"),
        (("title", "title"), r"a\.csv:1: .* cannot be determined"),
    ],
)
def test_columns_that_are_not_there(write, columns, reason):
    with pytest.raises(UserError, match=reason):
        labeled.read_labeled([write("a.csv", "stars,title,body\n1,a,good\n2,b,bad\n1,c,fair\n")], columns=columns)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", "pos\ta\npos\tb\n", r"a\.txt: has one class only, 'pos': at least two"),
        ("a.txt", "pos\ta\nneg\t \n", r"a\.txt:2: has no text, but the label 'neg'"),
        ("a.txt", "pos\ta\n\n \tb\n", r"a\.txt:3: has no label"),
        ("a.txt", "pos\ta\nneg b\n", r"a\.txt:2: has no tab"),
        ("a.tsv", "pos a\nneg b\n", r"a\.tsv:1: has no tab"),
        ("a.txt", "pos\ta\nneg\tb\tc\n", r"a\.txt:2: the number of columns is 3, must be 2 as in line 1"),
        (
            "a.csv",
            "pos;a\nneg;b\n",
            r"a\.csv:1: which of the columns is the label and which the text cannot be determined",
        ),
        ("a.csv", 'pos,"a\nneg,b\nneg,c\n', r"a\.csv:1: is not CSV: .*\(is a quote not closed"),
        ("a.csv", 'pos,a\nneg,"b"c\n', r"a\.csv:2: is not CSV: .*\(is a quote not closed, or not doubled"),
        ("a.csv", "pos,a\nneg,b," + "\n", r"a\.csv:2: the number of columns is 3"),
        ("a.csv", 'pos,"' + "a\n" * 70_000, r"a\.csv:1: is not CSV: unexpected end of data \(is a quote not closed"),
        ("a.csv", ",\n,\n", r"a\.csv: holds no example, all its rows are blank"),
        ("a.csv", '""\n', r"a\.csv: holds no example, all its rows are blank"),
        ("a.csv", "pos,a\nq\tx\x9b31m,b\n", r"a\.csv:2: the label 'q x\\x9b31m' cannot be printed, for its U\+009B"),
        ("a.txt", "pos\ta\nne\u202eg\tb\n", r"a\.txt:2: the label 'ne\\u202eg' cannot be printed, for its U\+202E"),
        ("a.txt", "pos x\n\ufeffpos y\npos z\npos w\n", r"a\.txt:2: .* cannot be printed, for its U\+FEFF"),
        ("a.csv", "label,text\n", r"a\.csv: holds no example"),
        ("a.txt", "", r"a\.txt: is empty"),
        ("a.txt", " \n\n", r"a\.txt: holds no text"),
        ("a.txt", b"MThd\0\0\0\6", r"a\.txt: is MIDI, not plain text"),
        (
            "a.txt",
            b"pos\tgood\nneg\tb\xff\xff\xff\n",
            r"a\.txt: may be in .* \(byte 0xff at 15, in line 2\)",
        ),
        ("a.txt", "These three.\nThe others.\nThen no more.\n", r"a\.txt: no line has a tab .* the 3 lines begin"),
        ("a.txt", "".join(f"w{n % 100} x\n" for n in range(400)), r"the 400 lines begin with 100 different words"),
        ("a.txt", "__label__a x\n__label__b __label__c y\n", r"a\.txt:2: has more than one label"),
        ("a.txt", "__label__a x\n__label__b\n", r"a\.txt:2: has no text after the label '__label__b'"),
        ("a.txt", "a\tx\nb\ty\nc\tz\n", r"a\.txt: has 3 labels in 3 examples, such as 'a': must be fewer, and at most"),
        ("a.txt", "".join(f"{n // 2}\t{n}\n" for n in range(2002)), r"a\.txt: has 1,001 labels in 2,002 examples"),
    ],
)
def test_what_is_no_labeled_data(write, name, data, reason):
    with pytest.raises(UserError, match=reason) as error:
        labeled.read_labeled([write(name, data)])
    assert "\n" not in str(error.value)


def test_what_is_asked_for_must_be_there(write):
    path = write("a.txt", "pos\ta\nneg\tb\npos\tc\n")
    with pytest.raises(UserError, match="the encoding 'utf-9' is unknown, must be auto, utf-8"):
        labeled.read_labeled([path], encoding="utf-9")
    with pytest.raises(UserError, match=r"none\.txt: no such file"):
        labeled.read_labeled([path, path + "none.txt"])


def test_a_class_needs_as_many_examples_as_are_asked_for(write):
    path = write("a.txt", "pos\ta\nneg\tb\npos\tc\n")
    assert len(labeled.read_labeled([path]).examples) == 3
    with pytest.raises(UserError, match=r"a\.txt:2: the class 'neg' has a single example, at least 2 are needed"):
        labeled.read_labeled([path], least=2)
    path = write("b.txt", "pos\ta\nneg\tb\npos\tc\nneg\td\npos\te\n")
    assert len(labeled.read_labeled([path], least=2).examples) == 5
    with pytest.raises(UserError, match=r"b\.txt:2: the class 'neg' has 2 examples, at least 3 are needed"):
        labeled.read_labeled([path], least=3)
    one = write("one.txt", "pos\ta\n")
    assert pairs(labeled.read_labeled([one], least=0)) == [("pos", "a")]
