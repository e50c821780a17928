"""Labeled files to words by a ``Preprocessor``: texts of files and standard input, sources, tunes."""

import contextlib
import dataclasses
import io
import itertools
import os
import shutil
import types
import zipfile
from collections import Counter

import pytest

from tests.conftest import ROOT
from tests.midi.words.tunes import midi
from tsuzuri.data import dataset, preprocessing
from tsuzuri.data.preprocessing import Preprocessor
from tsuzuri.errors import UserError
from tsuzuri.midi.words import codec
from tsuzuri.midi.words.about import model_words
from tsuzuri.midi.words.convert import convert_file
from tsuzuri.midi.words.settings import Settings
from tsuzuri.text import tokenizers
from tsuzuri.text.settings import FIRST

TUNES = sorted((ROOT / "corpus" / "tunes").glob("*.mid"))


# Texts to words


LINES = ["It's  a\tGREAT film, truly!", "彼は New York が好きではない。", "  a b ", "a", "", " \t ", "x\u3000y"]


@pytest.mark.parametrize("case", ["fold", "keep"])
@pytest.mark.parametrize("name", [name for name in tokenizers.NAMES if name != "wakati"])
def test_the_pieces_of_a_passage_give_the_text_back(rng, name, case):
    if name == "mecab":
        pytest.importorskip("MeCab")
    preprocessor = Preprocessor(tokenizers.get_tokenizer(name), case)
    random = "".join(rng.choice(list("aB.,' \t'éé東京はNot"), 30))
    for text in (*LINES, random):
        passage = preprocessor.passage(text)
        assert "".join(passage.pieces) == (text.strip(" ") if name == "space" else text).rstrip()
        words = [piece.lstrip() for piece in passage.pieces]
        assert [word.lower() if case == "fold" else word for word in words] == passage.words == preprocessor.words(text)
        assert all(passage.words)
        assert not any(word.isspace() for word in passage.words)
        assert passage.text == text


def feed_stdin(stdin, monkeypatch):
    monkeypatch.setattr(preprocessing.sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(stdin)))


SPACE = Preprocessor(tokenizers.get_tokenizer("space"), "keep")


def batched(preprocessor, paths=(), encoding="auto", refuse=None):
    return [[passage.text for passage in batch] for batch in preprocessor.batches(paths, encoding, refuse)]


def test_lines_of_files_come_by_batches_with_the_blank_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(preprocessing, "BATCH", 2)
    (tmp_path / "a").write_bytes(b"one two\r\n\r\nthree\n \nfour")
    (tmp_path / "b").write_bytes(b"five\n\n")
    (tmp_path / "c").write_bytes("café\n".encode("cp1252"))
    paths = [str(tmp_path / name) for name in "abc"]
    assert batched(SPACE, paths) == [["one two", ""], ["three", " "], ["four"], ["five", ""], ["café"]]
    assert batched(SPACE, paths[2:], "cp1252") == [["café"]]


def test_lines_of_standard_input_come_one_by_one(monkeypatch):
    feed_stdin("\ufeffone\r\n\ncafé\n".encode() + "Größe".encode(), monkeypatch)
    assert batched(SPACE) == [["one"], [""], ["café"], ["Größe"]]
    feed_stdin("café\n".encode(), monkeypatch)
    assert batched(SPACE, encoding="cp1252") == [["cafÃ©"]]


@pytest.mark.parametrize(
    ("encoding", "lines"),
    [
        ("shift_jis", ["plain", "とても良い映画でした", "良", "", "短", "~"]),  # the short ones alone look Western
        ("cp1252", ["plain", "ein Café", "", "ÄÖ", "äöü ßß", "Ã©"]),  # and these Japanese, or UTF-8
    ],
)
def test_the_first_line_beyond_ascii_decides_the_encoding_for_all(monkeypatch, encoding, lines):
    data = "\n".join(lines).encode(encoding)
    feed_stdin(data, monkeypatch)
    assert batched(SPACE) == [[line] for line in lines]
    encoded = [line.encode(encoding) for line in lines[2:] if not line.isascii()]
    alone = []
    for line in encoded:
        feed_stdin(line, monkeypatch)
        with contextlib.suppress(UserError):
            alone += batched(SPACE)[0]
    assert alone != [line for line in lines[2:] if not line.isascii()], "or this test shows nothing"


