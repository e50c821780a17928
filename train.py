#!/usr/bin/env python3
"""Train a language model on your own text or music: ``python train.py novel.txt -o runs/novel``.

The code is in ``tsuzuri/cli/train.py``, the loop in ``tsuzuri/training/trainer.py``.
"""

from tsuzuri.cli import entry

if __name__ == "__main__":
    entry.enter("train")
