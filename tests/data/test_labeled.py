"""Labeled data: every layout, and every way in which it can be wrong."""

import csv
import os
import pathlib
import shutil
import sys
from collections import Counter

import pytest

from tsuzuri.data import labeled
from tsuzuri.data.labeled import Example
from tsuzuri.errors import UserError


@pytest.fixture
def write(tmp_path):
    """Write a file, of lines or bytes, and its folders; returns its path."""

    def written(name, data):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return str(path)

    return written


def pairs(texts):
    return [(example.label, example.text) for example in texts.examples]


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


def test_a_number_is_a_column_s_place_and_no_name(write):
    path = write("a.csv", "2,1,fine\n1,2,dull\n2,1,good\n")
    assert pairs(labeled.read_labeled([path], columns=("1", "3"))) == [("2", "fine"), ("1", "dull"), ("2", "good")]


def test_the_other_of_two_columns(write):
    path = write("a.tsv", "a b\tx\nc d\ty\ne f\tx\n")
    for columns in (("2", None), (None, "1"), (None, None)):
        assert pairs(labeled.read_labeled([path], columns=columns)) == [("x", "a b"), ("y", "c d"), ("x", "e f")]


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
        ("a.txt", b"MThd\0\0\0\6", r"a\.txt: is binary, not text"),
        ("a.txt", b"pos\tgood\nneg\tb\xff\xff\xff\n", r"a\.txt: is not .* \(byte 0xff in line 2\): name its encod"),
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
    with pytest.raises(UserError, match=r"none\.txt: cannot be read: No such file"):
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


def test_a_form_that_is_named_is_not_guessed(write):
    path = write("a.txt", "one two\nthree four\nfive six\n")
    assert pairs(labeled.read_labeled([path], "space", least=0)) == [("one", "two"), ("three", "four"), ("five", "six")]
    path = write("b.csv", 'pos\t"a, b\nneg\tc\npos\td\n')
    assert pairs(labeled.read_labeled([path], "tab"))[0] == ("pos", '"a, b')


def test_a_folder_for_each_class(write, tmp_path):
    write("neg/2.txt", "dull\nand long\n")
    write("neg/10.txt", b"caf\xe9 noir")
    write("pos/deep/1.TXT", "\ufefffine")
    write("pos/49960", "good")
    write("pos/z.txt", "last")  # in the order of whole paths
    write("pos/.hidden.txt", "x")
    write("pos/.git/a.txt", "x")
    write("pos/labels.feat", "x")
    write("pos/LICENSE.txt", "x")
    write("pos/empty.txt", "")
    write("pos/bad.txt", b"\0")
    write("unsup/1.txt", "x")
    write("pictures/1.png", "x")
    write(".cache/1.txt", "x")
    write("README", "x")
    write("1.txt", "x")
    texts = labeled.read_labeled([str(tmp_path)])
    assert [(e.label, e.text, str(pathlib.Path(e.where).relative_to(tmp_path))) for e in texts.examples] == [
        ("neg", "café noir", "neg/10.txt"),
        ("neg", "dull and long", "neg/2.txt"),
        ("pos", "good", "pos/49960"),
        ("pos", "fine", "pos/deep/1.TXT"),
        ("pos", "last", "pos/z.txt"),
    ]
    assert texts.report["files"] == 5
    assert texts.report["form"] == {"folder": 5}
    assert texts.report["encoding"] == {"cp1252": 1, "UTF-8": 4}
    skipped = {pathlib.Path(item["name"]).name: item["reason"] for item in texts.report["skipped"]}
    assert skipped == {
        "pictures": "holds no file that ends in .txt",
        "unsup": "is not a class",
        "bad.txt": "is binary, not text (it holds zero bytes)",
        "empty.txt": "is empty",
        "pos": "2 of its files by their names, which must end in .txt and not be readme, license, copying",
    }