def test_a_later_line_in_another_encoding(monkeypatch):
    feed_stdin("one\ncafé\n\n".encode() + "Größe".encode("cp1252"), monkeypatch)
    lines = SPACE.batches([], "auto", None)
    assert [next(lines)[0].text for _ in range(3)] == ["one", "café", ""]
    reason = r"^standard input, line 4: is not text in UTF-8 \(byte 0xf6\), as line 2 is: --encoding names it$"
    with pytest.raises(UserError, match=reason):
        next(lines)


@pytest.mark.parametrize(
    ("codec", "mark", "encoding"),
    [
        ("utf-16-le", "\ufeff", "auto"),
        ("utf-16-be", "\ufeff", "auto"),
        ("utf-16-be", "\ufeff", "utf-16"),
        ("utf-16-be", "", "utf-16-be"),
        ("utf-32", "", "utf-32"),
        ("utf-8", "\ufeff", "utf-8-sig"),
    ],
)
def test_lines_whose_ends_are_other_bytes(monkeypatch, codec, mark, encoding):
    lines = ["one", "", "Ċ ਊ 良い", " ", "two"]  # of code points that hold the byte of a line feed
    feed_stdin((mark + "\r\n".join(lines)).encode(codec), monkeypatch)
    assert batched(SPACE, encoding=encoding) == [[line] for line in lines]
    feed_stdin((mark + "one\ntwo\n").encode(codec), monkeypatch)
    assert batched(SPACE, encoding=encoding) == [["one"], ["two"]]


def test_damaged_utf_16_is_reported_with_its_line(monkeypatch):
    feed_stdin("\ufeffone\ntwo\n".encode("utf-16-le") + b"\x00\xd8", monkeypatch)
    lines = SPACE.batches([], "auto", None)
    assert [next(lines)[0].text for _ in range(2)] == ["one", "two"]
    with pytest.raises(UserError, match=r"^standard input, line 3: is not text in utf-16$"):
        next(lines)


def test_a_return_ends_a_line_too(tmp_path, monkeypatch):
    data, wanted = b"one\rtwo\r\r\nthree\n\rfour\r", ["one", "two", "", "three", "", "four"]
    feed_stdin(data, monkeypatch)
    assert batched(SPACE) == [[line] for line in wanted]
    (tmp_path / "a").write_bytes(data)
    assert batched(SPACE, [str(tmp_path / "a")]) == [wanted]
    feed_stdin("\ufeffone\rtwo\n".encode("utf-16-le"), monkeypatch)
    assert batched(SPACE) == [["one"], ["two"]]


@pytest.mark.parametrize(
    ("data", "encoding", "reason"),
    [
        (b"", "auto", "a: is empty"),
        (b"a\0", "auto", "a: is binary"),
        (b"a\nb\xff\n", "utf-8", r"a: is not text in UTF-8 \(byte 0xff in line 2\)"),
        (b"a", "klingon", "the encoding 'klingon' is unknown"),
    ],
)
def test_files_that_are_no_text(tmp_path, data, encoding, reason):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(UserError, match=reason):
        batched(SPACE, [str(tmp_path / "a")], encoding)


def test_input_that_cannot_be_read(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"none: no such file"):
        batched(SPACE, [str(tmp_path / "none")])
    feed_stdin(b"fine\n\xff\n", monkeypatch)
    lines = SPACE.batches([], "utf-8", None)
    assert next(lines)[0].text == "fine"
    with pytest.raises(UserError, match=r"standard input, line 2: is not text in UTF-8"):
        next(lines)
    with pytest.raises(UserError, match="'klingon' is unknown"):
        batched(SPACE, encoding="klingon")


# Sources


def source(corpus=(), **options):
    paths = {name: [] for name in ("pos", "neg", "valid", "test")} | {"corpus": list(map(str, corpus))}
    return paths | {"form": "auto", "encoding": "auto", "columns": [None, None], "midi": None, "text": FIRST} | options


