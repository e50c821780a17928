"""Training on tunes: what a run says of its music, and what is held out."""

import json
import re

import numpy
import pytest

from tests.cli.music import SMALL, TUNES, all_words
from tsuzuri.data.corpus import build_piece_corpus
from tsuzuri.midi.words import codec
from tsuzuri.midi.words.settings import Settings
from tsuzuri.text import vocabulary


def test_training_on_a_folder_of_midi(folk):
    out, process = folk
    count = len(list(TUNES.glob("*.mid")))
    assert f"read     {count} files" in process.stderr
    assert re.search(r"^epoch   2 .* valid loss [\d.]+ [\d.]+ bits a note ", process.stdout, re.MULTILINE)
    assert re.search(r"^test     loss [\d.]+ [\d.]+ bits a note of the best model$", process.stdout, re.MULTILINE)
    about = json.loads((out / "run.json").read_text())
    assert (about["kind"], about["tokens"]) == ("music", "midi")
    midi = about["corpus"]["report"]["midi"]
    assert midi["settings"] == json.loads(json.dumps(vars(Settings(velocities=8, grid=24, rests="cut", controls=4))))
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
    assert printed == pytest.approx(lines[1]["valid_loss"] * len(held_out) / strikes / numpy.log(2), abs=0.006)


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
