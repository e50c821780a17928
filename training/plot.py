"""The loss curves as a picture."""

import io


def curves(history, title):
    """The bytes of a PNG with the training and validation loss of each epoch, the best one marked."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    epochs = [entry["epoch"] for entry in history]
    figure = Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(epochs, [entry["train_loss"] for entry in history], ".-", label="training (with dropout)")
    axes.plot(epochs, [entry["valid_loss"] for entry in history], ".-", label="validation")
    best = min(history, key=lambda entry: entry["valid_loss"])
    label = f"best: {best['valid_loss']:.3f}"
    axes.plot(best["epoch"], best["valid_loss"], "o", mfc="none", ms=12, color="C1", label=label)
    axes.set(xlabel="epoch", ylabel="nats a word")
    axes.set_title(title if title.isascii() else "", parse_math=False)  # matplotlib's own font has no Japanese
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream)
    return stream.getvalue()
