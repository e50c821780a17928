"""The commands on music: MIDI to words and back, training, generating. Most run in this process, as it starts fast."""

import json
import os
import re
import shlex
import subprocess
import sys

import mido
import numpy
import pytest

from tests.conftest import ROOT, refused
from tests.training import create_run
from tsuzuri.cli import generate, options, read_midi, train, write_midi
from tsuzuri.compat import chainer
from tsuzuri.data.corpus import build_piece_corpus
from tsuzuri.midi import export
from tsuzuri.midi.file import smf
from tsuzuri.midi.words import codec, wordfile
from tsuzuri.midi.words.convert import PieceWords
from tsuzuri.midi.words.settings import Settings
from tsuzuri.models import rnn
from tsuzuri.options.generate import TABLES as GENERATE
from tsuzuri.options.train import TABLES as TRAIN
from tsuzuri.text import vocabulary
from tsuzuri.training.schemas import LanguageModelRecipe

TUNES = ROOT / "corpus" / "tunes"
SMALL = ("-u", 24, "-b", 4, "-l", 10, "--dropout", 0)
MAINS = {
    "train.py": train.main,
    "generate.py": generate.main,
    "read_midi.py": read_midi.main,
    "write_midi.py": write_midi.main,
}


@pytest.fixture
def command(capsys, monkeypatch):
    """Run a command in this process, through ``options.run`` as its script does; returns what a process would."""
    monkeypatch.chdir(ROOT)

    def run(name, *args):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", [name, *map(str, args)])
        with pytest.raises(SystemExit) as leaving:
            options.run(MAINS[name])
        return subprocess.CompletedProcess(name, leaving.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def folk(tmp_path_factory):
    """A run on the tunes that come with the project, trained for a moment."""
    out = tmp_path_factory.mktemp("music") / "folk"
    command = [sys.executable, ROOT / "train.py", TUNES, "-o", out, "-e", 2, "--lr", 0.01, *SMALL]
    process = subprocess.run([str(c) for c in command], capture_output=True, text=True, encoding="utf-8", timeout=300)
    assert process.returncode == 0, process.stderr
    return out, process


def parsed(path):
    """A file as mido reads it, checked: every note ends, none is of no length, none is struck while it sounds."""
    file = mido.MidiFile(path)
    for track in file.tracks:
        tick, sounding = 0, {}
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                assert (message.channel, message.note) not in sounding
                sounding[message.channel, message.note] = tick
            elif message.type in ("note_on", "note_off"):
                assert sounding.pop((message.channel, message.note)) < tick
        assert not sounding
    return file


def strikes(path):
    return [m for track in mido.MidiFile(path).tracks for m in track if m.type == "note_on" and m.velocity]


# read_midi.py and write_midi.py


def test_there_and_back(script, tmp_path):
    out = tmp_path / "tunes.words"
    process = script("read_midi.py", TUNES, "-o", out, "--events", "all", "--ticks-per-beat", "keep")
    assert process.returncode == 0, process.stderr
    files = sorted(TUNES.glob("*.mid"))
    assert f"read     {len(files)} files: {len(files)} pieces and 0 copies of them" in process.stderr
    assert len(out.read_text().splitlines()) == len(files)
    assert script("write_midi.py", out, "-o", tmp_path / "back").returncode == 0
    back = sorted((tmp_path / "back").iterdir())
    assert [path.name for path in back] == [path.name for path in files]
    for before, after in zip(files, back, strict=True):
        assert [[*m.bytes(), m.time] for m in strikes(before)] == [[*m.bytes(), m.time] for m in strikes(after)]
        assert parsed(after).length == pytest.approx(mido.MidiFile(before).length)


def test_words_go_to_standard_output(command):
    process = command("read_midi.py", TUNES / sorted(TUNES.glob("*.mid"))[0].name)
    assert re.fullmatch(r"([0-9a-f]+_[89]0_[0-9a-f]{4} ?)+\n", process.stdout)


def test_the_report_names_what_was_mended_and_refused(command, tmp_path):
    tune = sorted(TUNES.glob("*.mid"))[0].read_bytes()
    (tmp_path / "cut.mid").write_bytes(tune[:-12])
    (tmp_path / "page.mid").write_bytes(b"<!DOCTYPE html><html><body>404</body></html>")
    process = command("read_midi.py", tmp_path, "-o", tmp_path / "x.words")
    assert process.returncode == 0
    assert re.search(r"^mended   .*cut\.mid: .*offset \d+: ", process.stderr, re.MULTILINE)
    assert re.search(r"^refused  .*page\.mid: offset 0: is HTML, not MIDI", process.stderr, re.MULTILINE)
    strict = refused(command("read_midi.py", tmp_path / "cut.mid", "-o", tmp_path / "y.words", "--strict"))
    assert re.search(r"cut\.mid: offset \d+: ", strict)
    assert not (tmp_path / "y.words").exists()


def test_the_list_of_tracks(command):
    process = command("read_midi.py", "--list", TUNES)
    assert process.returncode == 0
    assert process.stdout.count(": format 0, division 480, 1 tracks") == len(list(TUNES.glob("*.mid")))
    assert re.search(
        r"^ \*  0 +\d+ notes  keys \d+\.\.\d+ +channel 1 +\d+ [A-Z][a-z]+.* +\S", process.stdout, re.MULTILINE
    )


def test_pictures_of_midi_files(command, tmp_path):
    tune = sorted(TUNES.glob("*.mid"))[0]
    (tmp_path / "a.mid").write_bytes(tune.read_bytes())
    assert command("read_midi.py", tmp_path / "a.mid", "--plot").returncode == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    (tmp_path / "b.mid").write_bytes(b"not music")
    assert "nothing to draw: " in refused(command("read_midi.py", tmp_path / "b.mid", "--plot"))


def test_a_single_piece_with_picture_and_sound(command, tmp_path):
    (tmp_path / "mine.words").write_text("00_90_3c50 8360_80_3c00 00_90_4050 8360_80_4000\n")
    process = command("write_midi.py", tmp_path / "mine.words", "-o", tmp_path / "new" / "t.mid", "--plot", "--wav")
    assert process.returncode == 0, process.stderr
    assert parsed(tmp_path / "new" / "t.mid").length == pytest.approx(1.0)
    assert (tmp_path / "new" / "t.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "new" / "t.wav").read_bytes()[:4] == b"RIFF"


def test_words_that_are_not_legal_are_mended_or_refused_with_their_place(command, tmp_path):
    path = tmp_path / "mine.words"
    path.write_text("00_90_3c50 60_80_3c00\n\n00_90_3c50  00_80_4000 10_80_3c00 60_90_4050\n")
    process = command("write_midi.py", path, "-o", tmp_path / "out")
    assert process.returncode == 0
    assert "mended   " + str(path) + ": line 3, column 13: 00_80_4000 releases key 64 of channel 1" in process.stderr
    assert ": line 3, column 35: 60_90_4050 strikes key 64 of channel 1, which never ends" in process.stderr
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == ["mine-1.mid", "mine-2.mid"]
    for file in (tmp_path / "out").iterdir():
        parsed(file)
    line = refused(command("write_midi.py", path, "-o", tmp_path / "strict", "--strict"))
    assert line.endswith("line 3, column 13: 00_80_4000 releases key 64 of channel 1, which does not sound")
    assert not (tmp_path / "strict").exists()


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["read_midi.py"], "no files: name MIDI files or folders of them"),
        (["read_midi.py", "none.mid"], "none.mid: no such file or folder"),
        (["read_midi.py", "README.md"], "README.md: offset 0: is text, not MIDI"),
        (["read_midi.py", "docs"], "docs: the folder holds no file that ends in .mid, .midi"),
        (["read_midi.py", TUNES, "--track", "9"], "has no track 9: must be in range 0..0"),
        (["read_midi.py", TUNES, "--velocities", "200"], "200 is out of range: must be keep, or a number in 1..127"),
        (["read_midi.py", TUNES, "--transpose", "-5..x"], "-5..x is not a range: must be two numbers in -24..24"),
        (["read_midi.py", TUNES, "--stretch", "1,9"], "1,9 is out of range: must be factors in 0.25..4"),
        (["read_midi.py", TUNES, "--stretch", "some"], "some are no factors: must be factors in 0.25..4"),
        (["read_midi.py", TUNES, "-o", ""], "must name a file or a folder, and is empty"),
        (["read_midi.py", "--list", "README.md"], "nothing to list: README.md: offset 0: is text, not MIDI"),
        (["write_midi.py", "README.md"], "name a file of words, and with -o/--out a folder"),
        (["write_midi.py", "none.words", "-o", "x"], "none.words: cannot be read: No such file"),
        (["train.py", "corpus", "-o", "x"], "text and MIDI in one corpus"),
        (["train.py", TUNES, "-o", "x", "--tokens", "char"], "--tokens is for text, and"),
        (["train.py", "corpus/stories", "-o", "x", "--grid", "8"], "--grid is for MIDI, and"),
        (["train.py", TUNES, "-o", "x", "-b", "5000"], "too small"),
    ],
)
def test_what_is_refused(command, args, reason):
    assert reason in refused(command(*args))


