"""The options of all commands, as tables: for their command lines, for Python code, and for ``docs/options.md``.

option.py        a row of a table
values.py        the kinds of values: from a command line's text or a value of Python to a plain value
resolve.py       the names and defaults of a table, and options given as values of Python
command_line.py  options given on a command line
train.py         the options of train.py
recipes.py       sets of them by name
generate.py      the options of generate.py
midi.py          the options of read_midi.py and write_midi.py, and those for MIDI that other commands have too
shared.py        options that train.py and classify.py have in common
classify.py      the options of classify.py train, predict and evaluate
"""
