"""Events to words and back: ``delta_status_data``.

codec.py     the words themselves
lengths.py   notes as one event each, with their lengths
settings.py  the settings of a conversion, and their options
tracks.py    the choice among a file's parts and tracks, or all of them merged
parts.py     a file's parts, and which of them has the tune
about.py     meter, key, tempo and programs before the first note
convert.py   a file to pieces of words, and a piece to a file
sources.py   files, folders and archives of music
collect.py   files and folders to pieces, with a report
report.py    what was taken and what was left out, in lines
voices.py    how many keys sound at once
wordfile.py  files of words
"""