def test_illegal_words_are_mended_or_refused_on_reading_too(command, tmp_path):
    path = tmp_path / "mine.words"
    path.write_text("00_90_3c50 60_80_3c00\n00_90_3c50 hello 60_80_3c00\n")
    process = command("read_midi.py", path)
    assert process.stdout == "00_90_3c50 60_80_3c00\n00_90_3c50 60_80_3c00\n"
    assert "mine.words: line 2, word 2: hello is not delta_status_data in hex" in process.stderr
    assert "line 2, word 2: hello" in refused(command("read_midi.py", path, "--strict"))
    line = refused(command("read_midi.py", path, "--grid", 4))
    assert line == f"--grid is for MIDI files: {path} holds words, made already"


def test_output_to_what_is_no_file_is_no_replacement(script, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link.words").symlink_to(tmp_path / "real.words")
    tune = sorted(TUNES.glob("*.mid"))[0]
    with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE) as reader:
        assert script("read_midi.py", tune, "-o", tmp_path / "pipe").returncode == 0
        assert reader.stdout.read().startswith(b"00_90_")
    assert script("read_midi.py", tune, "-o", tmp_path / "link.words").returncode == 0
    names = ["link.words", "link.words.json", "pipe", "real.words"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert (tmp_path / "link.words").is_symlink()
    assert (tmp_path / "real.words").read_text().startswith("00_90_")


def guide_blocks():
    """The (command, output) of each command line in docs/midi.md."""
    blocks = re.findall(r"(?ms)^```\n(\$ .*?)^```$", (ROOT / "docs" / "midi.md").read_text(encoding="utf-8"))
    for line in re.split(r"(?m)^\$ ", "".join(blocks))[1:]:
        command, _, output = line.partition("\n")
        yield command, output


def test_the_guide_shows_real_commands_and_their_output(command, shared, tmp_path, monkeypatch):
    """Those of docs/midi.md: all that read and write MIDI are run; of the others the options are parsed."""
    (tmp_path / "ryan").symlink_to(shared / "midi_ryan" / "midi")
    (tmp_path / "band.mid").symlink_to(shared / "midi_freedoom" / "d_dm01.mid")
    monkeypatch.chdir(tmp_path)
    run = 0
    for line, output in guide_blocks():
        words = shlex.split(line)
        if words[0] != "python":
            done = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)
            assert done.stdout.rstrip() == output.rstrip()
        elif words[1] in ("read_midi.py", "write_midi.py"):
            done = command(*words[1:])
            assert (done.stdout + done.stderr).rstrip() == output.rstrip(), line
            run += 1
        else:
            tables = {"train.py": TRAIN, "generate.py": GENERATE}[words[1]]
            options.Parser("", tables).parse_args(words[2:])
    assert run >= 8


