"""The one exception for what a person can mend: a wrong file, value or option."""


class UserError(Exception):
    """One line that names the file or option, the value, and what is allowed."""
