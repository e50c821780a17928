"""A classifier's pictures: that they are pictures, what is drawn where, and names in letters that no font has."""

import io

import matplotlib.image
import numpy
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, fontManager
from matplotlib.ft2font import FT2Font

from tsuzuri.training import metrics, plots

NOTE = "(classes by number, as in the table)"
JAPANESE = ["嬉しい", "悲しい", "怒り"]


@pytest.fixture
def figures(monkeypatch):
    """Matplotlib's figures as they are made, to be looked at after they became pixels."""
    made = []

    class Kept(Figure):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    monkeypatch.setattr("matplotlib.figure.Figure", Kept)
    return made


@pytest.fixture
def own_fonts_alone(monkeypatch):
    """A machine with no fonts but matplotlib's own."""
    monkeypatch.setattr(fontManager, "ttflist", [font for font in fontManager.ttflist if "mpl-data" in font.fname])


def pixels(png):
    """Read a PNG back: float (height, width, 4)."""
    assert png.startswith(b"\x89PNG\r\n")
    return matplotlib.image.imread(io.BytesIO(png))


def labels(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


def history(rng, entries, test=True):
    found = rng.random((entries, 3)).tolist()
    return [
        {"epochs": 0.25 * n, "train_error": a, "valid_error": b, "test_error": c if test else None}
        for n, (a, b, c) in enumerate(found, 1)
    ]


# Curves


@pytest.mark.parametrize("test", [True, False])
@pytest.mark.parametrize("entries", [1, 3, 50])
def test_the_curves_are_the_errors_in_percent(figures, rng, entries, test):
    entered = history(rng, entries, test)
    pixels(plots.plot_error_curves(entered, "runs/mine"))
    (axes,) = figures[0].axes
    *lines, mark = axes.lines
    names = ["train_error", "valid_error", "test_error"][: 3 if test else 2]
    for line, name in zip(lines, names, strict=True):
        assert line.get_xdata() == pytest.approx([entry["epochs"] for entry in entered])
        assert line.get_ydata() == pytest.approx([100 * entry[name] for entry in entered])
    best = min(entered, key=lambda entry: entry["valid_error"])
    assert (*mark.get_xdata(), *mark.get_ydata()) == pytest.approx((best["epochs"], 100 * best["valid_error"]))
    tested = f", test {100 * best['test_error']:.1f} %" if test else ""
    assert mark.get_label() == f"best: {100 * best['valid_error']:.1f} %{tested}"
    assert axes.get_title() == "runs/mine"


def test_of_equal_errors_the_first_is_the_best(figures, rng):
    entered = [entry | {"valid_error": 0.5} for entry in history(rng, 4)]
    plots.plot_error_curves(entered, "")
    assert figures[0].axes[0].lines[-1].get_xdata().tolist() == [0.25]


def losses(rng, entries):
    found = rng.random((entries, 2)).tolist()
    return [{"epoch": n, "train_loss": a, "valid_loss": b} for n, (a, b) in enumerate(found, 1)]


@pytest.mark.parametrize("entries", [1, 3, 50])
def test_the_curves_are_the_losses(figures, rng, entries):
    entered = losses(rng, entries)
    pixels(plots.plot_loss_curves(entered, "runs/mine"))
    (axes,) = figures[0].axes
    *lines, mark = axes.lines
    for line, name in zip(lines, ["train_loss", "valid_loss"], strict=True):
        assert line.get_xdata().tolist() == list(range(1, entries + 1))
        assert line.get_ydata().tolist() == [entry[name] for entry in entered]
    best = min(entered, key=lambda entry: entry["valid_loss"])
    assert (*mark.get_xdata(), *mark.get_ydata()) == (best["epoch"], best["valid_loss"])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "training (with dropout)",
        "validation",
        f"best: {best['valid_loss']:.3f}",
    ]
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == ("runs/mine", "epoch", "nats a word")


def test_epochs_are_ruled_at_whole_numbers_where_there_are_some(figures, rng):
    for entries in (2, 80):
        plots.plot_error_curves(history(rng, entries), "")
    few, many = (figure.axes[0].get_xticks() for figure in figures)
    assert (many == many.astype(int)).all()
    assert sum((few >= 0.25) & (few <= 0.5)) > 1


# The confusion matrix


def test_a_cell_is_colored_by_its_share_of_its_row(figures):
    matrix = numpy.array([[90, 10, 0], [1, 1, 0], [0, 0, 0]])
    pixels(plots.plot_confusion(matrix, ["a", "b", "c"], "mine"))
    axes = figures[0].axes[0]
    (image,) = axes.images
    assert image.get_array().tolist() == [[0.9, 0.1, 0], [0.5, 0.5, 0], [0, 0, 0]]
    assert image.get_clim() == (0, 1)
    assert labels(axes.xaxis) == labels(axes.yaxis) == ["a", "b", "c"]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("guess", "class", "mine")


def test_the_dark_cells_are_where_they_belong(figures):
    seen = pixels(plots.plot_confusion(numpy.array([[0, 7], [7, 0]]), ["a", "b"], ""))
    axes, height = figures[0].axes[0], len(seen)
    for x, y in ((1, 1), (2, 1), (1, 2), (2, 2)):
        right, up = axes.transData.transform((x - 0.3, y - 0.3)).astype(int)  # beside the count
        red = seen[height - up, right, 0]
        assert red < 0.2 if x != y else red > 0.9


