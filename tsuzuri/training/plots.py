"""A training as pictures: the curves of its loss or error, and a classifier's confusion matrix."""

import io

import numpy

from tsuzuri.training.metrics import legible_name, text_width

COUNTED = 30  # classes up to which counts are written in the cells
NAMED = 60  # and up to which names are written beside them
TALLEST = 11.0  # inches of a matrix
LETTER = 0.64  # of its size, how wide a digit or a letter is
FONT = "DejaVu Sans"  # matplotlib's own
NOT_LETTERS = "Last Resort"  # fonts that have a box for every character
LIKELY = ("Noto Sans", "Gothic", "CJK", "JP", "Hiragino", "Meiryo")  # parts of names of plain fonts with many letters


def plot_loss_curves(history, title):
    """The bytes of a PNG with the training and validation loss of each epoch, the best one marked."""
    losses = {"training (with dropout)": "train_loss", "validation": "valid_loss"}
    lines = {label: [entry[name] for entry in history] for label, name in losses.items()}
    best = min(history, key=lambda entry: entry["valid_loss"])
    mark = best["epoch"], best["valid_loss"], f"best: {best['valid_loss']:.3f}"
    return _png(_by_epoch([entry["epoch"] for entry in history], lines, mark, "nats a word", title))


def plot_error_curves(history, title):
    """The bytes of a PNG with a classifier's errors in %, the best on validation marked, the first of equals.

    An entry of ``history`` has "epochs", which may be a fraction, and "train_error", "valid_error" and "test_error",
    shares from 0 to 1, the last one None where there is no test.
    """
    errors = {"training (with dropout)": "train_error", "validation": "valid_error", "test": "test_error"}
    series = {label: [entry[name] for entry in history] for label, name in errors.items()}
    lines = {label: [100 * error for error in line] for label, line in series.items() if None not in line}
    best = min(history, key=lambda entry: entry["valid_error"])
    label = f"best: {100 * best['valid_error']:.1f} %"
    if best["test_error"] is not None:
        label += f", test {100 * best['test_error']:.1f} %"
    mark = best["epochs"], 100 * best["valid_error"], label
    figure = _by_epoch([entry["epochs"] for entry in history], lines, mark, "error in %", title)
    figure.axes[0].set_ylim(bottom=0)
    return _png(figure)


def _by_epoch(epochs, lines, mark, unit, title):
    """A figure of lines by their labels, values in a unit, with one point marked: its epoch, its value and a label."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.subplots()
    for label, values in lines.items():
        axes.plot(epochs, values, ".-", label=label)
    epoch, value, label = mark
    axes.plot(epoch, value, "o", mfc="none", ms=12, color="C1", label=label)
    axes.set(xlabel="epoch", ylabel=unit)
    _entitle(axes, title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def plot_confusion(matrix, names, title):
    """The bytes of a PNG with a confusion matrix (K, K): a row for each class, a column for each guess.

    A cell is the darker, the larger its share of its row; up to ``COUNTED`` classes its count is written in it. Names
    that no font here has the letters for, or that are more than ``NAMED``, give way to numbers from 1; so does a title
    to nothing.
    """
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    K = len(matrix)
    cell = min(1.0, max(6 / K, 0.36), TALLEST / K)  # inches
    figure = Figure(figsize=(K * cell + 3, K * cell + 2), layout="constrained")
    axes = figure.subplots()
    shares = matrix / numpy.maximum(matrix.sum(axis=1, keepdims=True), 1)
    edges = 0.5, K + 0.5, K + 0.5, 0.5  # so that class 1 lies at 1
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, extent=edges)
    figure.colorbar(image, label="share of the class", shrink=0.8, aspect=30)
    if K <= COUNTED:
        _write_counts(axes, matrix, shares, cell)

    shown = [legible_name(name, 24) for name in names]
    font = font_file("".join(shown))
    by_number = font is None or K > NAMED
    note = "\n(classes by number, as in the table)" if by_number else ""
    axes.set(xlabel="guess" + note, ylabel="class")
    if K <= NAMED:
        numbers = range(1, K + 1)
        labels, size = list(map(str, numbers)) if by_number else shown, min(10, 50 * cell)
        look = {"fontproperties": FontProperties(fname=None if by_number else font, size=size), "parse_math": False}
        crowded = max(map(text_width, labels)) * LETTER * size > 72 * cell
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if crowded else {}
        axes.set_xticks(numbers, labels, **look, **turned)
        axes.set_yticks(numbers, labels, **look)
    _entitle(axes, title)
    return _png(figure)


def _write_counts(axes, matrix, shares, cell):
    """Each count in its cell of so many inches, as large as the longest of them allows."""
    size = min(11, 72 * cell * 0.9 / (LETTER * len(str(matrix.max()))))
    for (row, column), count in numpy.ndenumerate(matrix):
        ink = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column + 1, row + 1, str(count), size=size, color=ink, ha="center", va="center")


def _entitle(axes, title):
    """Put a title, cut to what has room, above a picture; nothing where no font has the letters for it."""
    from matplotlib.font_manager import FontProperties

    title = legible_name(title, 60)
    font = font_file(title)
    if font is not None:
        axes.set_title(title, fontproperties=FontProperties(fname=font, size=12), parse_math=False)


def font_file(text):
    """The file of a font that has every character of a text, matplotlib's own if it can; None where there is none."""
    from matplotlib.font_manager import fontManager
    from matplotlib.ft2font import FT2Font

    def rank(font):
        upright = font.style == "normal" and font.weight in (400, "normal", "regular")
        return not upright, font.name != FONT, not any(part in font.name for part in LIKELY), font.name, font.fname

    letters = set(map(ord, text))
    for font in sorted(fontManager.ttflist, key=rank):
        if NOT_LETTERS in font.name:
            continue
        try:
            charmap = FT2Font(font.fname).get_charmap()
        except (OSError, RuntimeError):  # gone since matplotlib listed it, or damaged
            continue
        if letters <= charmap.keys():
            return font.fname
    return None


def _png(figure):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream)
    return stream.getvalue()
