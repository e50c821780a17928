"""The commands: one file each, with its command line and what it prints.

train.py           train a language model
generate.py        write text or music with one
read_midi.py       MIDI files to words
write_midi.py      words to MIDI files
classify.py        a classifier: the three commands, predict and evaluate
classify_train.py  classify.py train
training.py        what both trainings share: --out, --resume, the terminal
options.py         command lines from the tables of ``tsuzuri/options``, and errors as one line
signals.py         Ctrl-C and SIGTERM as a wish to stop
console.py         lines on standard error
"""
