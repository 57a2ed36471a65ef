"""What can go wrong between us and the database, each with its remedy.

StoreError
├── StoreUnavailable   the file cannot be opened (locked, corrupt, from a newer version, no directory)
├── StoreClosed        asked after `close`
├── ReadTimeout        a question took longer than its limit
└── IngestFull         runs arrive faster than they can be stored; the sender should come back later
"""

from __future__ import annotations


class StoreError(Exception):
    """Base of the store's errors; the cause is kept."""


class StoreUnavailable(StoreError):  # noqa: N818 - says what happened
    """The file cannot be opened; the message names the reason and the remedy."""


class StoreClosed(StoreError):  # noqa: N818 - says what happened
    """The store was closed before this was asked."""


class ReadTimeout(StoreError):  # noqa: N818 - says what happened
    """A question was interrupted at its time limit."""


class IngestFull(StoreError):  # noqa: N818 - says what happened
    """The write-behind queue is at its limit; retrying later helps."""
