"""Standard MIDI Files: bytes to events and back.

smf.py     a whole file, read and written
specs.py   the messages as tables
chunks.py  header and tracks
walk.py    a track, byte by byte, with what is wrong mended
runs.py    plain channel messages, many at once
text.py    text of unknown encoding
"""
