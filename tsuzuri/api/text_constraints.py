"""What a text must not have, by what its run knows of its corpus: unknown words, idle blank lines, open brackets."""

from __future__ import annotations

from tsuzuri.rules import FLAG, one_of, whole
from tsuzuri.text.brackets import PAIRS

# As ``BracketHabits.report`` has them
HABITS = {"pairs": [one_of(*PAIRS)], "lines": FLAG, "again": FLAG, "longest": whole(1)}
