#!/usr/bin/env python3
"""Turn MIDI files into words: ``python read_midi.py tunes/ -o tunes.words``, one piece a line.

The code is in ``tsuzuri/cli/read_midi.py``; ``tsuzuri/midi/file/`` reads bytes, ``tsuzuri/midi/words/`` makes words.
"""

from tsuzuri.cli import entry

if __name__ == "__main__":
    entry.enter("read-midi")
