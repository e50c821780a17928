"""MIDI files made of lines of ``tick message``, and some tracks to make them of."""

from tsuzuri.midi.file import smf


def message(text):
    return bytes.fromhex(text)


def midi(*lists, form=1, division=480):
    """The bytes of a MIDI file; each track is a text of lines ``tick message``."""
    smf_tracks = []
    for text in lists:
        lines = (line.split("#")[0].split() for line in text.strip().split("\n"))
        events = [(int(line[0]), message("".join(line[1:]))) for line in lines if line]
        smf_tracks.append(smf.make_track(sorted(events, key=lambda event: event[0])))
    return smf.write_smf(smf.MidiFile(form, division, smf_tracks, []))


CONDUCTOR = """
0   ff 51 0f4240     # 60 quarter notes a minute
0   ff 58 03022408   # 3/4
0   ff 03 4869       # the name: Hi
"""
FLUTE = """
0   c0 49            # program 73
0   90 48 50
480 80 48 40         # a release velocity
"""
BASS = """
0   c0 20            # program 32, on the flute's channel
240 90 24 60
240 b0 40 7f         # pedal
480 90 24 00         # note-on without velocity: a note-off
480 90 26 60
960 80 26 00
"""
DRUMS = """
0   99 24 7f
10  89 24 00
"""
