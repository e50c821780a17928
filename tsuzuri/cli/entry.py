"""The way in: what the scripts call first, so that Ctrl-C is heard and quiet while modules load."""

import sys

AGAIN = 0.05  # seconds


def enter(command: str | None = None) -> None:
    """Do what ``program.start`` does; it leaves the process."""
    sys.unraisablehook = _interrupt_again
    try:
        from tsuzuri.cli import signals

        signals.record_interrupts()
        from tsuzuri.cli import program
    except KeyboardInterrupt:
        sys.exit(130)  # 128 + SIGINT, for whose name there may be no module yet
    program.start(command)


def _interrupt_again(unraisable):
    """Interrupt anew after a Ctrl-C that came within a destructor or a callback, of which Python would only tell."""
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    import _thread
    import threading

    threading.Timer(AGAIN, _thread.interrupt_main).start()
