"""A picture that a notebook shows and that can be saved: of a piece, of a training, of a classifier's errors."""

from __future__ import annotations

import base64
import html

from tsuzuri.api.outputs import Path, path_with_suffix, save_file

_SIZE = slice(16, 20), slice(20, 24)  # of a PNG's bytes: its width and its height


class Picture:
    """A picture as the bytes of a PNG, ``png``; a notebook shows it where it is the last value of a cell.

    >>> picture = tsuzuri.read_midi("intro.mid").plot()  # doctest: +SKIP
    >>> picture  # doctest: +SKIP
    Picture(1100 x 414 pixels)
    >>> picture.save("intro.png")  # doctest: +SKIP
    """

    def __init__(self, png: bytes) -> None:
        self._png = png

    @property
    def png(self) -> bytes:
        """The bytes of the PNG."""
        return self._png

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height = (int.from_bytes(self._png[place], "big") for place in _SIZE)
        return width, height

    def save(self, path: Path) -> None:
        """Write the picture into a file that ends in .png, and make the folders that it is in.

        Raises ``tsuzuri.UserError`` for another ending, and for a file that cannot be written.
        """
        text, _ = path_with_suffix(path, [".png"])
        save_file(text, self._png)

    def html(self, description: str = "") -> str:
        """An ``<img>`` that holds the picture itself; ``description`` is for those who cannot see it.

        >>> picture.html("the first tune")[:32]  # doctest: +SKIP
        '<img src="data:image/png;base64,'
        """
        source = f"data:image/png;base64,{base64.b64encode(self._png).decode()}"
        return f'<img src="{source}" alt="{html.escape(description)}" style="max-width: 100%">'

    def _repr_png_(self) -> bytes:
        return self._png

    def __repr__(self) -> str:
        return "Picture({} x {} pixels)".format(*self.size)

    def __eq__(self, other: object) -> bool:
        return self._png == other._png if isinstance(other, Picture) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._png)
