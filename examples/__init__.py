"""How Tsuzuri is used from Python, to run and to change.

quickstart.py quickstart.ipynb   text, music and classes in a minute, as a script and as a notebook with its outputs
make_notebook.py                 makes the notebook from the script
"""
