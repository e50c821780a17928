"""Pieces that say what they are: what is asked for is written, in its key, and what is not is drawn."""

import io

import mido
import pytest

import tsuzuri
from tests.api.conftest import leave_out_pictures
from tests.conftest import ROOT
from tsuzuri.api.music_opening import PieceOpening
from tsuzuri.api.piece import Piece
from tsuzuri.cli import generate
from tsuzuri.midi import compose
from tsuzuri.midi.keys import SCALES, Key, read_key

TUNES = {  # steps above the tonic, of a scale up and down
    False: (0, 2, 4, 5, 7, 9, 11, 12, 11, 9, 7, 5, 4, 2, 0, 7, 4, 0),
    True: (0, 2, 3, 5, 7, 8, 7, 8, 7, 5, 3, 2, 0, 7, 3, 0),
}
MINORS = ("Am", "Em", "Gm")
MAJORS = ("C", "G", "F", "D", "Bb")


def tune(key, meter, times=2):
    """A tune as a file: quarters, or eighths in 6/8."""
    file = mido.MidiFile(ticks_per_beat=480)
    head = [mido.MetaMessage("key_signature", key=key)]
    head.append(mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1]))
    tonic = 57 + (read_key(key).tonic - 9) % 12
    notes = [
        mido.Message(kind, note=tonic + step, velocity=70, time=time)
        for step in TUNES[read_key(key).minor] * times
        for kind, time in (("note_on", 0), ("note_off", 1920 // meter[1]))
    ]
    file.tracks.append(mido.MidiTrack([*head, *notes]))
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scales")
    for key in (*MAJORS, *MINORS):
        for meter in ((4, 4), (6, 8)):
            tune(key, meter).save(folder / f"{key}{meter[0]}.mid")
    return folder


@pytest.fixture(scope="module")
def held_out(tmp_path_factory):
    path = tmp_path_factory.mktemp("held") / "C4.mid"
    tune("C", (4, 4), times=3).save(path)
    return path


@pytest.fixture(scope="module")
def run(folder, held_out):
    """A run that has learned the scales by heart."""
    with pytest.MonkeyPatch.context() as patch:
        leave_out_pictures(patch)
        options = {"unit": 24, "epoch": 25, "batchsize": 8, "bproplen": 20, "lr": 0.02, "sample_every": 5}
        options |= {"recipe": "plain", "dropout": 0, "valid": [held_out], "test": [held_out], "device": "cpu"}
        return tsuzuri.train([folder], held_out.parent / "run", about=True, **options)


def heard(piece):
    """Key, meter, tempo, program and the pitch classes of a piece, as mido reads its file."""
    file = mido.MidiFile(file=io.BytesIO(piece.midi()))
    found = {m.type: m for track in file.tracks for m in track}
    meter = found["time_signature"]
    notes = [m.note % 12 for track in file.tracks for m in track if m.type == "note_on" and m.velocity]
    tempo = round(mido.tempo2bpm(found["set_tempo"].tempo))
    return (
        found["key_signature"].key,
        (meter.numerator, meter.denominator),
        tempo,
        found["program_change"].program,
        notes,
    )


def in_scale(notes, key):
    scale = {(key.tonic + step) % 12 for step in SCALES[key.minor]}
    return sum(note in scale for note in notes) / len(notes)


@pytest.mark.parametrize("key", ["G", "Gm", "A", "C#m", "Ebm", "F#"])
def test_a_piece_is_in_the_key_that_is_asked_for(run, key):
    """Of which half were in no piece that was learned from."""
    for piece in run.generate_many(6, key=key, bars=4, seed=1, device="cpu"):
        said, _, _, _, notes = heard(piece)
        assert said == key
        assert in_scale(notes, read_key(key)) > 0.9
        assert notes.count(read_key(key).tonic) > notes.count((read_key(key).tonic + 6) % 12)


def test_all_else_that_is_asked_for(run):
    asked = {"meter": "6/8", "tempo": 97, "program": 40}
    for piece in run.generate_many(4, bars=4, seed=2, device="cpu", **asked):
        assert heard(piece)[1:4] == ((6, 8), 97, 40)
        assert piece.bars == 4


def test_what_is_not_asked_for_is_drawn(run):
    pieces = [heard(piece) for piece in run.generate_many(40, bars=2, seed=3, device="cpu")]
    assert len({key for key, *_ in pieces}) > 3
    assert {meter for _, meter, *_ in pieces} == {(4, 4), (6, 8)}
    assert sum(in_scale(notes, read_key(key)) > 0.9 for key, *_, notes in pieces) > 35


def test_a_piece_goes_on_in_its_key(run, folder):
    for key in ("Gm", "D"):
        begun = tsuzuri.read_midi(folder / f"{key}4.mid", events="notes", about=True)
        found = run.generate(folder / f"{key}4.mid", bars=4, seed=1, device="cpu")
        said, meter, _, _, notes = heard(found)
        assert (said, meter) == (key, (4, 4))
        assert [w[:-2] for w in found.words[:40]] == [w[:-2] for w in begun.words[:40]]  # all but the velocity
        assert in_scale(notes, read_key(key)) > 0.95


@pytest.mark.parametrize("key", ["Cm", "F#m", "E"])
def test_a_beginning_in_a_key_that_was_never_learned_keeps_its_mode(run, tmp_path, key):
    tune(key, (4, 4), times=1).save(tmp_path / "begun.mid")
    said = [event for event in begun_events(run, tmp_path / "begun.mid") if event[1][:2] == b"\xff\x59"]
    assert [bool(message[3]) for _, message in said] == [key.endswith("m")]
    found = run.generate(tmp_path / "begun.mid", bars=4, seed=1, device="cpu")
    assert heard(found)[0] == key
    assert in_scale(heard(found)[4], read_key(key)) > 0.9


def begun_events(run, path):
    """What the model is given of a beginning."""
    report = run._run.about["corpus"]["report"]["midi"]
    beginning = compose.read_beginning(str(path), report)
    opening = PieceOpening(report, compose.MusicVocabulary(run.vocabulary), beginning)
    return opening.begun(beginning, 480)


def test_silence_before_a_beginning_is_cut_as_it_is_of_what_is_learned(run, tmp_path):
    late = tune("G", (4, 4), times=1)
    late.tracks[0].insert(2, mido.MetaMessage("text", text="wait", time=0))
    late.tracks[0][3].time = 5 * 1920
    late.save(tmp_path / "late.mid")
    events = begun_events(run, tmp_path / "late.mid")
    assert min(tick for tick, message in events if message[0] & 0xF0 == 0x90) < 1920


def test_what_a_beginning_says_in_part_is_completed(run):
    piece = run.generate("00_ff_590100 00_90_4348 8360_80_4300", bars=2, seed=1, device="cpu")
    assert [word[3:8] for word in piece.words[:4]] == ["ff_58", "ff_59", "ff_51", "c0_00"]
    assert heard(piece)[0] == "G"
    alone = run.generate("00_ff_590100", bars=2, seed=1, device="cpu")
    assert sorted(word[3:8] for word in alone.words[:4]) == ["c0_00", "ff_51", "ff_58", "ff_59"]


@pytest.mark.parametrize("key", ["Gb", "Abm", "Cb"])
def test_a_key_that_sounds_like_another_is_written_as_it_is_asked_for(run, key):
    assert heard(run.generate(key=key, bars=2, seed=1, device="cpu"))[0] == key


def test_a_piece_says_what_it_is_once(run):
    """However much the model would like to say it again."""
    for piece in run.generate_many(20, bars=4, temperature=8, seed=1, device="cpu"):
        kinds = [word.split("_")[1] for word in piece.words]
        assert kinds[:4] == ["ff", "ff", "ff", "c0"]
        assert not {"ff", "c0"} & {*kinds[4:]}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_so_many_seconds(run, folder, tmp_path, seed):
    assert run.generate(seconds=9, seed=seed, device="cpu").seconds == pytest.approx(9, abs=0.3)
    slow = tune("G", (4, 4), times=1)
    slow.tracks[0].insert(0, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(113)))
    slow.save(tmp_path / "slow.mid")
    before = tsuzuri.read_midi(tmp_path / "slow.mid").seconds
    after = run.generate(tmp_path / "slow.mid", seconds=5, seed=seed, device="cpu").seconds
    assert after - before == pytest.approx(5, abs=0.3)


def test_channels_that_say_no_program_have_the_usual_one(run):
    report = run._run.about["corpus"]["report"]["midi"]
    opening = PieceOpening(report, compose.MusicVocabulary(run.vocabulary), compose.Beginning([], 1, (4, 4), (), False))
    events = [(0, b"\xc0\x28"), (0, b"\x90\x3c\x50")]
    assert opening.programs(events, ((0, 5), (1, 52))) == ((0, 40), (1, 52))


def test_a_vocabulary_that_was_cut_still_writes(folder, held_out, tmp_path):
    options = {"unit": 4, "epoch": 1, "batchsize": 8, "bproplen": 20, "sample_every": 0, "device": "cpu"}
    options |= {"valid": [held_out], "test": [held_out], "vocab_size": 12}
    small = tsuzuri.train([folder], tmp_path / "run", about=True, **options)
    assert len(heard_notes(small.generate(bars=2, seed=1, device="cpu"))) > 0


def heard_notes(piece):
    file = mido.MidiFile(file=io.BytesIO(piece.midi()))
    return [m for track in file.tracks for m in track if m.type == "note_on" and m.velocity]


def test_words_may_begin_a_piece(run):
    piece = run.generate("00_90_4348 8360_80_4300 00_90_4548 8360_80_4500", bars=3, seed=1, device="cpu")
    words = [word for word in piece.words if word.split("_")[1][0] in "89"]
    assert words[:4] == ["00_90_4348", "8360_80_4300", "00_90_4548", "8360_80_4500"]
    assert [word[3:8] for word in piece.words[:4]] == ["ff_58", "ff_59", "ff_51", "c0_00"]
    with pytest.raises(tsuzuri.UserError, match=r"00_90_4346: not a known word; .* knows 00_90_4348"):
        run.generate("00_90_4346 8360_80_4300 00_90_4548 8360_80_4500", bars=3, device="cpu")


def test_the_words_that_are_shown_as_they_are_drawn_are_those_of_the_piece(run, capsys):
    command = [str(run.path), "--words", "--bars", "2", "--seed", "4", "--key", "A", "-d", "cpu"]
    assert not generate.main(command)
    shown = capsys.readouterr().out.split()
    assert shown == list(run.generate(bars=2, seed=4, key="A", device="cpu").words)


def test_a_score_is_of_what_the_model_learned(run, folder, tmp_path):
    """A tune in a key that was never learned is as likely as the same tune in another one, but for the key's word."""
    tune("A", (4, 4)).save(tmp_path / "a.mid")
    other, same = run.score(tmp_path / "a.mid"), run.score(folder / "C4.mid")
    assert sum(w.surprisal for w in other.words[4:]) == pytest.approx(
        sum(w.surprisal for w in same.words[4:]), abs=3
    )  # bits, of 72 words
    assert [w.known for w in other.words] == [n != 1 for n in range(len(other.words))]


def test_the_keys_of_pieces_and_their_notes_are_counted(run):
    held = run._run.about["corpus"]["report"]["midi"]["keys"]
    assert (held["named"], held["of"]) == (16, dict.fromkeys((*MAJORS, *MINORS), 2))
    for name, minor, count in (("major", False, len(MAJORS)), ("minor", True, len(MINORS))):
        steps = [step % 12 for step in TUNES[minor]]
        assert held["notes"][name] == [steps.count(step) * 2 * 2 * count for step in range(12)]
    kept = dict(held["of"])
    try:
        held["of"] = {"Hm": 2}
        with pytest.raises(tsuzuri.UserError, match=r"run.json: damaged.* keys"):
            run.generate(bars=1, device="cpu")
    finally:
        held["of"] = kept


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": "H"}, "key: 'H' is no key: must be such as C, F#, Bb, Am or Gm"),
        ({"key": 3}, "key: 3 is no key"),
        ({"meter": "4-4"}, "meter: 4-4 is no meter: must be such as 4/4, 3/4 or 6/8"),
        ({"meter": (3, 5)}, r"meter: .* is no meter"),
        ({"meter": (3, 4)}, "meter=3/4: no piece that was learned from has it: must be one of 4/4, 6/8"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_for(run, options, message):
    with pytest.raises(tsuzuri.UserError, match=message):
        run.generate(bars=2, device="cpu", **options)


def test_a_key_is_not_for_a_piece_that_has_one(run, folder):
    with pytest.raises(tsuzuri.UserError, match="key: the piece that is begun with has its own: must be left out"):
        run.generate(folder / "G4.mid", key="D", device="cpu")


def test_runs_whose_pieces_say_nothing(text_run):
    older = tsuzuri.load(ROOT / "tests" / "training" / "runs" / "format2" / "music")
    with pytest.raises(tsuzuri.UserError, match=r"key: is for runs whose pieces say what they are"):
        older.generate(key="C", device="cpu")
    with pytest.raises(tsuzuri.UserError, match=r"key: is for music"):
        text_run.generate(key="C", device="cpu")


def test_a_piece_keeps_what_it_says(folder, tmp_path):
    piece = tsuzuri.read_midi(folder / "Gm6.mid", events="notes", about=True)
    assert [word[3:] for word in piece.words[:2]] == ["ff_5806032408", "ff_59fe01"]
    piece.save(tmp_path / "again.mid")
    assert heard(tsuzuri.read_midi(tmp_path / "again.mid"))[:2] == ("Gm", (6, 8))
    assert isinstance(piece, Piece)
    assert Key(-2, True).text() == "Gm"