@pytest.fixture
def reviews(tmp_path):
    """Some reviews as aclImdb has them: train, test, and texts without a class."""
    for part, label, n in itertools.product(("train", "test"), ("pos", "neg", "unsup"), range(3)):
        folder = tmp_path / "aclImdb" / part / label
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{n}_7.txt").write_text(f"{label} {part} number{n}")
    return tmp_path / "aclImdb"


def test_a_folder_for_training_and_one_for_tests_are_both_taken(reviews, tmp_path):
    expanded = preprocessing.expand_source(source([reviews]))
    assert (expanded["corpus"], expanded["test"], expanded["valid"]) == ([f"{reviews}/train"], [f"{reviews}/test"], [])
    pairs, _, report = preprocessing.read_labeled_words(expanded, "space", "keep")
    assert Counter(label for label, _ in pairs["corpus"]) == {"pos": 3, "neg": 3}
    assert sorted(words for _, words in pairs["test"])[0] == ["neg", "test", "number0"]
    assert pairs["valid"] is None
    assert [item["reason"] for item in report["corpus"]["skipped"]] == ["is not a class"]
    other = str(tmp_path / "other")
    assert preprocessing.expand_source(source([reviews], test=[other]))["test"] == [other]
    for same in (source([f"{reviews}/train"]), source([reviews, other]), source(["a.tsv"]), source(pos=["p"])):
        assert preprocessing.expand_source(same) == same


def test_texts_become_words_by_a_tokenizer_that_is_chosen_by_their_look(tmp_path):
    pytest.importorskip("MeCab")
    for lines, name in (
        ("pos\tIt's FINE\nneg\tIt's dull\npos\tFine.\n", "english"),
        ("pos\tとても良い映画でした\nneg\tひどい話だ\npos\tよい\n", "mecab"),
        ("pos\t很好的电影\nneg\t很差的故事\npos\t好\n", "char"),
    ):
        (tmp_path / "a.tsv").write_text(lines, encoding="utf-8")
        pairs, preprocessor, report = preprocessing.read_labeled_words(
            source([tmp_path / "a.tsv"]), "auto", "fold", least=1
        )
        assert preprocessor.tokenizer.name == name
        labels, words = zip(*pairs["corpus"], strict=True)
        assert labels == ("pos", "neg", "pos")
        assert (pairs["valid"], pairs["test"]) == (None, None)
        assert report["corpus"]["form"] == {"tab": 1}
        if name == "english":
            assert words[0] == ["it's", "fine"]


def test_what_each_class_needs_is_asked_of_the_corpus_alone(tmp_path):
    (tmp_path / "two.tsv").write_text("a\tx\nb\ty\na\tz\n")
    (tmp_path / "one.tsv").write_text("a\tx\na\tz\n")
    two, one = str(tmp_path / "two.tsv"), str(tmp_path / "one.tsv")
    preprocessing.read_labeled_words(source([two], test=[one]), "space", "keep", least=1)
    preprocessing.read_labeled_words(source([one]), "space", "keep")
    preprocessing.read_labeled_words(source(pos=[one], neg=[two]), "space", "keep", least=2)
    with pytest.raises(UserError, match=r"one\.tsv: has one class only, 'a'"):
        preprocessing.read_labeled_words(source([one]), "space", "keep", least=1)
    with pytest.raises(UserError, match=r"two\.tsv:2: the class 'b' has a single example, at least 2 are needed"):
        preprocessing.read_labeled_words(source([two]), "space", "keep", least=2)


# Tunes


@pytest.fixture
def tunes(tmp_path):
    """Folders of tunes that come with the project, for two classes."""
    for label, files in (("old", TUNES[:3]), ("new", TUNES[3:5])):
        (tmp_path / "tunes" / label).mkdir(parents=True)
        for file in files:
            shutil.copy(file, tmp_path / "tunes" / label)
    return tmp_path / "tunes"


MIDI = dataclasses.asdict(Settings(grid=24, velocities=8))


def test_folders_of_tunes_are_music(tunes, reviews):
    assert preprocessing.holds_music([str(tunes)])
    assert preprocessing.holds_music([str(TUNES[0])])
    assert not preprocessing.holds_music([str(reviews)])
    assert not preprocessing.holds_music([str(ROOT / "corpus" / "letters.tsv"), "none"])
    assert not preprocessing.holds_music([])
    for name in ("notes", "other"):  # a single one would be about the five tunes
        (tunes / "old" / f"{name}.txt").write_text("words")
    with pytest.raises(UserError, match=r"text and MIDI in one corpus: .*notes\.txt and .*\.mid: a classifier learns"):
        preprocessing.holds_music([str(tunes)])
    with pytest.raises(UserError, match="text and MIDI in one corpus"):
        preprocessing.holds_music([str(TUNES[0]), str(reviews)])