def test_names_of_folders_are_labels_that_can_be_shown(write, tmp_path):
    for name in ("good\u3000film/1.txt", "good film/2.txt", "bad/1.txt"):
        write(name, name)
    assert Counter(e.label for e in labeled.read_labeled([str(tmp_path)]).examples) == {"good film": 2, "bad": 1}
    if sys.platform == "linux":  # other systems hold no such names
        for name, reason in (
            (b"caf\xe9", r"'caf\\udce9' is not UTF-8"),
            (b"\x1b[1m", r"cannot be printed, .* U\+001B"),
        ):
            folder = os.path.join(os.fsencode(tmp_path), name)
            os.mkdir(folder)
            pathlib.Path(os.fsdecode(folder), "1.txt").write_text("x")
            with pytest.raises(UserError, match=rf"{tmp_path}: the label .*{reason}"):
                labeled.class_files(str(tmp_path))
            shutil.rmtree(folder)


def test_folders_of_music_are_found_but_not_read(write, tmp_path):
    names = ["bach/wtc/2.mid", "bach/wtc/1.MID", "joplin/b.midi", "joplin/c.txt", "notes/a.txt"]
    paths = {name: write(name, b"\0") for name in names}
    assert labeled.class_files(str(tmp_path), (".mid", ".midi")) == {
        "bach": [paths["bach/wtc/1.MID"], paths["bach/wtc/2.mid"]],
        "joplin": [paths["joplin/b.midi"]],
    }


def test_a_root_with_train_and_test(write, tmp_path):
    for name in ("train/pos/1", "train/neg/1", "train/unsup/1", "test/pos/1", "test/neg/1", "dev/pos/1", "docs/1"):
        write(f"{name}.txt", name)
    root = str(tmp_path)
    parts = labeled.dataset_folders(root)
    assert parts == {part: str(tmp_path / name) for part, name in (("train",) * 2, ("test",) * 2, ("valid", "dev"))}
    assert pairs(labeled.read_labeled([parts["test"]], least=0)) == [("neg", "test/neg/1"), ("pos", "test/pos/1")]
    assert labeled.dataset_folders(parts["train"]) == {"train": parts["train"]}
    with pytest.raises(UserError, match="its folders are no classes but valid and test and train: name one of them"):
        labeled.read_labeled([root])


def test_classes_may_be_called_train_and_test(write, tmp_path):
    for name in ("train/1.txt", "train/2.txt", "test/1.txt"):
        write(name, name)
    assert labeled.dataset_folders(str(tmp_path)) == {"train": str(tmp_path)}
    assert Counter(e.label for e in labeled.read_labeled([str(tmp_path)]).examples) == {"train": 2, "test": 1}


def test_folders_without_classes(write, tmp_path):
    write("1.txt", "x")
    with pytest.raises(UserError, match=r"a folder for each class with files in it, whose name ends in \.txt or has"):
        labeled.read_labeled([str(tmp_path)])
    write("pos/1.txt", "x")
    with pytest.raises(UserError, match="has one class only, 'pos'"):
        labeled.read_labeled([str(tmp_path)])
    write("bad/1.txt", "")
    (tmp_path / "pos" / "1.txt").write_bytes(b"\0")
    with pytest.raises(UserError, match=r"holds no example \(.*bad/1\.txt is empty; .*pos/1\.txt is binary"):
        labeled.read_labeled([str(tmp_path)])
    with pytest.raises(UserError, match="No such file or directory"):
        labeled.dataset_folders(str(tmp_path / "none"))


def test_a_file_for_each_class(write):
    pos, neg = write("a.pos", "fine \n\nas \x85 good\n"), write("a.neg", b"tr\xe8s \x85 mal\n")
    texts = labeled.read_pos_neg([pos], [neg])
    assert texts.examples == [
        Example("pos", "fine", f"{pos}:1"),
        Example("pos", "as \x85 good", f"{pos}:3"),
        Example("neg", "très … mal", f"{neg}:1"),
    ]
    assert texts.report["form"] == {"lines": 2}
    assert texts.report["blank"] == 1
    with pytest.raises(UserError, match="one class only, 'pos'"):
        labeled.read_pos_neg([pos], [])
    with pytest.raises(UserError, match=r"a\.neg: is not text in utf-8 \(byte 0xe8 in line 1\)"):
        labeled.read_pos_neg([pos], [neg], "utf8")


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
