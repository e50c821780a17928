"""Prints what an extra of pyproject.toml asks for, for ``pip install -r``: ``python tools/extra.py test``.

Installing ``.[test]`` instead would build the package anew, and leave its kernels out until they are built again.
"""

import sys
from importlib import metadata

from packaging.requirements import Requirement


def requirements(package: str, extra: str) -> list[str]:
    """The requirements of an installed package that are there only for ``extra``, where they are for this Python."""
    found = []
    for line in metadata.requires(package) or []:
        requirement = Requirement(line)
        marker = requirement.marker
        if marker and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""}):
            requirement.marker = None
            found.append(str(requirement))
    return found


if __name__ == "__main__":
    print("\n".join(requirements("tsuzuri", sys.argv[1])))
