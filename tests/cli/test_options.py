"""The help of every command, and command lines as they are typed."""

import re
import shlex

import pytest

from docs import options as page
from tests.cli import MAINS, run_command
from tests.conftest import refused
from tsuzuri.options.command_line import read_command_line

each_command = pytest.mark.parametrize("name", page.commands())


@each_command
def test_help_ends_with_two_examples_that_parse(name):
    script, *command = name.split()
    shown = run_command(script, *command, "--help")
    assert shown.returncode == 0
    head, _, examples = shown.stdout.partition("\nexamples:\n")
    lines = examples.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert line.startswith(f"  python {name} ")
        arguments = shlex.split(line)[1 + len(name.split()) :]
        assert read_command_line(page.commands()[name][1], arguments)
    usage = page.usages()[name][0]
    assert head.startswith(f"usage: {name} {usage} [options]\n")


def test_help_of_classify_ends_with_two_examples_that_parse():
    lines = run_command("classify.py", "--help").stdout.partition("\nexamples:\n")[2].splitlines()
    assert len(lines) == 2
    for line in lines:
        python, script, command, *arguments = shlex.split(line)
        assert (python, script) == ("python", "classify.py")
        assert read_command_line(page.commands()[f"{script} {command}"][1], arguments)


@each_command
def test_help_has_a_line_for_each_option_and_no_private_words(name):
    script, *command = name.split()
    shown = run_command(script, *command, "--help").stdout
    assert not re.search(r"(?<!\w)_[A-Z]|==SUPPRESS==|positional arguments", shown)
    for option in (option for rows in page.commands()[name][1].values() for option in rows):
        flag = option.label if option.positional else option.spellings[-1]
        assert re.search(rf"^  .*{re.escape(flag)}\b", shown, re.MULTILINE), flag
        assert not any(f"{alias} " in shown for alias in option.aliases.split())


@pytest.mark.parametrize("script", MAINS)
def test_an_option_that_is_not_known_is_one_line_with_a_hint(script):
    command = ["train"] if script == "classify.py" else []
    line = refused(run_command(script, *command, "a", "--outt", "x"))
    assert line == "--outt: no such option: did you mean --out?"
