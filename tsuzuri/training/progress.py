"""A bar over a whole training, on standard error."""

from __future__ import annotations

from typing import Any

from tsuzuri.training.log import Event


class ProgressBar:
    """A ``Listener`` that draws a bar: epoch, time taken and left for all epochs, loss and speed.

    It takes itself away for every event that has a text, so that who prints it calls the bar first. Where it is not
    ``shown`` it does nothing.

        epoch 3/20:  11%|███▋                            | 02:10, 17:04 left, loss 4.312, 21,350 words/s
    """

    def __init__(self, shown: bool) -> None:
        self._shown = shown
        self._bar: Any = None  # of tqdm

    def __call__(self, event: Event) -> None:
        """Draw the bar anew for batches, or take it away for a line."""
        if event.kind == "batch" and self._shown:
            self._draw(event)
        elif event.kind == "end":
            self.close()
        elif event.text and self._bar is not None:
            self._bar.clear()

    def close(self) -> None:
        """Take the bar away for good."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _draw(self, event: Event) -> None:
        import tqdm  # here, since models and learners do without it, as on a machine that only tests the GPU's kernels

        if self._bar is None:
            look = {"leave": False, "dynamic_ncols": True, "bar_format": "{l_bar}{bar}| {elapsed}{postfix}"}
            self._bar = tqdm.tqdm(total=1.0, initial=event.done, **look)
        parts = []
        if event.seconds_left is not None:
            parts.append(f"{tqdm.tqdm.format_interval(event.seconds_left)} left")
        if event.loss is not None:
            parts.append(f"loss {event.loss:.3f}")
        if event.words_per_second is not None:
            parts.append(f"{event.words_per_second:,.0f} words/s")
        self._bar.n = event.done
        self._bar.set_description(f"epoch {event.epoch}/{event.epochs}", refresh=False)
        self._bar.set_postfix_str(", ".join(parts))
