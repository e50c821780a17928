"""One wording for a file that is not there, whoever was to read it; memory that is not there is told in one line."""

import pytest

from tsuzuri import storage
from tsuzuri.api.midi_files import read_midi
from tsuzuri.data import labeled
from tsuzuri.errors import UserError, enough_memory, read_failure
from tsuzuri.midi.words import wordfile
from tsuzuri.text import vocabulary
from tsuzuri.text.vector_files import open_vectors


def test_why_a_file_cannot_be_read():
    assert read_failure(FileNotFoundError(2, "No such file or directory")) == "no such file"
    assert read_failure(PermissionError(13, "Permission denied")) == "cannot be read: Permission denied"
    assert read_failure(OSError("odd")) == "cannot be read: odd"
    assert read_failure(ValueError("bad bytes")) == "cannot be read: bad bytes"


READERS = {
    "arrays": storage.load_npz,
    "words": wordfile.load_words,
    "vocabulary": vocabulary.load_vocabulary,
    "MIDI": read_midi,
    "examples": lambda path: labeled.read_labeled([path]),
    "vectors": lambda path: open_vectors(path).__enter__(),
}


@pytest.mark.parametrize("kind", READERS)
def test_a_missing_file_is_no_such_file(kind, tmp_path):
    path = str(tmp_path / "none")
    with pytest.raises(UserError) as caught:
        READERS[kind](path)
    assert str(caught.value) == f"{path}: no such file"


def test_a_memory_error_says_what_the_memory_was_for():
    needed_for = "--unit 9: a smaller one takes less"
    with pytest.raises(UserError, match=f"^not enough memory for {needed_for}$"), enough_memory(needed_for):
        raise MemoryError


def test_other_errors_stay_what_they_are():
    with pytest.raises(KeyError), enough_memory("it"):
        raise KeyError
