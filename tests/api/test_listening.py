"""Who sees a bar, and who may stop a training."""

import io
import os
import signal
import struct
import sys
import threading
import time
import types

import pytest

import tsuzuri
from tests.api.conftest import SMALL, TEXT
from tsuzuri.api.listening import call_interruptibly, is_notebook, listening, wish_to_stop

FEW = SMALL | {"epoch": 1, "sample_every": 0}


@pytest.fixture
def notebook(monkeypatch):
    """What a notebook's kernel looks like to a program in it."""
    ipython = types.SimpleNamespace(get_ipython=lambda: types.SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", ipython)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such terminals")
def test_a_bar_is_shown_on_a_terminal(tmp_path, monkeypatch):
    import fcntl
    import termios

    main, terminal = os.openpty()
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))  # rows and columns
        os.set_blocking(main, False)
        with open(terminal, "w", encoding="utf-8", closefd=False) as stream:
            monkeypatch.setattr(sys, "stderr", stream)
            tsuzuri.train(texts=[TEXT], out=tmp_path / "run", **FEW)
            stream.flush()
            shown = os.read(main, 100_000).decode()
    finally:
        os.close(main)
        os.close(terminal)
    assert "epoch 1/1:" in shown
    assert shown.rpartition("\r")[2].strip() == ""  # it is gone in the end


def test_a_bar_is_shown_in_a_notebook(tmp_path, monkeypatch, notebook):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    assert is_notebook()
    tsuzuri.train(texts=[TEXT], out=tmp_path / "run", **FEW)
    assert "epoch 1/1:" in stream.getvalue()


def test_a_bar_is_gone_after_an_exception(tmp_path, monkeypatch, notebook):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)

    def fail(event):
        if event.kind == "batch":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tsuzuri.train(texts=[TEXT], out=tmp_path / "run", callback=fail, **FEW)
    assert "epoch 1/1:" in stream.getvalue()
    assert stream.getvalue().rpartition("\r")[2].strip() == ""


@pytest.mark.parametrize("shell", [None, types.SimpleNamespace()])
def test_ipython_without_a_kernel_is_no_notebook(monkeypatch, shell):
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert not is_notebook()


def test_nothing_is_shown_elsewhere(tmp_path, capfd):
    tsuzuri.train(texts=[TEXT], out=tmp_path / "run", **FEW)
    assert capfd.readouterr() == ("", "")


def test_a_program_without_a_console_trains_too(tmp_path, monkeypatch):
    """As pythonw is: it has no standard error at all."""
    monkeypatch.setattr(sys, "stderr", None)
    assert len(tsuzuri.train(texts=[TEXT], out=tmp_path / "run", **FEW).history) == 1


def test_what_is_called_in_the_main_thread_runs_in_another():
    threads = []
    call_interruptibly(lambda stop: threads.append(threading.current_thread()), lambda: False)
    assert threads != [threading.main_thread()]


def test_what_is_called_in_another_thread_runs_there():
    threads = []

    def work():
        call_interruptibly(lambda stop: threads.append(threading.current_thread()), lambda: False)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert threads == [thread]


def test_an_interrupt_is_a_wish_to_stop_and_is_raised_once_all_is_saved():
    saved = []

    def work(stop):
        os.kill(os.getpid(), signal.SIGINT)  # as Ctrl-C does: it reaches the main thread
        while not stop():
            time.sleep(0.01)
        time.sleep(0.5)  # as long as saving may take
        saved.append(True)

    with pytest.raises(KeyboardInterrupt, match="is saved"):
        call_interruptibly(work, lambda: False)
    assert saved == [True]


def test_a_second_interrupt_is_raised_at_once():
    release = threading.Event()

    def work(stop):
        os.kill(os.getpid(), signal.SIGINT)
        while not stop():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        release.wait(60)

    with pytest.raises(KeyboardInterrupt) as caught:
        call_interruptibly(work, lambda: False)
    assert str(caught.value) == ""  # nothing is said to be saved
    assert not release.is_set()
    release.set()


def test_an_error_of_the_training_is_raised_where_it_was_called():
    error = tsuzuri.UserError("the loss became nan")

    def work(stop):
        raise error

    with pytest.raises(tsuzuri.UserError) as caught:
        call_interruptibly(work, lambda: False)
    assert caught.value is error


def test_a_wish_to_stop_is_an_event_or_a_function():
    event = threading.Event()
    assert wish_to_stop(None)() is False
    assert wish_to_stop(event)() is False
    event.set()
    assert wish_to_stop(event)() is True
    assert wish_to_stop(lambda: 1)() == 1


def test_every_event_reaches_the_callback():
    heard = []
    with listening(heard.append) as listener:
        for kind in ("note", "batch", "end"):
            listener(tsuzuri.Event(kind, kind))
    assert [event.kind for event in heard] == ["note", "batch", "end"]
