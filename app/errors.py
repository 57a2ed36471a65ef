"""The one error that a user is meant to see."""

from __future__ import annotations


class UserError(Exception):
    """A mistake that the user can mend: `str()` says what is wrong and how to mend it; no traceback is shown.

    `exit_code` is the process's: 2 for bad input, 1 for something that is not as it should be.
    """

    def __init__(self, message: str, *, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
