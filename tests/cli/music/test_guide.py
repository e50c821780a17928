"""The guide to MIDI shows commands that work, and what they really say."""

import re
import shlex
import subprocess

from tests.conftest import ROOT
from tsuzuri.cli import options
from tsuzuri.options.generate import TABLES as GENERATE
from tsuzuri.options.train import TABLES as TRAIN


def guide_blocks():
    """The (command, output) of each command line in docs/midi.md."""
    blocks = re.findall(r"(?ms)^```\n(\$ .*?)^```$", (ROOT / "docs" / "midi.md").read_text(encoding="utf-8"))
    for line in re.split(r"(?m)^\$ ", "".join(blocks))[1:]:
        command, _, output = line.partition("\n")
        yield command, output


def test_the_guide_shows_real_commands_and_their_output(command, shared, tmp_path, monkeypatch):
    """Those of docs/midi.md: all that read and write MIDI are run; of the others the options are parsed."""
    (tmp_path / "ryan").symlink_to(shared / "midi_ryan" / "midi")
    (tmp_path / "band.mid").symlink_to(shared / "midi_freedoom" / "d_dm01.mid")
    monkeypatch.chdir(tmp_path)
    run = 0
    for line, output in guide_blocks():
        words = shlex.split(line)
        if words[0] != "python":
            done = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)
            assert done.stdout.rstrip() == output.rstrip()
        elif words[1] in ("read_midi.py", "write_midi.py"):
            done = command(*words[1:])
            assert (done.stdout + done.stderr).rstrip() == output.rstrip(), line
            run += 1
        else:
            tables = {"train.py": TRAIN, "generate.py": GENERATE}[words[1]]
            options.Parser("", tables).parse_args(words[2:])
    assert run >= 8
