"""Ctrl-C: the first is noted, the second stops at once."""

import signal

import pytest

from tsuzuri.cli.signals import Interrupt


@pytest.fixture
def interruptible():
    """Ctrl-C as in a terminal: a shell lets what it runs in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_the_second_interrupt_is_not_held_up():
    with Interrupt() as interrupt:
        assert interrupt.signal is None
        signal.raise_signal(signal.SIGINT)
        assert interrupt.signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
