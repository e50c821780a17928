"""What Python code is warned of: what a training leaves out of its corpus, and what is too little."""

import warnings

import pytest

import tsuzuri
from tests.api.conftest import SMALL, TEXT
from tsuzuri.api.arguments import warn
from tsuzuri.api.novelty import gave_way_line


def test_a_file_that_is_left_out_and_words_that_are_not_known_are_warned_of(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text(TEXT)
    (tmp_path / "texts" / "b.txt").write_bytes(bytes(range(32)) * 9)
    events, options = [], SMALL | {"vocab_size": 3, "epoch": 1}
    with pytest.warns(UserWarning, match="^(skipped|warning) ") as caught:
        tsuzuri.train(tmp_path / "texts", tmp_path / "run", callback=events.append, **options)
    lines = [str(warning.message) for warning in caught]
    assert any(line.startswith(f"skipped {tmp_path}/texts/b.txt: ") for line in lines)
    assert any("of the validation words are unknown" in line and "--" not in line for line in lines)
    assert {warning.filename for warning in caught} == {__file__}
    assert [" ".join(event.text.split()) for event in events if event.kind == "warning"] == lines


def test_a_good_corpus_is_not_warned_of(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tsuzuri.train(texts=[TEXT * 4], out=tmp_path / "run", **SMALL | {"epoch": 1})


def test_a_remark_names_options_as_python_does():
    with pytest.warns(UserWarning, match=r"^max_copy=3 gave way at 2 words: no other could follow$"):
        warn(gave_way_line(3, 2))
