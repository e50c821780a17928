"""What a notebook or a program of one's own imports, by way of ``import tsuzuri``.

piece.py       a piece of music: its notes, its files, and how a notebook shows and plays it
midi_files.py  pieces from files, and files from pieces
pictures.py    a picture that shows itself in a notebook
player.py      the sound of a piece in a notebook
outputs.py     where a file goes that was asked for by a path
"""
