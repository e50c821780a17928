"""New tunes: where they are written, how long they are, what they go on from, and that they can be played."""

import json
import os
import unicodedata

import mido
import numpy
import pytest

from tests.cli.music import TUNES, parsed, strikes
from tests.conftest import refused
from tests.training import create_run
from tsuzuri.compat import chainer
from tsuzuri.midi import export
from tsuzuri.midi.file import smf
from tsuzuri.midi.words import codec, wordfile
from tsuzuri.midi.words.convert import PieceWords
from tsuzuri.midi.words.settings import Settings
from tsuzuri.models import rnn
from tsuzuri.text import vocabulary
from tsuzuri.training.schemas import LanguageModelRecipe


def test_a_tune(folk, script, tmp_path):
    process = script("generate.py", folk[0], "-o", tmp_path / "tune.mid", "--bars", 4, "--plot", "--wav")
    assert process.returncode == 0, process.stderr
    assert parsed(tmp_path / "tune.mid").length > 0
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".mid", ".png", ".wav"]


def test_the_same_seed_the_same_tune(folk, command, tmp_path):
    usual = ("--temperature", 1, "--top-p", 1)  # what music is drawn with by default
    for name, seed, *cuts in (("a", 1), ("b", 1, *usual), ("c", 2), ("d", 1, *usual[:2], "--top-p", 0.5)):
        command("generate.py", folk[0], "-o", tmp_path / f"{name}.mid", "--seed", seed, "--bars", 8, *cuts)
    a, b, c, d = ((tmp_path / f"{name}.mid").read_bytes() for name in "abcd")
    assert a == b
    assert a not in (c, d)


def test_a_midi_file_is_written_where_it_was_asked_for(folk, command, tmp_path):
    (tmp_path / "keep.mid").write_text("precious")
    process = command("generate.py", folk[0], "-o", tmp_path / "keep.midi", "--bars", 2, "--plot")
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "keep.mid").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keep.mid", "keep.midi", "keep.png"]
    parsed(tmp_path / "keep.midi")


def test_many_pieces_into_a_folder(folk, command, tmp_path):
    process = command(
        "generate.py", folk[0], "-n", 5, "-o", tmp_path / "out", "--bars", 2, "--tempo", 90, "--program", 40
    )
    assert process.returncode == 0, process.stderr
    files = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in files] == [f"tune-{n}.mid" for n in range(1, 6)]
    for path in files:
        (track,) = parsed(path).tracks
        assert [round(60e6 / m.tempo) for m in track if m.type == "set_tempo"] == [90]
        assert [m.program for m in track if m.type == "program_change"] == [40]


def test_bars_seconds_and_words(folk, command, tmp_path):
    midi = json.loads((folk[0] / "run.json").read_text())["corpus"]["report"]["midi"]
    bar = 4 * 480 * midi["meter"][0] // midi["meter"][1]
    command("generate.py", folk[0], "-o", tmp_path / "a.mid", "--bars", 8, "--seed", 1)
    assert 7 * bar < sum(m.time for m in parsed(tmp_path / "a.mid").tracks[0]) <= 8 * bar
    command("generate.py", folk[0], "-o", tmp_path / "b.mid", "--seconds", 5, "--tempo", 100, "--seed", 1)
    assert parsed(tmp_path / "b.mid").length == pytest.approx(5.0, abs=0.5)
    out = command("generate.py", folk[0], "--words", "--length", 40, "--seed", 1).stdout
    assert 40 <= len(out.split()) < 60  # the notes that sounded are ended
    _, faults = codec.decode_events(out.split(), 480)
    assert faults == []


def test_a_piece_goes_on_from_a_midi_file(folk, command, tmp_path):
    intro = sorted(TUNES.glob("*.mid"))[1]
    process = command("generate.py", folk[0], "-p", intro, "-o", tmp_path / "t.mid", "--bars", 4, "--seed", 1)
    assert process.returncode == 0, process.stderr
    prime, whole = strikes(intro), strikes(tmp_path / "t.mid")
    assert [m.note for m in whole[: len(prime)]] == [m.note for m in prime]
    assert len(whole) > len(prime)
    tempo = [m.tempo for m in mido.MidiFile(intro).tracks[0] if m.type == "set_tempo"]
    assert [m.tempo for m in parsed(tmp_path / "t.mid").tracks[0] if m.type == "set_tempo"] == tempo[:1]


