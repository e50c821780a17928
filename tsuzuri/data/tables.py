"""A file's lines to labels and texts: parted by a tab, by a space, or as CSV has it.

A line ends at LF, CR LF or CR and nowhere else, for texts hold characters that Unicode counts as line ends. A tab parts
columns wherever it stands; where commas do, a quoted text may go over several lines. The first line may name the
columns. Where it does not, the label is in the one of two columns that holds fewer different values.
"""

import csv
import io

from tsuzuri.errors import UserError

LABELS = ("label", "labels", "class", "category", "sentiment", "polarity", "target")  # names of columns, best first
TEXTS = ("text", "review", "sentence", "content", "document", "message")
MARK = "__label__"  # with which fastText's labels begin


def numbered_lines(text):
    """(number, line) for each line of a text whose lines end in LF."""
    return enumerate(text.removesuffix("\n").split("\n"), 1)


def labeled_lines(path, text, form, columns=(None, None)):
    """(number, (label, text)) for each line of a file in one of ``FORMS``, a list; None in place of a blank one's pair.

    ``columns`` are the names or numbers, from 1, of the label's and the text's. Raises ``UserError`` for a line that is
    not in this form, and for columns that are not there or that cannot be told.
    """
    rows = list(FORMS[form](path, text))
    filled = [(n, fields) for n, fields in rows if fields]
    if not filled:
        raise UserError(f"{path}: holds no example, all its rows are blank")
    label, text, start = (0, 1, 0) if form == "space" else _columns(path, filled, columns)
    found = [(n, (fields[label], fields[text]) if fields else None) for n, fields in rows]
    return [row for row in found if row[0] != filled[0][0]] if start else found


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


FORMS = {"tab": _tab, "csv": _csv, "space": _space}  # of files: (path, text) to (line number, fields), none if blank


def guess_form(path, text):
    """The form of a file by its name, its first line, and whether its lines begin with few different words."""
    if path.lower().endswith(".csv"):
        return "csv"
    if path.lower().endswith(".tsv") or "\t" in text:
        return "tab"
    filled = [line for _, line in numbered_lines(text) if line.strip()]
    if "," in filled[0] and _names(filled[0].split(",")):
        return "csv"
    words = [line.split(None, 1)[0] for line in filled]
    different = len(set(words))
    if all(word.startswith(MARK) for word in words) or (different**2 <= 4 * len(words) and different < len(words)):
        return "space"
    raise UserError(
        f"{path}: no line has a tab between label and text, and the {len(words):,} lines begin with {different:,} "
        f"different words, too many to be labels (--form says what it is: {', '.join(FORMS)})"
    )


def _columns(path, rows, wanted):
    """Where in a row its label and its text are, and the number of rows that only name columns."""
    n, first = rows[0]
    for m, fields in rows:
        if len(fields) != len(first):
            raise UserError(f"{path}:{m}: the number of columns is {len(fields)}, must be {len(first)} as in line {n}")
    names = [cell.strip().lower() for cell in first]
    wanted = [None if column is None else str(column).strip().lower() for column in wanted]
    label, text = (_place(path, column, names) for column in wanted)
    has_names = _is_header(first, rows) or any(column and not column.isdecimal() for column in wanted)
    if has_names:
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
            f"{path}:{n}: which of the columns is the label and which the text cannot be told of {shown}: "
            "name them by --label-column and --text-column"
        )
    return label, text, int(has_names)


def _place(path, column, names):
    """Where a column is, which is wanted by its name or its number."""
    if column is None:
        return None
    if column in names and not column.isdecimal():
        return names.index(column)
    if column.isdecimal() and 1 <= int(column) <= len(names):
        return int(column) - 1
    shown = ", ".join(name[:20] for name in names[:8])
    raise UserError(f"{path}: has no column {column!r}, must be one of {shown}, or a number in 1..{len(names)}")


def _is_header(first, rows):
    """Whether the first row names columns: in no other row may such a name be a label or a text in its place."""
    named = _names(first)
    return bool(named) and not any(fields[k] == first[k] for _, fields in rows if fields != first for k in named)


def _names(cells):
    """The places of the cells that are names of columns."""
    return [k for k, cell in enumerate(cells) if cell.strip().lower() in LABELS + TEXTS]
