"""``python -m tsuzuri``: the program ``tsuzuri`` where its script is not on the path."""

from tsuzuri.cli import entry

if __name__ == "__main__":
    entry.enter()