def test_tunes_become_words_by_their_settings(tunes):
    (tunes / "old" / "broken.mid").write_bytes(b"MThd")
    pairs, preprocessor, report = preprocessing.read_labeled_words(source([tunes], midi=MIDI), "auto", "fold")
    assert Counter(label for label, _ in pairs["corpus"]) == {"old": 3, "new": 2}
    assert pairs["valid"] is None
    assert (preprocessor.tokenizer.name, preprocessor.case, preprocessor.midi.grid) == ("midi", "keep", 24)
    assert [(item["class"], item["files"], len(item["refused"])) for item in report["corpus"]] == [
        ("new", 2, 0), ("old", 4, 1),
    ]  # fmt: skip
    again = Preprocessor(tokenizers.get_tokenizer("midi"), "keep", preprocessor.midi)
    ((tune,),) = again.batches([str(TUNES[3])], "auto", None)
    assert ("new", tune.words) in pairs["corpus"]
    assert "".join(tune.pieces).split() == tune.words
    assert TUNES[3].name in tune.text


@pytest.mark.parametrize("keys", ["own", "one"])
def test_tunes_are_read_in_the_key_that_the_settings_say(keys):
    midi = Settings(grid=24, velocities=8, about=True, keys=keys)
    preprocessor = Preprocessor(tokenizers.get_tokenizer("midi"), "keep", midi)
    ((tune,),) = preprocessor.batches([str(TUNES[1])], "auto", None)
    (piece,) = convert_file(TUNES[1].name, TUNES[1].read_bytes(), midi).pieces
    assert tune.words == model_words(piece.words, keys)
    assert (tune.words == piece.words) == (keys == "own")
    assert "".join(tune.pieces).split() == tune.words


def test_tunes_are_read_as_words_of_notes_whatever_a_file_of_words_holds(tmp_path):
    midi = Settings(grid=24, velocities=8, words="notes")
    preprocessor = Preprocessor(tokenizers.get_tokenizer("midi"), "keep", midi)
    (piece,) = convert_file(TUNES[1].name, TUNES[1].read_bytes(), Settings(grid=24, velocities=8)).pieces
    (tmp_path / "a.words").write_text(" ".join(piece.words) + "\n")
    tunes = [next(preprocessor.batches([str(path)], "auto", None))[0] for path in (TUNES[1], tmp_path / "a.words")]
    assert tunes[0].words == tunes[1].words == codec.in_form(piece.words, "notes") != piece.words


def test_what_each_class_of_tunes_needs(tunes):
    preprocessing.read_labeled_words(source([tunes], midi=MIDI), "auto", "fold", least=2)
    shutil.copytree(tunes / "new", tunes.parent / "one" / "new")
    preprocessing.read_labeled_words(
        source([tunes], test=[str(tunes.parent / "one")], midi=MIDI), "auto", "fold", least=2
    )
    (tunes / "new" / TUNES[4].name).write_bytes(b"MThd")
    preprocessing.read_labeled_words(source([tunes], midi=MIDI), "auto", "fold")
    refused = rf"of 5 files 1 was refused: .*{TUNES[4].name}: "
    with pytest.raises(UserError, match=rf"tunes/new: the class 'new' has a single example, .* needed; {refused}"):
        preprocessing.read_labeled_words(source([tunes], midi=MIDI), "auto", "fold", least=2)
    shutil.rmtree(tunes / "new")
    with pytest.raises(UserError, match=r"tunes: has one class only, 'old': at least two are needed"):
        preprocessing.read_labeled_words(source([tunes], midi=MIDI), "auto", "fold", least=1)