# train.py


def test_training_on_a_folder_of_midi(folk):
    out, process = folk
    count = len(list(TUNES.glob("*.mid")))
    assert f"read     {count} files" in process.stderr
    assert re.search(r"^epoch   2 .* valid loss [\d.]+ [\d.]+ bits a note ", process.stdout, re.MULTILINE)
    assert re.search(r"^test     loss [\d.]+ [\d.]+ bits a note of the best model$", process.stdout, re.MULTILINE)
    about = json.loads((out / "run.json").read_text())
    assert (about["kind"], about["tokens"]) == ("music", "midi")
    midi = about["corpus"]["report"]["midi"]
    assert midi["settings"] == json.loads(json.dumps(vars(Settings(velocities=8, grid=24))))
    assert (midi["division"], midi["files"]) == (480, count)
    assert (out / "loss.png").exists()


def test_bits_a_note_are_those_of_the_loss(folk):
    out, process = folk
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    about = json.loads((out / "run.json").read_text())["corpus"]
    held_out = build_piece_corpus([[words] for words in all_words()], least=1).valid
    strikes = sum("_90_" in vocabulary.load_vocabulary(out / "vocabulary.txt").words[i] for i in held_out)
    assert about["report"]["words"]["valid"] == len(held_out)
    printed = float(re.search(r"epoch   2 .* ([\d.]+) bits a note", process.stdout)[1])
    assert printed == pytest.approx(lines[1]["valid_loss"] * (len(held_out) - 1) / strikes / numpy.log(2), abs=0.006)


