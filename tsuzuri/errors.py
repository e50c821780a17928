"""The one exception for what a person can mend: a wrong file, value or option; and why a file cannot be read."""


class UserError(Exception):
    """One line that names the file or option, the value, and what is allowed."""


def read_failure(error: Exception) -> str:
    """Why a file cannot be read, for the end of a message that names it: one wording for a file that is not there.

    >>> read_failure(FileNotFoundError(2, "No such file or directory"))
    'no such file'
    """
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"
