"""Events to words and back: ``delta_status_data``.

codec.py     the words themselves
settings.py  how MIDI becomes words, as a table of options
tracks.py    which of a file's tracks
convert.py   a file to pieces of words, and a piece to a file
collect.py   files and folders to pieces, with a report
wordfile.py  files of words
"""
