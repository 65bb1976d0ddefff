"""The one exception that means "the user can mend this": its text is the line they are shown."""


class UserError(Exception):
    """Bad input, a missing file, a broken folder, an unsupported option: anything that a user can put right.

    ``str(error)`` is one line that says what was wrong and what would be right. Command lines print it on
    stderr and exit with 2 (see :mod:`tinygsm_edge.cli`); library callers catch it.
    """
