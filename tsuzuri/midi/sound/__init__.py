"""A score as sound.

synth.py        the mix, or a SoundFont's instruments
performance.py  when each note sounds, and the effect of controllers
timbres.py      the instruments as tables
tones.py        tones and drums as samples
"""