def test_a_piece_goes_on_from_words(folk, command, tmp_path):
    known = next(word for word in vocabulary.load_vocabulary(folk[0] / "vocabulary.txt").words if "_90_" in word)
    process = command("generate.py", folk[0], known, "--words", "--seed", 1, "-o", tmp_path / "a.words", "--length", 6)
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "a.words").read_text().split()[0] == known
    assert wordfile.load_words(str(tmp_path / "a.words"))[0].grid == 24
    longer = command("generate.py", folk[0], "-p", tmp_path / "a.words", "--words", "--seed", 1, "--length", 4)
    assert longer.stdout.startswith((tmp_path / "a.words").read_text().strip())


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["00_90_0150"], "00_90_0150: not a known word;"),
        (["00_80_3c00"], "word 1 to begin with, '00_80_3c00', releases key 60 of channel 1, which does not sound"),
        (["none.mid"], "none.mid: no such file"),
        (["none"], "'none', is not delta_status_data in hex, such as 00_90_4050; and there is no such file"),
        (["README.md"], "README.md: offset 0: is text, not MIDI"),
        (["--sentences", "3"], "--sentences: is for text, and "),
        (["--program", "128"], "128 is out of range: must be in range 0..127"),
        (["--tempo", "0"], "0 is out of range: must be 4 to 1000 quarter notes a minute"),
        (["-n", "3", "-o", "a.mid"], "a.mid: a MIDI file cannot hold 3 pieces: name a folder for several"),
        (["--words", "-o", "a.mid"], "a.mid: a MIDI file cannot hold words: name a file that ends in .words"),
        (["-o", "a.txt"], "a.txt: MIDI is written to a file that ends in .mid, or to a folder"),
        (["--bars", "2", "--seconds", "3"], "--bars and --seconds: give one of --length, --bars and --seconds"),
        (["--plot", "--words"], "--plot needs a MIDI file: name one with -o/--out, without --words"),
        (["--wav", "--words", "-o", "a.words"], "--wav needs a MIDI file"),
        (["--soundfont", "a.sf2", "-o", "a.mid"], "--soundfont needs --wav"),
        (["--soundfont", "a.sf2", "--wav", "-o", "a.mid"], "a "),
        (["--seconds", "1e300"], "1e300 is out of range: must be 0.1 or more, at most 86400"),
    ],
)
def test_what_generate_refuses(folk, command, args, reason):
    assert reason in refused(command("generate.py", folk[0], *args))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("division", 0), ("division", "480"), ("tempo", 0), ("tempo", None), ("meter", [4]), ("meter", [4, 3]),
        ("programs", [[0, 128]]), ("programs", 7), ("voices", [1] * 15), ("voices", [0] * 16), ("settings", {}),
    ],
)  # fmt: skip
def test_a_damaged_description_of_music_is_refused(folk, command, tmp_path, field, value):
    for name in ("run.json", "vocabulary.txt"):
        (tmp_path / name).write_bytes((folk[0] / name).read_bytes())
    about = json.loads((tmp_path / "run.json").read_text())
    about["corpus"]["report"]["midi"][field] = value
    (tmp_path / "run.json").write_text(json.dumps(about))
    line = refused(command("generate.py", tmp_path))
    assert "run.json: damaged, or not a run of this program: " in line
    assert field in line or "settings" in line


def struck_and_released(channel, key):
    return [0x90 | channel, key, 80], [0x80 | channel, key, 0]