def all_words():
    from tsuzuri.midi.words import collect

    return [piece.words for piece in collect.collect_pieces([str(TUNES)], Settings(velocities=8, grid=24)).pieces]


def test_words_train_as_the_midi_that_they_were_made_of_and_resuming_changes_nothing(folk, command, tmp_path):
    """Trained from words, stopped after an epoch and resumed: the same bytes as from MIDI in one go."""
    out, _ = folk
    process = command("read_midi.py", TUNES, "-o", tmp_path / "t.words", "--velocities", 8, "--grid", 24)
    assert process.returncode == 0, process.stderr
    first = command("train.py", tmp_path / "t.words", "-o", tmp_path / "run", "-e", 1, "--lr", 0.01, *SMALL)
    assert first.returncode == 0, first.stderr
    again = command("train.py", "-o", tmp_path / "run", "--resume", "-e", 2)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "run" / "model.npz").read_bytes() == (out / "model.npz").read_bytes()


def transpositions(piece, around=12):
    """The forms that a piece has when it is moved up and down, as sets of its words."""
    events, _ = codec.decode_events(piece, 480)
    for n in range(-around, around + 1):
        yield tuple(codec.encode_events([(t, bytes([m[0], (m[1] + n) % 128, m[2]])) for t, m in events]))


@pytest.mark.parametrize("count", [40, 3, 1])
def test_no_copy_of_a_held_out_piece_is_trained_on(rng, count):
    def tune():
        keys = rng.integers(40, 80, 30).tolist()
        events = [
            (i * 10 + off * 9, bytes([0x80 if off else 0x90, k, 0 if off else 80]))
            for i, k in enumerate(keys)
            for off in (0, 1)
        ]
        return codec.encode_events(events)

    groups = []
    for _ in range(count):
        original = tune()
        copies = [list(form) for form in transpositions(original, 3)]
        groups.append([original, *[copy for copy in copies if copy != original]])
    corpus = build_piece_corpus(groups, least=1, need=2)

    def pieces(ids):
        line, lines = [], []
        for i in ids:
            if i == vocabulary.EOS:
                lines.append(tuple(line))
                line = []
            else:
                line.append(corpus.vocabulary.words[i])
        return lines

    trained = set(pieces(corpus.train))
    held_out = pieces(corpus.valid) + pieces(corpus.test)
    assert len(held_out) == 2 * max(1, round(0.05 * count))
    for piece in held_out:
        if vocabulary.SPECIAL[vocabulary.UNK] not in piece:
            assert not trained & set(transpositions(list(piece)))
    if count > 2:
        assert len(trained) == 7 * (count - len(held_out))
    else:  # the end of the piece is held out, and that of its copies with it
        assert {len(piece) for piece in trained} == {54}


