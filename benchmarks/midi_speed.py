"""Reading MIDI files against mido and symusic: the same events first, then alternating rounds in one run.

python -m benchmarks.midi_speed [FOLDER]
"""

import io
import statistics
import sys
import time
from pathlib import Path

import mido
import numpy
import symusic

from tests.conftest import SHARED
from tsuzuri.midi.file import smf

ROUNDS = 7


def by_us(data):
    return [list(track.events()) for track in smf.read_smf(data).tracks]


def by_mido(data):
    """Tracks of (tick, message) like ours: a meta event without its length."""
    tracks = []
    for track in mido.MidiFile(file=io.BytesIO(data)).tracks:
        tick, events = 0, []
        for message in track:
            tick += message.time
            raw = bytes(message.bytes())
            if message.is_meta:
                length = next(k for k in range(2, len(raw)) if raw[k] < 0x80) + 1
                raw = raw[:2] + raw[length:]
            events.append((tick, raw))
        tracks.append(events)
    return tracks


READERS = {
    "ours": smf.read_smf,
    "ours, without runs": lambda data: smf.read_smf_with(None, data),
    "ours, and every event as bytes": by_us,
    "mido": lambda data: mido.MidiFile(file=io.BytesIO(data)),
    "symusic": symusic.Score.from_midi,
}


def seconds(read, files):
    start = time.perf_counter()
    for data in files:
        read(data)
    return time.perf_counter() - start


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED / "midi_freedoom"
    files = [path.read_bytes() for path in sorted(folder.rglob("*.mid"))]
    events = 0
    for data in files:
        ours = by_us(data)
        if ours != by_mido(data):
            sys.exit("benchmarks.midi_speed: error: not the same events as mido's")
        events += sum(map(len, ours))
    rounds = [{name: seconds(read, files) for name, read in READERS.items()} for _ in range(ROUNDS)]
    versions = f"mido {mido.version_info.major}.{mido.version_info.minor}.{mido.version_info.micro}"
    size = sum(map(len, files)) / 1e6
    print(f"{len(files)} files of {folder.name}, {size:.2f} MB, {events:,} events, the same as mido's")
    print(f"medians of {ROUNDS} alternating rounds, NumPy {numpy.__version__}, {versions}\n")
    print("| reader | s | µs an event | times as fast as mido |\n|---|---|---|---|")
    for name in READERS:
        median = statistics.median(times[name] for times in rounds)
        ratio = statistics.median(times["mido"] / times[name] for times in rounds)
        print(f"| {name} | {median:.3f} | {median / events * 1e6:.3f} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
