"""Events to words and back: ``delta_status_data``.

codec.py     the words themselves
settings.py  the settings of a conversion, and their options
tracks.py    the choice among a file's tracks, or all of them merged
convert.py   a file to pieces of words, and a piece to a file
sources.py   files, folders and archives of music
collect.py   files and folders to pieces, with a report
wordfile.py  files of words
"""
