"""Texts of MIDI files are read in the encoding that they were written in."""

import pytest

from tsuzuri.midi.file import smf
from tsuzuri.midi.file.text import decode_midi_text


@pytest.mark.parametrize(
    ("encoding", "wanted"),
    [
        *(("utf-8", text) for text in ["Für Elise", "é", "山", "카", "Вальс", "Dvořák", "ショパン", "Noël – Étude"]),
        *(("cp932", text) for text in ["ベートーベン　交響曲第７番", "荒城の月", "月光", "ピアノ右手", "ﾋﾟｱﾉ", "ﾄﾞﾗﾑ"]),
        *(("gbk", text) for text in ["音轨1", "明", "山", "朝", "月亮代表我的心", "钢琴", "茉莉花", "二泉映月"]),
        *(("euc-kr", text) for text in ["아리랑", "사랑", "빛날 세라 영웅", "피아노", "고향의 봄"]),
        *(("latin-1", text) for text in ["Für Elise", "Copyright © 2000", "Synthé'", "Grüße", "São João", "Étude"]),
        ("cp1252", "L’été"),
    ],
)
def test_text_in_its_encoding(encoding, wanted):
    assert decode_midi_text(wanted.encode(encoding)) == wanted


def test_text_is_safe_on_a_terminal(rng):
    assert decode_midi_text(b"a\x1b[31m\nb\r\x07\0") == "a [31m b"
    for length in [0, 1, *rng.integers(2, 50, 500)]:
        shown = decode_midi_text(rng.bytes(length))
        assert all(c.isprintable() or c == "\u3000" for c in shown)


def test_text_of_real_files(shared):
    def texts(name):
        for track in smf.read_smf((shared / "midi_edge_music21" / name).read_bytes()).tracks:
            for k, payload in track.payloads.items():
                if not payload.isascii() and 1 <= track.messages[k, 1] <= 9:
                    yield decode_midi_text(payload)

    assert "ベートーベン　交響曲第７番　第２楽章" in set(texts("test04.mid"))
    assert {"音轨1", "明", "山", "钟", "海", "天"} <= set(texts("test18.mid")) & set(texts("test19.mid"))
    assert {"빛", "날", "다"} <= set(texts("test20.mid"))
