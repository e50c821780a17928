"""The commands: one file each, with its options as a table, and what it prints.

program.py         the program tsuzuri: finds the command that is called
train.py           train a language model
generate.py        write text or music with one
read_midi.py       MIDI files to words
write_midi.py      words to MIDI files
classify.py        a classifier: the three commands, predict and evaluate
classify_train.py  classify.py train
training.py        what both trainings share: --out, --resume, the terminal
options.py         command lines from tables, and errors as one line
signals.py         Ctrl-C and SIGTERM as a wish to stop
console.py         lines on standard error, and the name of the program
"""
