"""Where music is read from: folders, archives, links and pipes; and what is left out of them, each named."""

import os
import pathlib
import zipfile

import pytest

from tests.midi.words.tunes import FLUTE, midi
from tsuzuri.errors import UserError
from tsuzuri.midi.words import collect, sources, wordfile
from tsuzuri.midi.words.settings import Settings

TUNE = midi(FLUTE)
OTHER = midi(FLUTE.replace(" 48 ", " 4c "))


@pytest.fixture
def archive(tmp_path):
    """The path of an archive of two tunes and a text about them."""
    path = tmp_path / "tunes.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        for name, data in {"b.mid": OTHER, "deep/a.KAR": TUNE, "README.txt": b"two tunes", "cover.png": b"."}.items():
            stream.writestr(name, data)
        stream.writestr("__MACOSX/._b.mid", b"what a Mac leaves")
    return str(path)


def names(paths):
    return [music.name for music in sources.find_music(paths).files]


def collected(*paths):
    return collect.collect_pieces([str(path) for path in paths], Settings())


def test_an_archive_of_tunes(archive, tmp_path):
    collection = collected(archive)
    assert [piece.name for piece in collection.pieces] == ["tunes.zip/b.mid", "tunes.zip/deep/a.KAR"]
    assert collection.paths == [f"{archive}/b.mid", f"{archive}/deep/a.KAR"]
    assert collection.report["left_out"] == [{"name": f"{archive}/README.txt", "reason": "is no MIDI"}]
    (tmp_path / "c.mid").write_bytes(TUNE)
    assert names([str(tmp_path)]) == ["c.mid", "tunes.zip/b.mid", "tunes.zip/deep/a.KAR"]
    assert names([archive, str(tmp_path)]) == ["tunes.zip/b.mid", "tunes.zip/deep/a.KAR", "c.mid"]  # each once
    for music in sources.find_music([archive]).files:  # taken as it is
        assert [piece.name for piece in collect.collect_pieces([music], Settings()).pieces] == [music.name]


def test_an_archive_is_music_or_text_by_what_it_holds(archive, tmp_path):
    assert sources.is_music_path(archive)
    assert sources.split_by_kind([archive]) == ([archive], [])
    assert sources.split_by_kind([str(tmp_path)]) == ([archive], [])
    texts = tmp_path / "texts.zip"
    with zipfile.ZipFile(texts, "w") as stream:
        for n in range(3):
            stream.writestr(f"{n}.txt", "text")
        stream.writestr("one.mid", TUNE)
    assert sources.split_by_kind([str(texts)]) == ([], [str(texts)])
    assert not sources.is_music_path(str(texts))


def test_archives_that_cannot_be_read(archive, tmp_path):
    data = pathlib.Path(archive).read_bytes()
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "short.zip").write_bytes(data[:-30])
    with pytest.raises(UserError, match=r"short\.zip: is a damaged archive, or one that was cut short"):
        collected(bad / "short.zip")
    with zipfile.ZipFile(bad / "none.zip", "w") as stream:
        stream.writestr("a.jpg", b"")
    with pytest.raises(UserError, match=r"none\.zip: the archive holds no file that ends in \.mid"):
        collected(bad / "none.zip")
    place = data.index(TUNE[:4]) if TUNE[:4] in data else data.index(b"deep/a.KAR") + 14
    (bad / "flipped.zip").write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
    report = collected(bad / "flipped.zip").report
    assert [item["reason"][:19] for item in report["refused"]] == ["cannot be unpacked:"]


def test_an_archive_that_would_unpack_to_too_much(archive, monkeypatch):
    monkeypatch.setattr(sources, "MOST", 0)
    with pytest.raises(UserError, match=r"tunes\.zip: holds more than 0 MB of MIDI: unpack it"):
        collected(archive)