@pytest.mark.parametrize("classes", [2, 9, 30])
def test_counts_are_written_in_their_cells_and_can_be_read(figures, rng, classes):
    matrix = rng.integers(0, 10 ** rng.integers(1, 6, (classes, classes)))
    pixels(plots.plot_confusion(matrix, [f"class {k}" for k in range(classes)], ""))
    axes = figures[0].axes[0]
    written = {text.get_position(): text for text in axes.texts}
    assert len(written) == matrix.size
    shares = axes.images[0].get_array()
    wide = axes.transData.transform([(1, 1), (2, 1)])[:, 0] @ [-1, 1]
    for (row, column), count in numpy.ndenumerate(matrix):
        text = written[column + 1, row + 1]
        assert text.get_text() == str(count)
        assert text.get_color() == ("white" if shares[row, column] > 0.5 else "black")
        assert text.get_size() >= 5
        assert text.get_window_extent().width < wide


@pytest.mark.parametrize(("classes", "named"), [(31, True), (60, True), (61, False), (1000, False)])
def test_many_classes_have_no_counts_and_then_no_names(figures, classes, named):
    names = [f"n{k}" for k in range(classes)]
    seen = pixels(plots.plot_confusion(numpy.eye(classes, dtype=int), names, ""))
    axes = figures[0].axes[0]
    assert len(axes.texts) == 0
    assert (labels(axes.yaxis) == names) == named
    assert (NOTE in axes.get_xlabel()) == (not named)
    assert max(seen.shape) < 1600
    assert axes.get_xlim() == (0.5, classes + 0.5)
    assert axes.get_ylim() == (classes + 0.5, 0.5)


def test_names_that_no_font_has_the_letters_for_become_numbers(figures, own_fonts_alone):
    seen = pixels(plots.plot_confusion(numpy.eye(3, dtype=int), JAPANESE, "題"))  # a warning would fail here
    axes = figures[0].axes[0]
    assert labels(axes.xaxis) == labels(axes.yaxis) == ["1", "2", "3"]
    assert axes.get_xlabel() == f"guess\n{NOTE}"
    assert axes.get_title() == ""
    assert seen[..., 0].min() < 0.2


def test_japanese_names_wherever_they_are_drawn(figures):
    pixels(plots.plot_confusion(numpy.eye(3, dtype=int), JAPANESE, "題"))
    axes = figures[0].axes[0]
    wanted = ["1", "2", "3"] if NOTE in axes.get_xlabel() else JAPANESE
    assert labels(axes.xaxis) == wanted


def test_a_font_with_the_letters_is_found(figures, own_fonts_alone, monkeypatch):
    """For a letter that matplotlib's own font lacks; fonts that are gone, or are none, are passed by."""
    files = {font.name: font.fname for font in fontManager.ttflist if font.style == "normal" and font.weight == 400}
    known, others = (FT2Font(files[name]).get_charmap().keys() for name in ("DejaVu Sans", "STIXGeneral"))
    letter = next(chr(c) for c in sorted(others - known) if chr(c).isprintable() and metrics.text_width(chr(c)) == 1)
    odd = [FontEntry(fname=name, name="A Noto Sans") for name in ("/none/there.ttf", __file__, files["STIXGeneral"])]
    monkeypatch.setattr(fontManager, "ttflist", [*odd, *fontManager.ttflist])
    assert plots.font_file("abc") == files["DejaVu Sans"]
    assert ord(letter) in FT2Font(plots.font_file("ab" + letter)).get_charmap()
    assert plots.font_file("ab" + letter + "嬉") is None

    names = [letter, "a"]
    pixels(plots.plot_confusion(numpy.eye(2, dtype=int), names, letter))
    axes = figures[0].axes[0]
    assert labels(axes.xaxis) == [metrics.legible_name(name) for name in names]
    assert axes.get_title()


def test_odd_names_are_drawn_as_they_are(figures, own_fonts_alone):
    names = ["$x^2$", r"$\frac{$", "_", "a\nb", "long " * 20, "", "\udcff"]
    pixels(plots.plot_confusion(numpy.eye(7, dtype=int), names, "$\\bad$\n"))
    axes = figures[0].axes[0]
    assert labels(axes.xaxis)[:4] == ["$x^2$", r"$\frac{$", "_", "a b"]
    assert axes.get_title() == "$\\bad$ "
    widest = max(text.get_window_extent().width for text in axes.yaxis.get_ticklabels())
    assert widest < figures[0].bbox.width / 3


def test_every_picture_has_its_title_in_a_font_with_the_letters(figures, rng, own_fonts_alone):
    """Of matplotlib's own fonts another than the first has a script A, and none has 題: it is left out."""
    for title in ("runs/mine", "$\\bad$", "a\nb", "\U0001d49c", "題", "long " * 20):
        plots.plot_loss_curves(losses(rng, 3), title)
        plots.plot_error_curves(history(rng, 3), title)
        plots.plot_confusion(numpy.eye(2, dtype=int), ["a", "b"], title)
        drawn = {figure.axes[0].get_title() for figure in figures}
        files = {figure.axes[0].title.get_fontproperties().get_file() for figure in figures}
        figures.clear()
        assert drawn == {"" if title == "題" else metrics.legible_name(title, 60)}
        if title != "題":
            assert files == {plots.font_file(metrics.legible_name(title, 60))}


def test_names_lie_flat_where_there_is_room(figures):
    for names in (["pos", "neg"], ["a long name of a class"] * 2):
        plots.plot_confusion(numpy.eye(2, dtype=int), names, "")
    flat, turned = (figure.axes[0].get_xticklabels()[0].get_rotation() for figure in figures)
    assert (flat, turned) == (0, 45)