def test_pieces_that_are_there_twice_count_once():
    piece, other, third = (["00_90_3c50", f"{n:02x}_80_3c00"] for n in (16, 32, 48))
    corpus = build_piece_corpus([[piece], [other], [piece], [third]])
    assert corpus.report["twice"] == 1
    assert corpus.report["pieces"] == 3


def test_files_to_validate_on_are_not_trained_on(command, tmp_path):
    first = sorted(TUNES.glob("*.mid"))[0]
    process = command("train.py", TUNES, "--valid", first, "--test", first, "-o", tmp_path / "r", "-e", 1, *SMALL)
    assert process.returncode == 0, process.stderr
    report = json.loads((tmp_path / "r" / "run.json").read_text())["corpus"]["report"]
    assert report["words"]["valid"] == len(all_words()[0]) + 1
    assert report["words"]["train"] == sum(len(piece) + 1 for piece in all_words()[1:])


# generate.py


def test_a_tune(folk, script, tmp_path):
    process = script("generate.py", folk[0], "-o", tmp_path / "tune.mid", "--bars", 4, "--plot", "--wav")
    assert process.returncode == 0, process.stderr
    assert parsed(tmp_path / "tune.mid").length > 0
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".mid", ".png", ".wav"]


def test_the_same_seed_the_same_tune(folk, command, tmp_path):
    usual = ("--temperature", 0.9, "--top-p", 0.95)  # what music is drawn with by default
    for name, seed, *cuts in (("a", 1), ("b", 1, *usual), ("c", 2), ("d", 1, *usual[:2], "--top-p", 1)):
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


def test_what_cannot_be_played_is_written_all_the_same(command, tmp_path):
    """Three hours: too long for --wav, which says so when the MIDI file is there."""
    (tmp_path / "long.words").write_text("00_90_3c50 8360_80_3c00 84ef9a00_90_3c50 8360_80_3c00\n")
    line = refused(command("write_midi.py", tmp_path / "long.words", "-o", tmp_path / "long.mid", "--wav"))
    assert "the piece lasts 3.0 hours: at most 2 can be made into sound" in line
    assert mido.MidiFile(tmp_path / "long.mid").length > 10_000


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
        (["none.mid"], "'none.mid', is not delta_status_data in hex, such as 00_90_4050; and there is no such file"),
        (["README.md"], "README.md: offset 0: is text, not MIDI"),
        (["--sentences", "3"], "--sentences: is for text, and "),
        (["--program", "128"], "128 is out of range: must be in range 0..127"),
        (["--tempo", "0"], "0 is out of range: must be 4 to 1000 quarter notes a minute"),
        (["-n", "3", "-o", "a.mid"], "a.mid: one MIDI file cannot hold 3 pieces: name another file, or a folder"),
        (["--words", "-o", "a.mid"], "a.mid: one MIDI file cannot hold words: name another file, or a folder"),
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


def test_a_poor_model_at_a_high_temperature_writes_legal_files(tmp_path, command):
    """A model that has learned nothing, on words of every kind: whatever it draws can be played."""
    words = ["00_b0_407f", "60_b0_4000", "00_c0_05", "00_e0_0040", "60_ff_2f", "00_ff_510f4240"]
    for channel in (0, 9):
        for key in (36, 60, 64, 67):
            for delta in (0, 60, 480):
                words.append(codec.encode_word(delta, bytes([0x90 | channel, key, 80])))
                words.append(codec.encode_word(delta, bytes([0x80 | channel, key, 0])))
    known = vocabulary.Vocabulary([*vocabulary.SPECIAL, *words])
    midi = {
        "division": 480,
        "tempo": 500_000,
        "meter": [4, 4],
        "programs": [[0, 5]],
        "voices": [3] * 16,
        "settings": vars(Settings("all", "all")),
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
