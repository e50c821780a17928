"""The program ``tsuzuri``: its commands, its name in messages, and how a command is called again."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tsuzuri.cli import console, program


def call(monkeypatch, capsys, *words, script="/usr/local/bin/tsuzuri"):
    """The status, the output and the messages of the program on these words."""
    monkeypatch.setattr(sys, "argv", [script, *words])
    with pytest.raises(SystemExit) as leaving:
        program.start()
    return leaving.value.code or 0, *capsys.readouterr()


def test_help_has_a_line_for_each_command_and_examples(monkeypatch, capsys):
    status, out, err = call(monkeypatch, capsys, "--help")
    assert (status, err) == (0, "")
    for name in ("train", "generate", "read-midi", "write-midi", "classify", "doctor"):
        assert f"\n  {name} " in out
    assert out.count("\n  tsuzuri ") == 2
    assert call(monkeypatch, capsys) == (0, out, "")


def test_each_command_can_be_called_in_both_spellings(monkeypatch, capsys):
    for name in program.COMMANDS:
        for spelling in {name, name.replace("-", "_")}:
            status, out, _ = call(monkeypatch, capsys, spelling, "--help")
            assert status == 0
            assert out.startswith(f"usage: tsuzuri {name} ")
    assert call(monkeypatch, capsys, "classify", "predict", "--help")[1].startswith("usage: tsuzuri classify predict ")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("trian", "did you mean train?"),
        ("read_mid", "did you mean read-midi?"),
        ("generate.py", "did you mean generate?"),
        ("xyz", "must be one of train, generate, read-midi, write-midi, classify, doctor"),
    ],
)
def test_a_wrong_command_gets_one_line(monkeypatch, capsys, word, hint):
    message = f"tsuzuri: error: {word}: not a command: {hint} (--help lists them)\n"
    assert call(monkeypatch, capsys, word) == (2, "", message)


def test_an_error_names_the_command(monkeypatch, capsys):
    status, _, err = call(monkeypatch, capsys, "read_midi", "/nowhere")
    assert status == 2
    assert err.startswith("tsuzuri read-midi: error: /nowhere: ")


def test_a_package_that_is_missing_is_one_line(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tsuzuri.cli.generate", None)  # as a bug of ours would look
    with pytest.raises(ModuleNotFoundError):
        call(monkeypatch, capsys, "generate")

    def main(argv):
        raise ModuleNotFoundError("No module named 'numpy'", name="numpy")

    monkeypatch.setattr(program, "main", main)
    status, _, err = call(monkeypatch, capsys, "train")
    assert status == 2
    assert err.startswith("tsuzuri train: error: the package numpy is not installed: install Tsuzuri with its ")


def test_without_chainer_one_line_says_what_to_run(tmp_path):
    code = "import sys; sys.modules['chainer'] = None; from tsuzuri.cli import program; program.start('train')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pip install --no-build-isolation chainer==7.8.1" in done.stderr


@pytest.mark.parametrize(
    ("script", "words", "name"),
    [
        ("train.py", ["python", "read_midi.py"], "train.py"),
        ("/usr/bin/tsuzuri", ["tsuzuri", "read-midi"], "tsuzuri train"),
        ("tsuzuri.exe", ["tsuzuri", "read-midi"], "tsuzuri train"),
        ("/site-packages/tsuzuri/__main__.py", ["python", "-m", "tsuzuri", "read-midi"], "tsuzuri train"),
        ("/site-packages/pytest/__main__.py", ["python", "read_midi.py"], "__main__.py"),
    ],
)
def test_a_command_is_called_again_as_this_process_was(monkeypatch, script, words, name):
    monkeypatch.setattr(sys, "argv", [script, "train"])
    assert console.invocation("read-midi") == words
    assert console.program_name() == name


def test_help_is_there_at_once():
    code = "import sys; from tsuzuri.cli import program; program.main(['--help']); print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    loaded = done.stdout.splitlines()
    assert "tsuzuri.cli.program" in loaded
    assert not {"numpy", "chainer", "importlib.metadata", "tsuzuri.cli.train"} & set(loaded)
