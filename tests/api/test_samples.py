"""The samples that a training shows: as much as is said of them, and the same each time."""

import mido

from tsuzuri.api.samples import SENTENCES, generate_sample
from tsuzuri.text.sentences import is_sentence_end
from tsuzuri.training.run import load_run


def count_sentences(text):
    """The full stops of a text but those of initials, such as "g ."."""
    return sum(
        is_sentence_end(word, words[:n]) for words in map(str.split, text.split("\n")) for n, word in enumerate(words)
    )


def test_a_sample_of_text_is_two_sentences(text_run):
    assert SENTENCES == 2
    run = load_run(text_run.path)
    samples = [generate_sample(run, epoch) for epoch in range(1, 21)]
    assert generate_sample(run, 7) == samples[6]
    assert len(set(samples)) > 10
    assert max(map(count_sentences, samples)) == 2


def test_a_sample_of_music_is_two_bars(music_run):
    run = load_run(music_run.path)
    for epoch in range(1, 6):
        generate_sample(run, epoch)
        file = mido.MidiFile(run.file("sample.mid"))
        onsets, time = [], 0
        for message in mido.merge_tracks(file.tracks):
            time += message.time
            onsets += [time] if message.type == "note_on" and message.velocity else []
        assert max(onsets, default=0) < 2 * 4 * file.ticks_per_beat
