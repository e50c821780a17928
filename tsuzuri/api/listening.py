"""Who hears what a training says, and who may stop it: a bar where somebody looks, a callback, an interrupt."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from tsuzuri.training.log import Event, Listener
from tsuzuri.training.progress import ProgressBar

LOOK = 0.1  # seconds between two looks at whether the training's thread has ended: Windows hears no interrupt in a wait


def is_notebook() -> bool:
    """Whether this is a notebook's kernel: Jupyter, VS Code, Colab."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and getattr(shell, "kernel", None) is not None


def listener_of(callback: Callable[[Event], object] | None) -> Listener:
    """A listener that shows a bar where there is a terminal or a notebook, and hands every event to the callback."""
    bar = ProgressBar(shown=sys.stderr.isatty() or is_notebook())

    def listen(event: Event) -> None:
        bar(event)
        if callback:
            callback(event)

    return listen


def call_interruptibly(function: Callable[[Callable[[], bool]], None], stopped: Callable[[], bool]) -> None:
    """Call ``function(stop)``, with a ``stop()`` that is true once ``stopped()`` is, or once Ctrl-C was pressed.

    Ctrl-C, and a notebook's stop button, reach the main thread as ``KeyboardInterrupt``, anywhere, even in the middle
    of an update. So that the training can end between two of them and be saved, it runs in a thread of its own; the
    ``KeyboardInterrupt`` is raised again afterwards. A second one is raised at once. In any other thread no interrupt
    comes, and the function is called as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        function(stopped)
        return
    interrupted = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            function(lambda: interrupted.is_set() or stopped())
        except BaseException as error:  # whatever it is, it is raised where the call is
            failures.append(error)

    thread = threading.Thread(target=work, name="training", daemon=True)
    thread.start()
    try:
        _wait(thread)
    except KeyboardInterrupt:
        interrupted.set()
        _wait(thread)
    if failures:
        raise failures[0]
    if interrupted.is_set():
        raise KeyboardInterrupt("the training was stopped, and is saved: resume() goes on with it")


def _wait(thread: threading.Thread) -> None:
    while thread.is_alive():
        thread.join(LOOK)
