"""Standard MIDI Files: bytes to events and back.

smf.py     whole files, read and written
specs.py   the messages as tables
chunks.py  header and tracks
walk.py    the events of a track, byte by byte, faults mended and listed
runs.py    plain channel messages, decoded many at once
text.py    text of unknown encoding
"""
