"""A row of a table of options."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tsuzuri.options.values import FLAG, SWITCH, Kind

REQUIRED = object()  # as the default of a positional argument that must be there


class Option(NamedTuple):
    """An option: its spellings with a space between them, the kind of its value, its default, its help, its aliases.

    The first long spelling names the option. A positional argument has no hyphen. The default is a list where an
    option takes several values, and ``False`` for a ``FLAG``; the help is a short noun phrase. Aliases are spellings
    that users of other programs know; they work, and help does not list them.

    >>> Option("-e --epoch", COUNT, 50, "maximum number of epochs").name
    'epoch'
    """

    flags: str
    kind: Kind
    default: object
    help: str
    aliases: str = ""

    @property
    def spellings(self) -> list[str]:
        """All spellings, as on a command line."""
        return self.flags.split()

    @property
    def all_spellings(self) -> list[str]:
        """All spellings and aliases."""
        return [*self.spellings, *self.aliases.split()]

    @property
    def label(self) -> str:
        """The option as a message names it: --top-k, or CORPUS where it stands by itself."""
        return self.flags.upper() if self.positional else "--" + self.name.replace("_", "-")

    @property
    def name(self) -> str:
        """The name in Python: the first long spelling, with underscores."""
        spellings = self.spellings
        long = next((flag for flag in spellings if flag.startswith("--")), spellings[0])
        return long.lstrip("-").replace("-", "_")

    @property
    def positional(self) -> bool:
        """Whether it is an argument that stands by itself, with no option before it."""
        return not self.flags.startswith("-")

    @property
    def several(self) -> bool:
        """Whether it takes more than one value."""
        return isinstance(self.default, list)

    def shown_default(self) -> str:
        """The default as help shows it: on or off for a switch, nothing where there is none or the option is off."""
        if self.kind is SWITCH and self.default is not None:
            return "on" if self.default else "off"
        if self.kind is FLAG or self.default is None or self.default is REQUIRED or self.several:
            return ""
        return str(self.default)


Tables = Mapping[str, Sequence[Option]]  # a command's options, in groups by their titles
