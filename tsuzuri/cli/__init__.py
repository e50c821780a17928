"""The commands: one file each, with its command line and what it prints.

entry.py       the way in, which every script calls first
program.py     the program tsuzuri: finds the command that is called
train.py       train a language model
generate.py    write text or music with one
score.py       how a text or music surprises one, for generate.py --score
read_midi.py   MIDI files to words
write_midi.py  words to MIDI files
classify.py    a classifier: train, predict and evaluate
doctor.py      what is installed, and what mends it
training.py    a training on the terminal, for train.py and classify.py train
novelty.py     what generate.py says of copies
options.py     command lines from the tables of ``tsuzuri/options``, and errors as one line
signals.py     Ctrl-C, SIGTERM and SIGHUP as a wish to stop
console.py     lines on standard error, and the name of the program
"""
