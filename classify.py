#!/usr/bin/env python3
"""Sort texts or tunes into classes: ``python classify.py train letters.tsv -o runs/mood``, then ``predict``.

The code is in ``tsuzuri/cli/classify.py``, the model in ``tsuzuri/models/classifier.py``.
"""

from tsuzuri.cli import entry

if __name__ == "__main__":
    entry.enter("classify")
