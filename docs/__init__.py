"""What makes parts of the documentation.

options.py       options.md, from the commands' tables of options
rooms.py         the table of rooms in architecture.md, from the one that the imports are held to
tune_picture.py  pictures/tune.png, from a generated piece and its sound
"""
