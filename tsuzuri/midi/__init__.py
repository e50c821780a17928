"""MIDI files to words and back, and the rules of legal music.

The rooms: file/ bytes to events and back, words/ events to words and back, sound/ a synthesizer, pictures/ piano rolls.

reading.py  a file's bytes to what is converted, drawn and played
drums.py    drums on other channels than the tenth
merging.py  all tracks on one time line, a channel for each part
sharing.py  parts that have no channel of their own
score.py    notes with lengths: events paired, and put back
pedal.py    notes as long as the pedal holds them
gaps.py     gaps that nobody meant, shortened
timing.py   ticks, tempo, grids, bars
keys.py     keys: names, estimates, pieces brought to one
names.py    General MIDI's names
rests.py    rests cut out of what is learned, and kept out of new pieces
controls.py controllers thinned to what is heard
lookback.py what a piece had bars ago, for a model
line.py     the highest line of a part
steps.py    melodies by interval and time, the same in every key
lexicon.py  the words of a vocabulary by what they do to a piece
grammar.py  which word may follow
growth.py   a growing piece
growth_by_note.py  one whose words are notes with their lengths
forms.py    which bars of a piece come again
following.py new pieces that follow a form
compose.py  new pieces: their beginning, growth and end
export.py   a piece as MIDI, picture and sound
"""
