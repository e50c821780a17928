"""A score as sound.

synth.py        the mix, or a SoundFont's instruments
performance.py  what is played when, and what controllers do
timbres.py      the instruments as tables
tones.py        tones and drums as samples
"""
