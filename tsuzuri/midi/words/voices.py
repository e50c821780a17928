"""How many keys of each channel sound at once in pieces, which is as many as may in new ones."""

from collections import Counter, defaultdict

from tsuzuri.midi.score import OFF, ON
from tsuzuri.midi.words import codec
from tsuzuri.midi.words.settings import BY_EVENT

NEARLY_ALL = 0.99  # of the onsets; the others are slips, such as notes that overlap by a tick
MOST = 0.9  # of the pieces


def voices_of_channels(pieces):
    """For each of the 16 channels, the most keys that sound at once, at nearly all onsets; 1 where there are none.

    It is as many as most pieces have too, so that of a few pieces of chords among melodies no melody becomes chords.
    """
    by_piece = [[] for _ in range(16)]
    onsets = [Counter() for _ in range(16)]
    for piece in pieces:
        for channel, counts in _sounding_at_onsets(piece).items():
            onsets[channel] += counts
            by_piece[channel].append(_reaching(counts, NEARLY_ALL))
    return [
        min(_reaching(counts, NEARLY_ALL), _reaching(Counter(of_pieces), MOST))
        for counts, of_pieces in zip(onsets, by_piece, strict=True)
    ]


def _sounding_at_onsets(piece):
    """By channel, at how many onsets so many keys sound."""
    onsets, sounding = defaultdict(Counter), Counter()
    for word in codec.in_form(piece.words, BY_EVENT):
        status = int(word.split("_")[1], 16)
        channel = status & 0x0F
        if status & 0xF0 == ON and not word.endswith("00"):
            sounding[channel] += 1
            onsets[channel][sounding[channel]] += 1
        elif status & 0xF0 in (ON, OFF):
            sounding[channel] -= 1
    return onsets


def _reaching(counts, share):
    """The least number that is as large as a share of those that are counted; 1 where there are none."""
    enough, number = share * sum(counts.values()), 1
    while sum(n for value, n in counts.items() if value <= number) < enough:
        number += 1
    return number
