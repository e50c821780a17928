#!/usr/bin/env python3
"""Turn words into MIDI files: ``python write_midi.py tunes.words -o out/``, a file a piece, or ``-o tune.mid`` for one.

The code is in ``tsuzuri/cli/write_midi.py``.
"""

from tsuzuri.cli import entry

if __name__ == "__main__":
    entry.enter("write-midi")
