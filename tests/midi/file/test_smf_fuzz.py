"""Standard MIDI Files of any bytes: read or refused, alike with and without runs, in time and in little memory."""

import os
import time
import tracemalloc

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.midi.file.inputs import PLAIN, check, chunk, midi, real_files
from tests.midi.file.test_files import FILES
from tests.midi.file.test_tracks import TRACKS
from tsuzuri.midi.file import smf
from tsuzuri.midi.file.runs import MessageRuns
from tsuzuri.midi.file.specs import DATA_BYTES, META

MUTATIONS = int(os.environ.get("TSUZURI_MUTATIONS", 200_000))  # of the long campaign

EVENTS = st.one_of(
    st.tuples(st.integers(0x80, 0xBF), st.integers(0, 127), st.integers(0, 127)),
    st.tuples(st.integers(0xC0, 0xDF), st.integers(0, 127)),
    st.tuples(st.integers(0xE0, 0xEF), st.integers(0, 127), st.integers(0, 127)),
).map(bytes)
PAYLOADS = st.binary(max_size=6).map(lambda payload: bytes([len(payload)]) + payload)
OTHERS = st.one_of(
    st.tuples(st.sampled_from(sorted(META)), PAYLOADS).map(lambda pair: bytes([0xFF, pair[0]]) + pair[1]),
    PAYLOADS.map(lambda payload: b"\xf0" + payload),
    st.sampled_from([b"\xff\x51\x03\x07\xa1\x20", b"\xff\x2f\0", b"\xf8", b"\xf2\1\2", b"\xf7\0", b"MTrk\0\0\0\4"]),
)
RUNNING = st.binary(min_size=1, max_size=2).map(lambda data: bytes(byte & 0x7F for byte in data))
DELTAS = st.one_of(st.just(b"\0"), st.binary(min_size=1, max_size=1).map(lambda b: bytes([b[0] & 0x7F])))
LONG_DELTAS = st.tuples(st.binary(max_size=4), DELTAS).map(lambda pair: bytes(b | 0x80 for b in pair[0]) + pair[1])
BODIES = st.lists(
    st.tuples(st.one_of(DELTAS, LONG_DELTAS), st.one_of(EVENTS, EVENTS, RUNNING, RUNNING, OTHERS)).map(b"".join)
).map(b"".join)
GRAMMAR = st.lists(st.tuples(BODIES, st.sampled_from([None, None, 0, 9, 1 << 31])), max_size=3).map(
    lambda tracks: PLAIN[:14] + b"".join(chunk(b"MTrk", *track) for track in tracks)
)
QUICK = settings(max_examples=80, deadline=2000, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(GRAMMAR)
def test_files_made_by_a_grammar(data):
    assert check(data) is not None


@QUICK
@given(st.binary(max_size=300))
def test_tracks_of_any_bytes(body):
    assert check(PLAIN[:14] + chunk(b"MTrk", body)) is not None


@QUICK
@given(st.binary(max_size=100))
def test_any_bytes(data):
    check(data)


def mutated(data, rng):
    """The bytes with a few of them changed, lost, doubled or cut off."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        if not data:
            break
        at = int(rng.integers(len(data)))
        change, size = rng.integers(6), int(rng.integers(1, 9))
        if change == 0:
            data[at] ^= 1 << int(rng.integers(8))
        elif change == 1:
            data[at] = int(rng.integers(256))
        elif change == 2:
            del data[at : at + size]
        elif change == 3:
            data[at:at] = rng.bytes(size)
        elif change == 4:
            data[at:at] = data[at : at + 8 * size]
        elif rng.random() < 0.3:
            del data[at:]
    return bytes(data)


def test_mutated_inline_files(rng):
    originals = [midi(track) for track, _, _ in TRACKS.values()] + [data for data, *_ in FILES.values()]
    for _ in range(600):
        check(mutated(originals[rng.integers(len(originals))], rng))


def random_track(rng, size):
    """A track of mostly channel messages, under running status half of the time; its bytes and its events."""
    body, events, tick, status = bytearray(), [], 0, 0
    for _ in range(size):
        delta = int(rng.choice([0, 1, 96, 127, 128, 8200, 12287, 16383, 16384, 1 << 21, (1 << 28) - 1]))
        groups = [delta >> shift & 127 for shift in (21, 14, 7) if delta >> shift]
        body += bytes(group | 128 for group in groups) + bytes([delta & 127])
        tick += delta
        new = int(rng.choice([0x80, 0x90, 0x90, 0x90, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xFF], p=[0.1] * 8 + [0.17, 0.03]))
        if new == 0xFF:
            body += b"\xff\x01\x03\xc1\x02a"
            events.append((tick, b"\xff\x01\xc1\x02a"))
            status = 0
            continue
        if new != status or rng.random() < 0.5:
            body.append(new)
        status = new
        data = bytes(rng.integers(0, 128, DATA_BYTES[new >> 4], dtype=numpy.uint8))
        body += data
        events.append((tick, bytes([new]) + data))
    return bytes(body) + b"\0\xff\x2f\0", [*events, (tick, b"\xff\x2f")]


def test_random_tracks_read_as_they_were_made(rng):
    for size in rng.integers(0, 300, 40):
        body, events = random_track(rng, size)
        file = check(PLAIN[:14] + chunk(b"MTrk", body))
        assert file.problems == []
        assert list(file.tracks[0].events()) == events


def test_nearly_all_of_a_plain_file_is_read_in_runs(rng):
    """The fast path must be the one that is used: of 3,000 messages the walk may meet but a few."""
    body = bytes.fromhex("00c005") + bytes.fromhex("00903c4081003c0000d0405eb00740") * 750 + b"\0\xff\x2f\0"
    run_lengths = []

    class Counted(MessageRuns):
        def find_run(self, begin, end):
            run_lengths.append(super().find_run(begin, end)[1])
            return super().find_run(begin, end)

    file = smf.read_smf_with(Counted, PLAIN[:14] + chunk(b"MTrk", body))
    assert len(file.tracks[0].ticks) == 3002
    assert sum(run_lengths) >= 2999
    assert len(run_lengths) < 5


def track_of(body, count):
    return PLAIN[:14] + chunk(b"MTrk", body * count)


WORST = {
    "tiny meta events": lambda n: track_of(b"\0\xff\1\0", n),
    "tiny texts": lambda n: track_of(b"\0\xff\1\2ab", n),
    "empty sysex": lambda n: track_of(b"\0\xf0\0", n),
    "running program changes": lambda n: PLAIN[:14] + chunk(b"MTrk", b"\0\xc0\0" + b"\0\5" * n),
    "program changes": lambda n: track_of(b"\0\xc0\5", n),
    "running notes": lambda n: PLAIN[:14] + chunk(b"MTrk", b"\0\x90\1\1" + b"\0\1\1" * n),
    "empty tracks": lambda n: PLAIN[:14] + b"MTrk\0\0\0\0" * n,
    "tracks of an end": lambda n: PLAIN[:14] + b"MTrk\0\0\0\4\0\xff\x2f\0" * n,
    "tracks of wrong length": lambda n: PLAIN[:14] + b"MTrk\0\0\0\1\0\0" * n,
    "long numbers": lambda n: track_of(b"\xff", 4 * n),
    "zeros": lambda n: track_of(b"\0", 4 * n),
    "statuses": lambda n: track_of(b"\xc0", 4 * n),
    "faults": lambda n: PLAIN[:14] + chunk(b"MTrk", b"\0\x90\1\1" + b"\0\xff\1" * n),
    "running status over meta events": lambda n: PLAIN[:14] + chunk(b"MTrk", b"\0\x90\1\1" + b"\0\xff\1\0\0\1\1" * n),
    "real-time": lambda n: track_of(b"\0\xf8", n),
    "lengths beyond the end": lambda n: track_of(b"\0\xff\1\xff\xff\xff\x7f\0\x90\1\1", n),
    "headers": lambda n: b"MThd" * n,
    "track names": lambda n: track_of(b"MTrk", n),
    "foreign chunks": lambda n: PLAIN[:14] + b"Xabc\0\0\0\0" * n,
}


@pytest.mark.parametrize("make", WORST.values(), ids=WORST)
def test_time_and_memory_stay_linear(make):
    """Memory at most 50 times the file and 1 MB; twice the file takes no more than about twice the time."""
    seconds = []
    for n in (4000, 16000):
        data = make(n)
        start = time.process_time()
        file = smf.read_smf(data)
        seconds.append(time.process_time() - start)
    assert seconds[1] < 0.2 + 12 * seconds[0]
    del file
    data = make(4000)
    tracemalloc.start()
    try:
        smf.read_smf(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 50 * len(data) + (1 << 20)


@pytest.mark.slow
def test_many_mutated_real_files(shared, rng, capsys):
    """A campaign: each mutation of a real file is read or refused, in time; some are checked through and for memory."""
    originals = [path.read_bytes() for path in real_files(shared)]
    originals = [data for data in originals if len(data) < 100_000]  # none takes over 0.2 s, even by the walk alone
    refused = mended = 0
    slowest = worst = 0.0
    started = time.process_time()
    for k in range(MUTATIONS):
        data = mutated(originals[rng.integers(len(originals))], rng)
        start = time.process_time()
        try:
            file = smf.read_smf(data)
        except smf.NotMidi:
            refused += 1
            continue
        slowest = max(slowest, time.process_time() - start)
        mended += bool(file.problems)
        if k % 20 == 0:
            check(data)
        if k % 100 == 0:
            tracemalloc.start()
            smf.read_smf(data)
            worst = max(worst, (tracemalloc.get_traced_memory()[1] - (1 << 16)) / len(data))
            tracemalloc.stop()
    spent = time.process_time() - started
    with capsys.disabled():
        print(f"\n{MUTATIONS} files: {refused} refused, {mended} mended, {spent:.0f} s")
        print(f"slowest {slowest * 1e3:.0f} ms, most memory {worst:.1f} times the file")
    assert slowest < 2
    assert worst < 50
