"""docs/options.md against the commands' tables of options."""

from docs import options
from tests.conftest import ROOT
from tsuzuri.cli import options as command_line


def test_the_page_is_what_the_tables_make():
    assert options.PAGE.read_text(encoding="utf-8") == options.page(), "make docs regenerates the page"


def test_every_command_at_the_root_is_there():
    scripts = {path.name for path in ROOT.glob("*.py") if "tsuzuri.cli" in path.read_text(encoding="utf-8")}
    assert {name.split()[0] for name in options.commands()} == scripts
    assert options.commands().keys() == options.USAGE.keys()


def test_a_row_shows_default_and_choices_and_no_markup_of_its_own():
    assert options.row("-u --unit", int, 256, "a|b <unk>") == r"| `-u` `--unit` | 256 | a\|b \<unk> |"
    assert options.row("--by", ("auto", "char"), "auto", "kind") == "| `--by` | auto | kind (one of auto, char) |"
    assert options.row("--by", ("on", "off"), "on", "on or off") == "| `--by` | on | on or off |"
    assert options.row("--plot", None, False, "draw") == "| `--plot` |  | draw |"
    assert options.row("--seed", int, 0, "number") == "| `--seed` | 0 | number |"
    assert options.row("--decay-c", float, 0.0, "number") == "| `--decay-c` | 0.0 | number |"
    assert options.row("--sort", command_line.switch, False, "sorting") == "| `--sort` | off | sorting |"
    assert options.row("run", str, command_line.REQUIRED, "folder") == "| `run` | required | folder |"
