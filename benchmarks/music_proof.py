"""Whether what is generated can always be played: ``python -m benchmarks.music_proof runs/folk runs/band``.

Draws pieces from each run, and from one of them with weights that have learned nothing, at temperature 2; every file is
parsed by mido and by symusic, and followed by hand: no error, no note that never ends, none of no length, none struck
while it sounds, no pedal left down. Then how much of a step the grammar's mask takes.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mido
import numpy
import symusic

from tsuzuri.midi import compose
from tsuzuri.midi.grammar import Grammar, Lexicon
from tsuzuri.models import rnn
from tsuzuri.text.vocabulary import EOS
from tsuzuri.training.run import load_run

ROOT = Path(__file__).resolve().parent.parent
BATCH = 100
STEPS, ROUNDS = 300, 5


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", nargs="+")
    parser.add_argument("-n", type=int, default=1000, help="pieces in all (default: 1000)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print("| model | pieces | notes | faults |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        models = [(run, []) for run in args.runs]
        models.append((untrained(args.runs[-1], f"{folder}/untrained"), ["--temperature", 2, "--top-p", 1]))
        for number, (run, options) in enumerate(models):
            count = args.n // len(models) + (number < args.n % len(models))
            made = pieces(run, count, args.seed, options, Path(folder, f"out{number}"))
            found = [faults(path) for path in made]
            notes, wrong = sum(n for n, _ in found), [w for _, w in found if w]
            name = Path(run).name + "".join(f" {option}" for option in options)
            print(f"| {name} | {len(made)} | {notes:,} | {len(wrong)} {wrong[:3] or ''} |", flush=True)
    for run in args.runs:
        for batch in (1, 64):
            step, mask = cost(run, batch)
            print(f"{Path(run).name}, {batch} at once: a step {step * 1e6:.0f} µs, the mask {mask / step:.1%} of it")


def untrained(run, place):
    """A copy of a run with the weights that it began with."""
    shutil.copytree(run, place)
    copy = load_run(place)
    copy.save_best(rnn.RNN(copy.sizes, numpy.random.default_rng(1)))
    return place


def pieces(run, count, seed, options, out):
    """The MIDI files of so many pieces, drawn by generate.py."""
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        command = [sys.executable, ROOT / "generate.py", run, "-n", size, "--seed", seed + start, *options]
        where = out / str(start) / ("tune.mid" if size == 1 else "")
        subprocess.run([str(part) for part in (*command, "-o", where)], check=True, capture_output=True)
    return sorted(out.rglob("*.mid"))


def faults(path):
    """How many notes a file has, and what is wrong with it: an empty list, if all is well."""
    wrong, struck = [], 0
    file = mido.MidiFile(path)
    for track in file.tracks:
        tick, sounding, pedals = 0, {}, set()
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                struck += 1
                if (message.channel, message.note) in sounding:
                    wrong.append(f"{tick}: struck while it sounds")
                sounding[message.channel, message.note] = tick
            elif message.type in ("note_on", "note_off"):
                start = sounding.pop((message.channel, message.note), None)
                if start is None or start == tick:
                    wrong.append(f"{tick}: {'no note to end' if start is None else 'a note of no length'}")
            elif message.type == "control_change" and message.control == 64:
                (pedals.add if message.value >= 64 else pedals.discard)(message.channel)
        wrong += [f"stuck {note}" for note in sounding] + [f"pedal {channel}" for channel in pedals]
    notes = [note for track in symusic.Score(path).tracks for note in track.notes]
    if len(notes) != struck or any(note.duration <= 0 for note in notes):
        wrong.append(f"symusic reads {len(notes)} notes of {struck}")
    return struck, wrong


def cost(run, batch):
    """Seconds of a step of the model, and of the grammar's mask with its taking of the words, medians of rounds."""
    run = load_run(run)
    about, lexicon = (
        run.about["corpus"]["report"]["midi"],
        Lexicon(compose.MusicVocabulary(run.vocabulary.words).parsed, EOS),
    )
    model, rng = run.load_best(), numpy.random.default_rng(0)
    words = numpy.zeros(batch, numpy.int32)
    times = []
    for _ in range(ROUNDS):
        grammar = Grammar(lexicon, about["division"], 16 * about["division"], about["voices"], batch, may_end=False)
        model.reset_state()
        stepping = masking = 0.0
        for _ in range(STEPS):
            start = time.perf_counter()
            logits = model.step(words)
            stepped = time.perf_counter()
            logits = grammar.mask(logits)
            masked = time.perf_counter()
            words = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1).astype(numpy.int32)
            drawn = time.perf_counter()
            grammar.take(words)
            stepping += stepped - start
            masking += masked - stepped + time.perf_counter() - drawn
        times.append((stepping / STEPS, masking / STEPS))
    return tuple(map(statistics.median, zip(*times, strict=True)))


if __name__ == "__main__":
    main()
