"""Which word gets which row, and what is drawn for the others."""

import numpy
import pytest

from tests.text.vector_samples import glove, read
from tsuzuri.text import vector_files, vectors


def test_the_first_of_equal_words_counts_and_the_word_itself_before_its_lower_case(tmp_path):
    lines = b"the 1 1\ncat 2 2\nthe 3 3\nThe 4 4\nTHE 5 5\ncat 6 6\n"
    (tmp_path / "v").write_bytes(lines)
    loaded = read(tmp_path / "v", "the", "The", "Cat", "CAT", "cat", "THe")
    assert loaded.rows[2:, 0].tolist() == [1, 4, 2, 2, 2, 1]
    assert loaded.total == 6
    (tmp_path / "v").write_bytes(b"".join(reversed(lines.splitlines(keepends=True))))
    assert read(tmp_path / "v", "the", "The", "Cat").rows[2:, 0].tolist() == [3, 4, 6]


@pytest.mark.parametrize(
    ("lines", "eos", "unk"),
    [
        (b"</s> 2 2\nUNK 3 3\n", 2, 3),
        (b"</s> 2 2\n<eos> 4 4\nUNK 3 3\n<unk> 5 5\n", 4, 5),
        (b"<eos> 4 4\n</s> 2 2\n<unk> 5 5\nUNK 3 3\n", 4, 5),
    ],
)
def test_what_stands_for_the_special_words(tmp_path, lines, eos, unk):
    (tmp_path / "v").write_bytes(b"the 1 1\n" + lines)
    loaded = read(tmp_path / "v", "the")
    assert loaded.rows[:, 0].tolist() == [eos, unk, 1]
    assert loaded.known.all()


def test_missing_rows_are_drawn_like_the_others(tmp_path, rng):
    """By dimension: a mean of 4 in the first only, and deviations from 0 to 2."""
    known = (rng.normal(size=(500, 5)) * [1, 0, 0.1, 2, 1] + [4, 1, 0, 0, -1]).astype("f")
    (tmp_path / "v").write_bytes(glove({f"w{n}": row for n, row in enumerate(known)}))
    words = [f"w{n}" for n in range(500)] + [f"x{n}" for n in range(4000)]
    drawn = read(tmp_path / "v", *words, seed=1)
    missing = drawn.rows[~drawn.known]
    assert len(missing) == 4002
    assert abs(missing.mean(0) - known.mean(0)) == pytest.approx(0, abs=0.16)  # 5 deviations of the mean of 4,002
    assert missing.std(0) == pytest.approx(known.std(0), rel=0.06)
    assert numpy.array_equal(read(tmp_path / "v", *words, seed=1).rows, drawn.rows)
    assert not numpy.array_equal(read(tmp_path / "v", *words, seed=2).rows, drawn.rows)


@pytest.mark.parametrize("words", [["w"], ["w", "W"]])
def test_where_the_rows_found_do_not_differ_the_others_still_do(tmp_path, rng, words):
    row = (rng.normal(size=300) * 2 + 1).astype("f")
    (tmp_path / "v").write_bytes(glove({"w": row}))
    drawn = read(tmp_path / "v", *words, *(f"x{n}" for n in range(50)))
    missing = drawn.rows[~drawn.known]
    assert len(missing) == 52
    assert missing.std(0).mean() == pytest.approx(row.std(), rel=0.05)
    assert abs(missing.mean(0) - row).max() < 6 * row.std() / 52**0.5


def test_how_much_of_the_text_they_know(tmp_path):
    (tmp_path / "v").write_bytes(b"the 1 1\ncat 2 2\nUNK 3 3\n</s> 3 3\nbird 4 4\n")
    loaded = read(tmp_path / "v", "the", "cat", "dog")
    about = vectors.vectors_report(str(tmp_path / "v"), loaded, numpy.array([2, 3, 0, 2, 4, 1, 0, 2], "i"))
    assert about == {
        "file": str(tmp_path / "v"),
        "form": vector_files.GLOVE,
        "total": 5,
        "width": 2,
        "found": 2,
        "of": 3,
        "share": 4 / 6,
    }
    summary = "5 of 2 numbers (GloVe text): 2 of 3 words found (66.7%; 66.7% of the text), the others drawn like them"
    assert vectors.vectors_summary(about) == summary
