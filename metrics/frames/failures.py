"""What can go wrong for a notebook."""

from __future__ import annotations


class NoAnswer(Exception):  # noqa: N818 - says what happened
    """The question could not be answered; the message says why, and what helps."""
