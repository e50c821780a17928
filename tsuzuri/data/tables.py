"""A file's lines to labels and texts: separated by a tab, by a space, or as CSV has it.

A line ends at LF, CR LF or CR and nowhere else, for texts hold characters that Unicode counts as line ends. A tab
separates columns wherever it stands; where commas do, a quoted text may go over several lines. The first line may name
the columns. Where it does not, the label is in the one of two columns that holds fewer different values.
"""

import csv
import io
from collections.abc import Iterator

from tsuzuri.errors import UserError

LABELS = ("label", "labels", "class", "category", "sentiment", "polarity", "target")  # names of columns, best first
TEXTS = ("text", "review", "sentence", "content", "document", "message")
Columns = tuple[str | int | None, str | int | None]  # of the label and of the text: a name, a number, or unknown
MARK = "__label__"  # the beginning of fastText's labels


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """(number, line) for each line of a text whose lines end in LF, from 1.

    >>> list(numbered_lines("good\\nbad\\n"))
    [(1, 'good'), (2, 'bad')]
    """
    return enumerate(text.removesuffix("\n").split("\n"), 1)


def labeled_lines(
    path: str, text: str, form: str, columns: Columns = (None, None)
) -> list[tuple[int, tuple[str, str] | None]]:
    """A list of (number, (label, text)) for each line of a file in one of ``FORMS``; None for the pair of a blank line.

    ``columns`` are those of the label and the text, by names or by numbers from 1. Raises ``UserError`` for a line that
    is not in this form, and for columns that are not there or that cannot be determined.
    """
    rows = list(FORMS[form](path, text))
    filled = [(n, fields) for n, fields in rows if fields]
    if not filled:
        raise UserError(f"{path}: holds no example, all its rows are blank")
    label, text, start = (0, 1, 0) if form == "space" else _columns(path, filled, columns)
    lines = [(n, (fields[label], fields[text]) if fields else None) for n, fields in rows]
    return [line for line in lines if line[0] != filled[0][0]] if start else lines


def _tab(path, text):
    for n, line in numbered_lines(text):
        fields = line.split("\t") if line.strip() else []
        if len(fields) == 1:
            raise UserError(f"{path}:{n}: has no tab, which must stand between label and text")
        yield n, fields


def _csv(path, text):
    reader = csv.reader(io.StringIO(text, newline="\n"), strict=True)
    rows, n = [], 1  # where a row begins
    limit = csv.field_size_limit(len(text))  # the module's own: the text is in memory, so its longest field may be too
    try:
        for fields in reader:
            rows.append((n, fields if any(map(str.strip, fields)) else []))
            n = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{path}:{n}: is not CSV: {error} (is a quote not closed, or not doubled?)") from None
    finally:
        csv.field_size_limit(limit)
    return rows


def _space(path, text):
    for n, line in numbered_lines(text):
        fields = line.split(None, 1)
        if len(fields) == 1:
            raise UserError(f"{path}:{n}: has no text after the label {fields[0][:40]!r}")
        if fields and fields[1].startswith(MARK):
            raise UserError(f"{path}:{n}: has more than one label, must have one")
        yield n, fields


FORMS = {"tab": _tab, "csv": _csv, "space": _space}  # (path, text) to pairs (line number, fields); no fields: blank


def guess_form(path: str, text: str) -> str:
    """The form of a file by its name, its first line, and whether its lines begin with few different words.

    Raises ``UserError`` where no form fits.
    """
    name = path.lower().removesuffix(".gz")
    if name.endswith(".csv"):
        return "csv"
    if name.endswith(".tsv") or "\t" in text:
        return "tab"
    filled = [line for _, line in numbered_lines(text) if line.strip()]
    if "," in filled[0] and _header_cells(filled[0].split(",")):
        return "csv"
    words = [line.split(None, 1)[0] for line in filled]
    different = len(set(words))
    if all(word.startswith(MARK) for word in words) or (different**2 <= 4 * len(words) and different < len(words)):
        return "space"
    raise UserError(
        f"{path}: no line has a tab between label and text, and the {len(words):,} lines begin with {different:,} "
        f"different words, too many to be labels (--form says what it is: {', '.join(FORMS)})"
    )


def _columns(path, rows, columns):
    """Where in a row its label and its text are, and the number of rows, 0 or 1, that only name columns."""
    n, first = rows[0]
    for m, fields in rows:
        if len(fields) != len(first):
            raise UserError(f"{path}:{m}: the number of columns is {len(fields)}, must be {len(first)} as in line {n}")
    names = [cell.strip().lower() for cell in first]
    columns = [None if column is None else str(column).strip().lower() for column in columns]
    label, text = (_place(path, column, names) for column in columns)
    has_header = _is_header(first, rows) or any(column and not column.isdecimal() for column in columns)
    if has_header:
        label = next((names.index(name) for name in LABELS if name in names), None) if label is None else label
        text = next((names.index(name) for name in TEXTS if name in names), None) if text is None else text
    if len(first) == 2 and label is None:
        counts = [len({fields[place] for _, fields in rows}) for place in (0, 1)]
        label = int(counts[1] < counts[0]) if text is None else 1 - text
    if len(first) == 2 and text is None:
        text = 1 - label
    if label is None or text is None or label == text:
        shown = ", ".join(name[:20] for name in names[:8])
        raise UserError(
            f"{path}:{n}: which of the columns is the label and which the text cannot be determined from {shown}: "
            "name them by --label-column and --text-column"
        )
    return label, text, int(has_header)


def _place(path, column, names):
    """Where a column is that was named or numbered; None for None. Raises ``UserError`` if it is not there."""
    if column is None:
        return None
    if column in names and not column.isdecimal():
        return names.index(column)
    if column.isdecimal() and 1 <= int(column) <= len(names):
        return int(column) - 1
    shown = ", ".join(name[:20] for name in names[:8])
    raise UserError(f"{path}: has no column {column!r}, must be one of {shown}, or a number in 1..{len(names)}")


def _is_header(first, rows):
    """Whether the first row names columns: no other row may have such a name in the same place."""
    places = _header_cells(first)
    return bool(places) and not any(fields[k] == first[k] for _, fields in rows if fields != first for k in places)


def _header_cells(cells):
    """The places of the cells that are names of columns."""
    return [k for k, cell in enumerate(cells) if cell.strip().lower() in LABELS + TEXTS]
