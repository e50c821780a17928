"""Texts that are in a corpus twice, or on both sides of a split, and lines that are."""

import os
import zipfile

import numpy
import pytest

from tsuzuri.data.corpus import build_text_corpus
from tsuzuri.data.duplicates import line_key, share_of_known, text_digest
from tsuzuri.errors import UserError
from tsuzuri.text.settings import TextSettings

SPACE = TextSettings(tokens="space")


def text(name, count=30):
    return "\n".join(f"{name} has a line of its own that is number {n}" for n in range(count)) + "\n"


def corpus_of(*paths, settings=SPACE, **others):
    return build_text_corpus([str(path) for path in paths], settings=settings, **others)


@pytest.fixture
def folder(tmp_path):
    """Five texts, three of them the same: beside a link and a hard link, in an archive, and in other bytes."""
    (tmp_path / "a.txt").write_text(text("alpha"))
    (tmp_path / "b.txt").write_text(text("beta"))
    os.link(tmp_path / "a.txt", tmp_path / "c.txt")
    (tmp_path / "d.txt").symlink_to(tmp_path / "a.txt")
    (tmp_path / "e.txt").write_bytes(text("alpha").encode("utf-16").replace(b"\n\0", b"\r\0\n\0"))
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        archive.writestr("a.txt", text("alpha"))
        archive.writestr("g.txt", text("gamma"))
    return tmp_path


def test_a_text_is_learnt_once(folder):
    corpus = corpus_of(folder)
    names = {
        os.path.relpath(item["name"], folder): os.path.relpath(item["same_as"], folder)
        for item in corpus.report["repeated"]
    }
    assert names == dict.fromkeys(["c.txt", "d.txt", "e.txt", os.path.join("f.zip", "a.txt")], "a.txt")
    assert corpus.report["pieces"] == 90
    assert corpus.report["files"] == {"plain": 3, "aozora": 0, "gutenberg": 0}
    assert sum(corpus.report["words"].values()) == 90 * 12


def test_a_file_named_twice(folder):
    once, twice = corpus_of(folder / "a.txt"), corpus_of(folder / "a.txt", folder / "a.txt", folder / "c.txt")
    assert once.fingerprint() == twice.fingerprint()
    assert len(twice.report["repeated"]) == 2


def test_runs_from_before_keep_all(folder):
    before = corpus_of(folder, settings=TextSettings(tokens="space", lines="drop"))
    assert before.report["pieces"] == 7 * 30
    assert before.report["repeated"] == before.report["evaluated"] == []


@pytest.mark.parametrize("option", ["valid", "test"])
def test_what_is_evaluated_is_not_trained_on(folder, option):
    corpus = corpus_of(folder, **{option: [str(folder / "c.txt")]})
    assert corpus.report["evaluated"] == [{"name": str(folder / "a.txt"), "same_as": str(folder / "c.txt")}]
    assert corpus.report["pieces"] == 60
    assert "alpha" not in corpus.vocabulary.ids
    assert {"beta", "gamma"} <= corpus.vocabulary.ids.keys()
    assert len(getattr(corpus, option)) == 30 * 12


def test_nothing_is_left_to_train_on(folder):
    a = str(folder / "a.txt")
    with pytest.raises(UserError, match=r"^\S*a\.txt: no text is left to train on: all are in --valid or --test too$"):
        corpus_of(a, valid=[a])
    with pytest.raises(UserError, match="no text is left"):
        corpus_of(a, folder / "b.txt", valid=[str(folder / "b.txt")], test=[a])


def test_lines_of_validation_that_are_trained_on(tmp_path):
    (tmp_path / "twice.txt").write_text(text("a", 100) * 2)
    assert corpus_of(tmp_path / "twice.txt").report["known_lines"] == {"valid": 1.0, "test": 1.0}
    (tmp_path / "once.txt").write_text(text("a", 100))
    assert corpus_of(tmp_path / "once.txt").report["known_lines"] == {"valid": 0.0, "test": 0.0}
    # of the hundred lines those five that the test text took are not trained on
    own = corpus_of(tmp_path / "once.txt", valid=[str(tmp_path / "twice.txt")])
    assert own.report["known_lines"] == {"valid": 0.95, "test": 0.0}


def test_digests_and_keys():
    long = "a line of more than thirty characters"
    assert text_digest([long, "", "b"]) == text_digest([f" {long}", "b "])
    assert text_digest([long, "b"]) != text_digest([f"{long}b"])
    assert text_digest(["b"]) is None
    assert line_key(long) == line_key(f"{long} ") != 0
    assert line_key("refrain") == 0
    keys = numpy.array([0, 5, 6, 7, 8])
    assert share_of_known(keys, numpy.array([0, 5, 6])) == 0.5
    assert share_of_known(keys[:3], numpy.array([5, 6])) == 0, "two lines say nothing"