def test_a_tune_that_cannot_be_read_does_not_stop_the_others(tunes):
    (tunes / "new" / "broken.mid").write_bytes(b"MThd")
    (tunes / "new" / "broken.words").write_bytes(b"")
    preprocessor, messages = Preprocessor(tokenizers.get_tokenizer("midi"), "keep", Settings(**MIDI)), []
    batches = batched(preprocessor, [str(tunes.parent / "none"), str(tunes), str(TUNES[6])], refuse=messages.append)
    names = [os.path.join("old", tune.name) for tune in TUNES[:3]]
    names = [os.path.join("new", tune.name) for tune in TUNES[3:5]] + names + [TUNES[6].name]
    assert [text for (text,) in batches] == names
    assert len(messages) == 3
    for line, name in zip(messages, ("none: no such file", "broken.mid: ", "broken.words: "), strict=True):
        assert name in line


@pytest.mark.parametrize("name", ["tunes.zip", "tunes.ZIP", "tunes", "a.zip/tunes.zip"])
def test_tunes_of_an_archive_of_any_name(tmp_path, name):
    archive = tmp_path / "mine" / name
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as stream:
        for member, file in (("x.mid", TUNES[0]), ("deep.zip/y.mid", TUNES[1])):
            stream.write(file, member)
    preprocessor, messages = Preprocessor(tokenizers.get_tokenizer("midi"), "keep", Settings(**MIDI)), []
    (y,), (x,) = preprocessor.batches([str(archive)], "auto", messages.append)
    assert messages == []
    assert [y.text, x.text] == [f"{archive.name}/deep.zip/y.mid", f"{archive.name}/x.mid"]
    alone = preprocessor.batches([str(TUNES[1]), str(TUNES[0])], "auto", messages.append)
    assert [tune.words for (tune,) in alone] == [y.words, x.words]


def test_what_was_taken_of_tunes_is_told(tmp_path):
    tune = "0 c2 49\n" + "\n".join(f"{n * 120} 92 {60 + n:x} 50\n{n * 120 + 120} 82 {60 + n:x} 00" for n in range(30))
    for name in ("old/0.mid", "old/1.mid", "old/2.mid", "new/3.mid", "new/4.mid", "new/5.mid"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(midi(tune, "0 99 24 50\n60 89 24 00"))
    (tmp_path / "old" / "README.txt").write_text("words")
    with zipfile.ZipFile(tmp_path / "new" / "more.zip", "w") as stream:
        stream.write(TUNES[0], "x.mid")
    asked = dataclasses.asdict(Settings(about=True, keys="one"))
    pairs, words, report = preprocessing.read_labeled_words(source([tmp_path], midi=asked), "auto", "fold")
    data = dataset.build_dataset(pairs["corpus"], pairs["corpus"], None, held=(0, 0), seed=0, least=1)
    told = [*dataset.dataset_summary(data._replace(report=data.report | {"read": report}), words)]
    assert told[:6] == [
        "read     corpus: 6 files of music",
        f"left out {tmp_path}/new/more.zip: is an archive: unpack it",
        f"left out {tmp_path}/old/README.txt: is no MIDI",
        "parts    6 of 12: of each file the one with the tune by its skyline (--track)",
        "left out 6 parts, 6 of them drums, 6 notes (3% of all)",
        "keys     0 by their files, 6 by notes: 0 major, 6 minor; learned in C major and C minor (--keys)",
    ]


def test_a_run_keeps_how_words_are_made():
    about = {"tokens": "space", "dictionary": "", "case": "fold", "corpus": {"midi": None, "text": FIRST}}
    preprocessor = preprocessing.preprocessor_of_run(about)
    assert (preprocessor.tokenizer.name, preprocessor.case, preprocessor.midi) == ("space", "fold", None)
    music = about | {"tokens": "midi", "case": "keep", "corpus": {"midi": MIDI, "text": FIRST}}
    assert preprocessing.preprocessor_of_run(music).midi == Settings(grid=24, velocities=8)


def test_a_class_of_tunes_is_a_folder(tunes):
    with pytest.raises(UserError, match=r"\.mid: must be a folder that holds a folder of MIDI files for each class"):
        preprocessing.read_labeled_words(source([TUNES[0]], midi=MIDI), "auto", "fold")
    with pytest.raises(UserError, match="must hold a folder for each class"):
        preprocessing.read_labeled_words(source([tunes / "new"], midi=MIDI), "auto", "fold")
