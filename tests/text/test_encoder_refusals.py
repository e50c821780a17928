"""What cannot be encoded is refused in one line, and a limit of memory is what may be taken."""

import pytest

from tests.text.encoded import CATS
from tsuzuri.errors import UserError
from tsuzuri.text import encoders


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (lambda: encoders.ngrams("abc", 0), "n 0: must be 1 or more"),
        (lambda: encoders.hashing_trick("abc", 1), r"n 1: hashed ids .* n in range 2..2147483648"),
        (lambda: encoders.hashing_trick("abc", 2**31 + 1), "n 2147483649: hashed ids"),
        (lambda: encoders.pad_sequences([], padding="left"), "padding 'left': must be one of pre, post"),
        (lambda: encoders.pad_sequences([], truncating="left"), "truncating 'left': must be one of pre, post"),
        (lambda: encoders.pad_sequences([], maxlen=-1), "maxlen -1: must be 0 or more"),
        (lambda: encoders.pad_sequences([[1, 2]], limit=7), "dense array of 1 x 2 takes 8 bytes; at most 7.*maxlen"),
        (lambda: encoders.pad_sequences([[1], [1.7, 2]]), r"ids \[1.7, 2.0\]: must be whole numbers, .* type float64"),
        (lambda: encoders.pad_sequences([[2, 1.7]], maxlen=0), "must be whole numbers"),
        (lambda: encoders.one_hot([[1.7, 2]], 4), r"ids \[1.7, 2.0\]: must be whole numbers"),
        (lambda: encoders.sequences_to_matrix([[], [0.5] * 99], 4), r"ids \[0.5, .*\.\.\.\]: must be whole numbers"),
        (lambda: encoders.sequences_to_matrix([["a"]], 4), r"ids \['a'\]: must be whole numbers"),
        (lambda: encoders.one_hot([[4]], 4), r"id 4: ids must be in range 0..3"),
        (lambda: encoders.one_hot([[0, -1]], 4), r"id -1: ids must be in range 0..3"),
        (lambda: encoders.one_hot([[3, 3]], 4, limit=31), "dense array of 2 x 4 takes 32 bytes; .*sparse=True"),
        (lambda: encoders.sequences_to_matrix([[1], [4]], 4), r"id 4: ids must be in range 0..3"),
        (lambda: encoders.sequences_to_matrix([], 4, "multi"), "mode 'multi': must be one of binary, count, freq, tf"),
        (lambda: encoders.sequences_to_matrix([], 4, "tfidf"), "mode tfidf: idf must be one number for each of the 4"),
        (lambda: encoders.sequences_to_matrix([], 4, "tfidf", [1]), "mode tfidf: idf must be one number for each"),
        (lambda: encoders.sequences_to_matrix([[1]], 8, limit=31), "of 1 x 8 takes 32 bytes; at most 31 .*sparse=True"),
        (lambda: encoders.Bag(["ab"]).texts_to_matrix(["a"], limit=15), "of 1 x 4 takes 16 bytes; at most 15 "),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(call, wanted):
    with pytest.raises(UserError, match=wanted) as raised:
        call()
    assert "\n" not in str(raised.value)


def test_a_limit_is_what_may_be_taken():
    assert encoders.sequences_to_matrix([[1]], 8, limit=32).nbytes == 32
    assert encoders.one_hot([[3, 3]], 4, limit=32).nbytes == 32
    assert encoders.pad_sequences([[1, 2]], limit=8).nbytes == 8
    assert encoders.Bag(CATS).texts_to_matrix(CATS[:1], limit=36).nbytes == 36
