"""The table of rooms in docs/architecture.md against the one that the imports are held to."""

from docs import rooms


def test_the_table_of_rooms_is_that_of_the_layout():
    (found,) = rooms.REGION.findall(rooms.PAGE.read_text(encoding="utf-8"))
    assert found == rooms.table(), "make docs makes the table anew"
