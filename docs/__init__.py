"""What makes parts of the documentation.

options.py       options.md, from the commands' tables of options
tune_picture.py  pictures/tune.png, from a generated piece and its sound
"""
