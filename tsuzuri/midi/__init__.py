"""MIDI files to words and back, and the rules of legal music.

The rooms: file/ bytes to events and back, words/ events to words and back, sound/ a synthesizer, pictures/ piano rolls.

score.py    notes with lengths: events paired, and put back
timing.py   ticks, tempo, grids, bars
keys.py     keys: names, estimates, pieces brought to one
names.py    General MIDI's names
steps.py    melodies by interval and time, the same in every key
grammar.py  which word may follow
compose.py  new pieces: their beginning, growth and end
export.py   a piece as MIDI, picture and sound
"""
