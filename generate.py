#!/usr/bin/env python3
"""Write with a trained model: ``python generate.py runs/novel ホームズ``, ``python generate.py runs/folk -o tune.mid``.

The code is in ``tsuzuri/cli/generate.py``, the draw of a word in ``tsuzuri/sampling/``.
"""

from tsuzuri.cli import entry

if __name__ == "__main__":
    entry.enter("generate")
