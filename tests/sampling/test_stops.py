"""Stop texts end a text wherever its pieces begin and end."""

import pytest

from tsuzuri.sampling.stops import StopTexts


def taken(pieces, stops):
    found = StopTexts(stops)
    parts = []
    for piece in pieces:
        parts.append(found.take(piece))
        if found.over:
            break
    return "".join([*parts, found.finish()])


@pytest.mark.parametrize("stops", [[], ["ab"], ["aab", "ba"], ["cc", "abcab"], ["c"], ["bbbbb"]])
def test_a_text_ends_before_the_first_of_them(rng, stops):
    for _ in range(200):
        pieces = ["".join(rng.choice(list("abc"), rng.integers(1, 4))) for _ in range(rng.integers(0, 12))]
        text = "".join(pieces)
        wanted, end = text, ""
        for piece in pieces:  # as much is read as is needed
            end += piece
            places = [end.find(stop) for stop in stops if stop in end]
            if places:
                wanted = end[: min(places)]
                break
        assert taken(pieces, stops) == wanted


def test_only_what_may_begin_a_stop_text_is_held_back():
    stops = StopTexts(["END."])
    pieces = "an E", "N", "ough", " E", "ND", ". x"
    assert [stops.take(piece) for piece in pieces] == ["an ", "", "ENough", " ", "", ""]
    assert stops.over
    assert stops.finish() == ""