def test_what_lies_among_tunes_is_named_and_left_out(tmp_path):
    for name in ("a.mid", "b.kar", "deep/c.mid"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(TUNE if name == "a.mid" else OTHER)
    for name in ("README.txt", "deep/license.md", "COPYING", "cover.jpg"):
        (tmp_path / name).write_text("words")
    report = collected(tmp_path).report
    left = [(os.path.basename(item["name"]), item["reason"]) for item in report["left_out"]]
    assert left == [(name, "is no MIDI") for name in ("COPYING", "README.txt", "license.md")]
    assert list(collect.left_out_lines([("x", "y")] * 7))[-2:] == ["left out x: y", "left out 2 more"]


# name: files of a folder, those of them that are taken for texts
MIXED = {
    "a text about the tunes": (["a.mid", "README.txt"], []),
    "others by name": (["a.mid", "00_readme.txt", "Licence.txt", "COPYING.txt", "index.txt", "Read Me.txt"], []),
    "a text of its own": (["a.mid", "story.txt"], ["story.txt"]),
    "few of many": ([*(f"{n}.mid" for n in range(4)), "story.txt"], []),
    "not so few": ([*(f"{n}.mid" for n in range(7)), "story.txt", "poem.txt"], ["poem.txt", "story.txt"]),
    "in a folder of their own": ([*(f"tunes/{n}.mid" for n in range(9)), "texts/one.txt"], ["texts/one.txt"]),
    "far fewer there": ([*(f"tunes/{n}.mid" for n in range(20)), "docs/one.txt", "docs/two.txt"], []),
    "above the tunes": ([*(f"tunes/{n}.mid" for n in range(8)), "abc_errors.txt", "thanks.txt"], []),
    "in another folder with few tunes": ([*(f"a/{n}.mid" for n in range(8)), "b/9.mid", "b/1.txt", "b/2.txt"], []),
    "a book beside tunes": (["a.mid", "book.epub", "b.txt.gz"], ["b.txt.gz", "book.epub"]),
    "a license of something": (["a.mid", "my-corpus-license.txt", "x_COPYING.txt", "SOURCES.txt"], []),
    "a story of a license": (["a.mid", "a license to sing.txt"], ["a license to sing.txt"]),
    "a readme beside folders of tunes": (["tunes/a.mid", "README.txt"], []),
    "texts with a readme": (["README.txt", "story.txt"], ["README.txt", "story.txt"]),
    "readers and abouts": (["a.mid", "reader.txt", "aboutness.txt"], ["aboutness.txt", "reader.txt"]),
}


def test_a_readme_that_a_shell_named_with_the_tunes(tmp_path):
    tune, about, story = (str(tmp_path / name) for name in ("a.mid", "README.txt", "story.txt"))
    assert sources.split_by_kind([about, tune]) == ([tune], [])
    assert sources.split_by_kind([about, tune, story]) == ([tune], [story])
    assert sources.split_by_kind([about, story]) == ([], [about, story])
    (tmp_path / "a.mid").write_bytes(TUNE)
    (tmp_path / "README.txt").write_text("a tune")
    (refused,) = collected(about, tune).report["refused"]
    assert refused["name"] == about
    assert refused["reason"].startswith("offset 0: is text, not MIDI")


def test_few_texts_are_left_out_wherever_they_are_named(tmp_path, archive, monkeypatch):
    monkeypatch.setattr(sources, "FAR_FEWER", 10)
    for name in [*(f"tunes/{n}.mid" for n in range(20)), "docs/a.txt", "docs/b.txt", "docs/c.txt"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(TUNE if name.endswith(".mid") else b"text")
    tunes, docs, a, b, c = (str(tmp_path / n) for n in ("tunes", "docs", "docs/a.txt", "docs/b.txt", "docs/c.txt"))
    assert sources.split_by_kind([tunes, a, b])[1] == []
    assert sources.split_by_kind([tunes, docs])[1] == [a, b, c]
    assert sources.split_by_kind([archive, a])[1] == [a]  # an archive counts as the tunes in it
    monkeypatch.setattr(sources, "FAR_FEWER", 2)
    assert sources.split_by_kind([archive, a])[1] == []
    report = collected(docs, tunes).report
    (left,) = report["left_out"]
    assert (left["name"], report["pieces"]) == (docs, 20)
    assert left["reason"].startswith("the folder holds no file that ends in .mid")
    with pytest.raises(UserError, match=rf"^{docs}: the folder holds no file that ends in \.mid.*; {a}: is no MIDI"):
        collected(docs)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="empty: the folder holds no file that ends in"):
        collected(tunes, tmp_path / "empty")


@pytest.mark.parametrize(("files", "texts"), MIXED.values(), ids=MIXED)
def test_which_texts_are_about_tunes(tmp_path, files, texts, monkeypatch):
    monkeypatch.setattr(sources, "FAR_FEWER", 10)
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(TUNE if name.endswith(".mid") else b"text")
    music, others = sources.split_by_kind([str(tmp_path)])
    assert [os.path.relpath(path, tmp_path) for path in others] == texts
    assert len(music) == sum(name.endswith(".mid") for name in files)


def test_a_file_name_that_is_not_utf_8(tmp_path):
    try:
        path = os.path.join(os.fsencode(tmp_path), b"caf\xe9.mid")
        with open(path, "wb") as stream:
            stream.write(TUNE)
    except OSError:
        pytest.skip("this file system holds only names in UTF-8")
    collection = collected(tmp_path)
    assert [piece.name for piece in collection.pieces] == ["caf\udce9.mid"]
    out = str(tmp_path / "out.words")
    wordfile.write_word_file(out, collection.settings, collection.pieces, collection.report)
    assert wordfile.load_words(out)[1] == collection.pieces


def test_links_that_lead_nowhere_and_folders_that_are_none(tmp_path):
    (tmp_path / "a.mid").write_bytes(TUNE)
    (tmp_path / "b.mid").symlink_to(tmp_path / "none.mid")
    (tmp_path / "c.mid").mkdir()
    report = collected(tmp_path).report
    assert [(os.path.basename(item["name"]), item["reason"]) for item in report["refused"]] == [
        ("b.mid", "no such file")
    ]
    with pytest.raises(UserError, match=r"b\.mid: no such file or folder"):
        collected(tmp_path / "b.mid")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.mid")
    with pytest.raises(UserError, match=r"pipe\.mid: cannot be read: it is a device or a pipe, not a file"):
        collected(tmp_path / "pipe.mid")
    with pytest.raises(UserError, match=r"no file that ends in .*pipe\.mid: is a pipe, a socket or a device"):
        collected(tmp_path)
    (tmp_path / "a.mid").write_bytes(TUNE)
    (left,) = collected(tmp_path).report["left_out"]
    assert left == {"name": str(tmp_path / "pipe.mid"), "reason": "is a pipe, a socket or a device: passed over"}
    assert not sources.is_zip(str(tmp_path / "pipe.mid"))


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    (tmp_path / "a.mid").write_bytes(TUNE)
    (tmp_path / "locked").mkdir()
    real = os.scandir

    def scandir(path):
        if os.path.basename(path) == "locked":
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    reason = "cannot be read: Permission denied: passed over"
    assert collected(tmp_path).report["left_out"] == [{"name": str(tmp_path / "locked"), "reason": reason}]
    with pytest.raises(UserError, match=f"the folder holds no file that ends in .*locked: {reason}"):
        collected(tmp_path / "locked")
