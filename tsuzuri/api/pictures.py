"""A picture that a notebook shows and that can be saved."""

from __future__ import annotations

import base64
import os
import struct

from tsuzuri import storage
from tsuzuri.api.arguments import path_text
from tsuzuri.errors import UserError


class Picture:
    """The bytes of a PNG, ``png``. A notebook shows it.

    >>> tsuzuri.load("runs/novel").plot().save("curves.png")  # doctest: +SKIP
    """

    def __init__(self, png: bytes) -> None:
        self.png = png

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file that ends in .png, in one step. Raises ``UserError``."""
        name = path_text(path)
        if not name.lower().endswith(".png"):
            raise UserError(f"{name}: must end in .png")
        storage.make_folder(os.path.dirname(name))
        storage.write_file(name, self.png)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height = struct.unpack(">II", self.png[16:24])  # of the first chunk, which is the header
        return width, height

    def html(self) -> str:
        """An ``<img>`` that holds the whole picture."""
        return f'<img src="data:image/png;base64,{base64.b64encode(self.png).decode()}">'

    def __repr__(self) -> str:
        return f"Picture({self.size[0]} x {self.size[1]} pixels)"

    def _repr_png_(self) -> bytes:
        return self.png
