"""The commands: one file each, with its options as a table, and what it prints.

train.py       train a language model
generate.py    generate text or music with one
read_midi.py   MIDI files to words
write_midi.py  words to MIDI files
classify.py    train, use and evaluate a classifier
options.py     command lines from tables, and errors as one line
console.py     lines on standard error
"""
