"""Who hears what a training says, and who may stop it: a bar where somebody looks, a callback, an interrupt."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import threading
from collections.abc import Callable, Iterator

from tsuzuri.api.arguments import in_python, warn
from tsuzuri.errors import UserError
from tsuzuri.options.values import shown
from tsuzuri.training.log import Event, Listener
from tsuzuri.training.progress import ProgressBar

Stop = threading.Event | Callable[[], bool]
LOOK = 0.1  # seconds between two looks at whether the training's thread has ended: Windows hears no interrupt in a wait


def is_notebook() -> bool:
    """Whether this is a notebook's kernel: Jupyter, VS Code, Colab."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and getattr(shell, "kernel", None) is not None


def is_terminal() -> bool:
    """Whether standard error is a terminal; a program without a console may have none at all."""
    return sys.stderr is not None and sys.stderr.isatty()


@contextlib.contextmanager
def listening(callback: Callable[[Event], object] | None) -> Iterator[Listener]:
    """A listener that shows a bar where there is a terminal or a notebook, and hands every event to the callback.

    However the training ends, the bar is gone afterwards. Raises ``UserError`` for a callback that cannot be called.
    """
    if callback is not None and not callable(callback):
        raise UserError(f"callback: is {shown(callback)}, must be a function that takes an event")
    bar = ProgressBar(shown=is_terminal() or is_notebook())

    def listen(event: Event) -> None:
        bar(event)
        if event.kind in ("note", "warning"):
            event = dataclasses.replace(event, text=in_python(event.text))
        if event.kind == "warning":
            warn(" ".join(event.text.split()))
        if callback:
            callback(event)

    try:
        yield listen
    finally:
        bar.close()


def wish_to_stop(stop: Stop | None) -> Callable[[], bool]:
    """What a training asks after each batch; raises ``UserError`` for what cannot say it.

    >>> wish_to_stop(threading.Event())()
    False
    """
    if stop is None:
        return lambda: False
    if isinstance(stop, threading.Event):
        return stop.is_set
    if not callable(stop):
        raise UserError(f"stop: is {shown(stop)}, must be a threading.Event, or a function that returns true to stop")
    return stop


def call_interruptibly(function: Callable[[Callable[[], bool]], object], stopped: Callable[[], bool]) -> None:
    """Call ``function(stop)``, with a ``stop()`` that is true once ``stopped()`` is, or once Ctrl-C was pressed.

    Ctrl-C, and a notebook's stop button, reach the main thread as ``KeyboardInterrupt``, anywhere, even in the middle
    of an update. So that the training can end between two of them and be saved, it runs in a thread of its own; the
    ``KeyboardInterrupt`` is raised again afterwards. A second one is raised at once. In any other thread no interrupt
    comes, and the function is called as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        function(stopped)
        return
    interrupted, done = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            function(lambda: interrupted.is_set() or stopped())
        except BaseException as error:  # whatever it is, it is raised where the call is
            failures.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=work, name="training", daemon=True)
    try:
        thread.start()  # it waits for the thread to be there, and an interrupt may come meanwhile
        _wait(done)
    except KeyboardInterrupt:
        interrupted.set()
        _wait(done)
    if failures:
        raise failures[0]
    if interrupted.is_set():
        raise KeyboardInterrupt("the training was stopped, and is saved: resume() goes on with it")


def _wait(done: threading.Event) -> None:
    """Wait, but not by ``Thread.join``: before Python 3.13 one that was interrupted takes the thread for ended."""
    while not done.wait(LOOK):
        pass
