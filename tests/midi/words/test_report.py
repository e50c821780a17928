"""What a report says of parts, rests and controls, and the hint at all parts."""

import dataclasses

import pytest

from tests.midi.words.tunes import midi
from tsuzuri.midi.words import collect, report, wordfile
from tsuzuri.midi.words.settings import Settings

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def played(channel, keys, start=0, step=120):
    times = [(start + step * n, key) for n, key in enumerate(keys)]
    return "\n".join(f"{t} 9{channel:x} {key:02x} 50\n{t + 60} 8{channel:x} {key:02x} 00" for t, key in times)


@pytest.fixture
def band(tmp_path):
    """A folder of a tune over a bass and drums, with four bars of rest before it, and of a tune alone."""
    lead = "0 ff 03 4c656164\n0 c2 1d\n" + "\n".join(f"{7680 + n} b2 07 {n % 128:02x}" for n in range(100))
    lead += "\n" + played(2, SCALE * 4, 7680)
    (tmp_path / "a.mid").write_bytes(midi(played(1, (36, 43) * 20), lead, played(9, (36,) * 90)))
    (tmp_path / "b.mid").write_bytes(midi(played(4, SCALE)))
    return tmp_path


def lines(folder, **settings):
    collection = collect.collect_pieces([str(folder)], Settings(**settings))
    told = [*report.parts_lines(collection.report, collection.settings), *report.chosen_lines(collection.report)]
    return told, report.parts_hint(collection.report, collection.settings)


def test_what_was_taken_and_left_out(band):
    told, hint = lines(band, rests="cut", controls=4, events="channel")
    assert told == [
        "parts    2 of 4: of each file the one with the tune by its skyline (--track)",
        "left out 2 parts, 1 of them drums, 130 notes (76% of all)",
        "rests    4 bars of silence cut from 1 piece (--rests)",
        "controls 99 that are not heard left out of 1 piece (--controls)",
        f"took     {band}/a.mid: track 1, Lead (Overdriven Guitar), channel 3; left out 2 other parts",
    ]
    assert hint.startswith(
        "1 of 2 files have several parts, and one of each is little to learn from, 40 notes: --track all"
    )


def test_a_large_corpus_has_the_shorter_hint(band, monkeypatch):
    monkeypatch.setattr(report, "LEAST_NOTES", 40)
    assert lines(band)[1] == "1 of 2 files have several parts: --track all learns all of them together"


def test_a_track_by_number_is_told_and_all_of_them_are_not(band):
    (band / "b.mid").unlink()
    assert lines(band, track=0)[0][0] == "parts    1 of 3: of each file track 0 (--track)"
    assert lines(band, rules=1)[0][0] == "parts    1 of 3: of each file the track with most notes (--track)"
    assert lines(band, track="all") == ([], "")


def test_notes_below_the_tune_are_told(band):
    beats = range(0, 1920, 240)
    chords = "\n".join(f"{t} 90 {key} 50\n{t + 99} 80 {key} 00" for t in beats for key in (f"{64 + t // 240:x}", "54"))
    (band / "a.mid").write_bytes(midi(chords, played(1, (36, 43) * 8)))
    assert lines(band)[0][1] == "left out 1 part, 16 notes (40% of all), and 8 below the tune in its part"


def test_keys_are_counted_of_words_as_of_the_files_they_were_made_of(tmp_path):
    (tmp_path / "a.mid").write_bytes(midi("0 ff 59 02 00\n" + played(0, [key + 2 for key in SCALE])))
    (tmp_path / "b.mid").write_bytes(midi(played(0, (60, 62, 63, 65, 67, 68, 71, 72, 67, 60))))
    settings = Settings(about=True, transpose=(0, 1))
    files = collect.collect_pieces([str(tmp_path)], settings)
    assert (files.report["keys"]["named"], files.report["keys"]["of"]) == (1, {"D": 1, "Cm": 1})
    path = str(tmp_path / "ab.words")
    wordfile.write_word_file(path, files.settings, files.pieces, files.report)
    words = collect.collect_pieces([path], Settings())
    assert words.report["keys"] == files.report["keys"] | {"named": 0}
    without = dataclasses.replace(settings, about=False)
    wordfile.write_word_file(path, without, files.pieces, files.report)
    assert collect.collect_pieces([path], Settings()).report["keys"] == {}
    both = collect.collect_pieces([str(tmp_path / "a.mid")], settings)
    wordfile.write_word_file(path, both.settings, both.pieces, both.report)
    together = collect.collect_pieces([str(tmp_path)], Settings()).report["keys"]
    assert (together["named"], together["of"]) == (1, {"D": 2, "Cm": 1})


def test_a_report_of_before_has_nothing_to_say():
    assert list(report.parts_lines({}, Settings(rules=1))) == []
    assert report.parts_hint({}, Settings(rules=1)) == ""


def test_a_corpus_too_small_says_that_there_are_more_parts(band, tmp_path):
    from tsuzuri import UserError, train

    with pytest.raises(UserError, match=r"too small: .*; 1 of 2 files have several parts.*track all"):
        train([str(band)], tmp_path / "run", batchsize=64)


def test_counts_of_several_reports_are_those_of_all_files(band):
    settings = Settings(rests="cut", about=True, keys="one")
    each = [collect.collect_pieces([str(band / name)], settings).report for name in ("a.mid", "b.mid")]
    both = collect.collect_pieces([str(band)], settings).report
    added = report.added_counts(each)
    assert added == {name: both[name] for name in added}
    assert added.keys() == report.new_counts().keys()
    assert sum(added["keys"]["of"].values()) == 2
    assert report.added_counts([]) == report.new_counts()


def test_refused_files_are_counted_and_the_first_is_named(band):
    (band / "c.mid").write_bytes(b"MThd")
    (band / "d.mid").write_text("words")
    whole = collect.collect_pieces([str(band)], Settings()).report
    good = collect.collect_pieces([str(band / "a.mid")], Settings()).report
    told = report.refused_hint([good, whole])
    assert told.startswith(f"of 5 files 2 were refused: the first is {band}/c.mid: ")
    (band / "c.mid").unlink()
    one = collect.collect_pieces([str(band)], Settings()).report
    assert report.refused_hint([one]).startswith(f"of 3 files 1 was refused: {band}/d.mid: offset 0: is text")
    assert report.refused_hint([good]) == ""
