"""What was amiss in texts that were read: how many remarks there are, and the first ones, for a report and people."""

from collections.abc import Iterator, Sequence
from typing import Any

KEPT = 20  # in a report, beside their number
SHOWN = 5


def remarks_report(remarks: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """What a report keeps of remarks, which are (name of a file, remark): their count, and the first of them."""
    return {"count": len(remarks), "first": [{"name": name, "remark": remark} for name, remark in remarks[:KEPT]]}


def remark_lines(report: dict[str, Any]) -> Iterator[str]:
    """The first of what ``remarks_report`` keeps, in lines for people, and how many more there are.

    >>> remarks = [("a.txt", "1 control character left out in line 3")] * 7
    >>> list(remark_lines(remarks_report(remarks)))[4:]
    ['note     a.txt: 1 control character left out in line 3', 'note     2 more such remarks']
    """
    yield from (f"note     {item['name']}: {item['remark']}" for item in report["first"][:SHOWN])
    if report["count"] > SHOWN:
        yield f"note     {report['count'] - SHOWN:,} more such remarks"
