"""docs/options.md against the commands' tables of options."""

import pytest

from docs import options
from tests.conftest import ROOT
from tsuzuri.options.option import REQUIRED, Option
from tsuzuri.options.values import COUNT, FILE, FLAG, NOT_NEGATIVE, RUN, SEED, SWITCH, choice


def test_the_page_is_what_the_tables_make():
    assert options.PAGE.read_text(encoding="utf-8") == options.page(), "make docs regenerates the page"


def test_every_command_at_the_root_is_there():
    scripts = {path.name for path in ROOT.glob("*.py") if "tsuzuri.cli" in path.read_text(encoding="utf-8")}
    assert {name.split()[0] for name in options.commands()} == scripts
    assert options.commands().keys() == options.usages().keys()


@pytest.mark.parametrize(
    ("option", "line"),
    [
        (Option("-u --unit", COUNT, 256, "a|b <unk>"), r"| `-u` `--unit` | 256 | a\|b \<unk> |"),
        (Option("--by", choice("auto", "char"), "auto", "kind"), "| `--by` | auto | kind (one of auto, char) |"),
        (Option("--by", choice("on", "off"), "on", "on or off"), "| `--by` | on | on or off |"),
        (Option("--plot", FLAG, False, "draw"), "| `--plot` |  | draw |"),
        (Option("--seed", SEED, 0, "number"), "| `--seed` | 0 | number |"),
        (Option("--decay-c", NOT_NEGATIVE, 0.0, "number"), "| `--decay-c` | 0.0 | number |"),
        (Option("--sort", SWITCH, False, "sorting"), "| `--sort` | off | sorting (one of on, off) |"),
        (Option("run", RUN, REQUIRED, "folder"), "| `run` | required | folder |"),
        (Option("--top-k", COUNT, None, "number"), "| `--top-k` |  | number |"),
        (Option("-e --epoch", COUNT, 5, "number", "--epochs"), "| `-e` `--epoch` or `--epochs` | 5 | number |"),
        (Option("files", FILE, [], "files"), "| `files` |  | files |"),
    ],
)
def test_a_row_shows_default_and_choices_and_no_markup_of_its_own(option, line):
    assert options.row(option) == line
