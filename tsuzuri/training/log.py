"""What a training says while it runs: a bar on a terminal, a line an epoch, and ``log.jsonl``."""

import json
import math
import sys


class Output:
    """Where a training says what it does; this one says nothing, the commands' says it on the terminal."""

    def note(self, line):
        """Something on the way, such as which engine computes."""

    def show(self, line):
        """A result: an entry of the history, or the test of the best model."""


class Progress:
    """A bar over an epoch's batches with loss, speed and time left, on standard error; silent off a terminal."""

    def __init__(self, epoch, unit, batches, done):
        import tqdm  # here, since models and learners do without it, as on a machine that only tests the GPU's kernels

        look = {"unit": f" {unit}s", "leave": False, "dynamic_ncols": True, "disable": not sys.stderr.isatty()}
        self._bar = tqdm.tqdm(total=batches, initial=done, desc=f"epoch {epoch}", **look)

    def step(self, speed, loss=None):
        """One batch is done, at so many words a second; ``loss`` is the recent mean loss, where it is known."""
        if loss is not None and not self._bar.disable:
            self._bar.set_postfix_str(f"loss {loss:.3f}, {speed:,.0f} words/s", refresh=False)
        self._bar.update()

    def clear(self):
        """Take the bar away for a line; the next step shows it again."""
        self._bar.clear()

    def close(self):
        self._bar.close()


def describe_loss(nats, bits=None, width=0):
    """What a loss of so many nats a word comes to, for people; ``bits`` turns it into bits a note, for music."""
    return f"{bits * nats:.2f} bits a note" if bits else f"perplexity {math.exp(min(700, nats)):{width}.1f}"


def language_model_line(entry, bits=None):
    """An epoch's log entry for people; ``bits`` as for ``describe_loss``."""
    return (
        f"epoch {entry['epoch']:3d}   train loss {entry['train_loss']:.3f}   "
        f"valid loss {entry['valid_loss']:.3f} {describe_loss(entry['valid_loss'], bits, 8)}   "
        f"lr {entry['lr']:.2g}   {entry['words_per_second']:6,.0f} words/s{'   best' if entry['best'] else ''}"
    )


def classifier_line(entry):
    """A classifier's log entry for people."""
    tested = "" if entry["test_error"] is None else f"test error {entry['test_error']:5.1%}   "
    return (
        f"epoch {entry['epochs']:5.1f}   train loss {entry['train_loss']:.3f} error {entry['train_error']:5.1%}   "
        f"valid loss {entry['valid_loss']:.3f} error {entry['valid_error']:5.1%}   {tested}"
        f"{entry['words_per_second']:6,.0f} words/s{'   best' if entry['best'] else ''}"
    )


def dump_history(history):
    """The bytes of ``log.jsonl``: all epochs anew, so that a resumed log never holds an epoch twice."""
    return "".join(json.dumps(entry) + "\n" for entry in history).encode()
