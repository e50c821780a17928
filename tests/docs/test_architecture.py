"""The table of rooms in docs/architecture.md against the one that the imports are held to."""

import re

from tests.conftest import ROOT
from tests.layout.test_layout import ROOMS

PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)


def cell(names):
    return ", ".join(f"`{name}`" for name in names) or "–"


def test_the_table_of_rooms_is_that_of_the_layout():
    found = [(room, rooms.strip(), packages.strip()) for room, rooms, packages in ROW.findall(PAGE)]
    assert found == [(room, cell(rooms), cell(packages)) for room, (rooms, packages) in ROOMS.items()]
