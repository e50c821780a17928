"""The one exception for what a person can mend: a wrong file, value or option; and what such errors have in common."""

import contextlib
from collections.abc import Iterator

from tsuzuri.printable import printable

NO_MEMORY = ("failed to map segment", "annot allocate memory", "annot create shared object descriptor")  # of loaders


class UserError(Exception):
    """One line that names the file or option, the value, and what is allowed.

    Options are named as on a command line, ``--top-k``; ``tsuzuri/api`` names them as Python code gives them. What the
    line names, a file or a word, may be foreign: it is escaped as ``printable`` does.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(printable(message))


def read_failure(error: Exception) -> str:
    """Why a file cannot be read, for the end of a message that names it: a file that is not there is always called so.

    >>> read_failure(FileNotFoundError(2, "No such file or directory"))
    'no such file'
    """
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"


@contextlib.contextmanager
def enough_memory(needed_for: str) -> Iterator[None]:
    """Raise ``UserError``, which says what the memory was ``needed_for``, where there is not enough of it within.

    >>> with enough_memory("--unit 65536: a smaller one takes less"):
    ...     numpy.empty((65536, 4 * 65536))  # doctest: +SKIP
    UserError: not enough memory for --unit 65536: a smaller one takes less
    """
    try:
        yield
    except MemoryError:  # CuPy's too, of a GPU's memory
        raise UserError(f"not enough memory for {needed_for}") from None


def lacks_memory(error: BaseException, needed: int = 1 << 26) -> bool:
    """Whether there is too little memory where something could not be loaded: it takes ``needed`` bytes, or more.

    What loads libraries and dictionaries says so in words of its own, or blames something else.
    """
    if isinstance(error, MemoryError) or any(words in str(error) for words in NO_MEMORY):
        return True
    try:
        bytearray(needed)
    except MemoryError:
        return True
    return False
