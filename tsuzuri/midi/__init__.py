"""MIDI files to words and back."""