@pytest.mark.parametrize("form", ["events", "notes"])
def test_a_poor_model_at_a_high_temperature_writes_legal_files(tmp_path, command, form):
    """A model that has learned nothing, on words of every kind: whatever it draws can be played."""
    words = ["00_b0_407f", "60_b0_4000", "00_c0_05", "00_e0_0040", "60_ff_2f", "00_ff_510f4240"]
    for channel in (0, 9):
        for key in (36, 60, 64, 67):
            for delta in (0, 60, 480):
                two = [codec.encode_word(delta, bytes(message)) for message in struck_and_released(channel, key)]
                words += [f"{two[0]}_{length}" for length in ("60", "8360")] if form == "notes" else two
    known = vocabulary.Vocabulary([*vocabulary.SPECIAL, *words])
    midi = {
        "division": 480,
        "tempo": 500_000,
        "meter": [4, 4],
        "programs": [[0, 5]],
        "voices": [3] * 16,
        "settings": vars(Settings("all", "all", words=form)),
    }
    about = {
        "kind": "music", "tokens": "midi", "dictionary": "",
        "sizes": {"words": len(known), "units": 8, "dropout": 0.5, "dropout_on": "layers"},
        "recipe": vars(LanguageModelRecipe()),
        "corpus": {"corpus": [], "valid": [], "test": [], "min_count": 1, "vocab_size": None, "fingerprint": "",
                   "midi": midi["settings"], "report": {"midi": midi}},
    }  # fmt: skip
    run = create_run(tmp_path / "run", about, known)
    with chainer.using_config("train", False):
        run.save_best(rnn.RNN(run.sizes, numpy.random.default_rng(0)))
    options = ("-n", 50, "--temperature", 2, "--length", 150, "--max-note", 1)
    process = command("generate.py", tmp_path / "run", *options, "-o", tmp_path / "out")
    assert process.returncode == 0, process.stderr
    files = list((tmp_path / "out").iterdir())
    assert len(files) == 50
    for path in files:
        parsed(path)
        file = smf.read_smf(path.read_bytes(), strict=True)
        pedals = [m for _, m in file.tracks[0].events() if m[:2] == b"\xb0\x40"]
        assert not pedals or pedals[-1][2] < 64
        score = export.score_of_file(path.read_bytes())
        assert max(note.end - note.start for note in score.notes) <= 4 * 480

    options = (
        "-n",
        20,
        "--temperature",
        2,
        "--seconds",
        5,
        "--tempo",
        100,
        "--seed",
        1,
    )  # whatever tempo the words have
    assert command("generate.py", tmp_path / "run", *options, "-o", tmp_path / "timed").returncode == 0
    assert all(4 < parsed(path).length < 5.01 for path in (tmp_path / "timed").iterdir())


def test_a_piece_has_a_name_fit_for_a_file():
    names = ["a/b.mid", "a-b.mid", "..", "ä ö.mid", "A-B.mid", "x" * 300]
    stems = export.file_stems([PieceWords(name, [], 480, 500_000, (4, 4)) for name in names])
    assert stems == ["a-b", "a-b-2", "piece", "ä ö", "A-B-3", "x" * 100]


@pytest.mark.parametrize(
    "names",
    [
        ["春" * 84] * 12,
        ["\U00020bb7" * 70] * 3,  # four bytes each
        ["é" * 150, "e\u0301" * 150],
        ["a" * 99 + "\udcff", "\udcff\udcfe"],
        ["ẞtraße", "SStrasse"],
        [("の" * 66 + "." * 40), ". . ."],
    ],
)
def test_names_of_files_fit_and_differ_before_anything_is_written(tmp_path, names):
    pieces = [PieceWords(f"{name}.mid", [], 480, 500_000, (4, 4)) for name in names]
    paths = export.output_paths(str(tmp_path), pieces)
    for path in paths:
        assert len(os.fsencode(os.path.basename(path))) < 220
        with open(path, "xb"):
            pass
    assert len({unicodedata.normalize("NFC", path).casefold() for path in paths}) == len(names)


def test_the_name_of_a_run_may_be_as_long_as_a_name_can_be(tmp_path):
    path = export.default_output(str(tmp_path / ("綴" * 85)), 2**32 - 1, 1)
    assert path.startswith("綴" * 60)
    (tmp_path / path).touch()
