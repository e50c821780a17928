"""A score as a picture.

pianoroll.py  a piano roll
"""
