"""``python -m tsuzuri``: the program ``tsuzuri`` where its script is not on the path."""

from tsuzuri.cli import program

if __name__ == "__main__":
    program.start()
