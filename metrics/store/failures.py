"""What can go wrong between us and the database, each with its remedy.

StoreError
├── StoreUnavailable   the file cannot be opened (locked, corrupt, from a newer version, no directory)
├── StoreClosed        asked after `close`
├── StoreFull          a write did not fit on the disk; nothing of it is stored, and freeing space helps
├── NotAQuestion       somebody typed what is not only a question
├── QuestionFailed     a question that cannot be answered: a name or a type that is not so, or too much at once
├── ReadTimeout        a question took longer than its limit
└── IngestFull         runs arrive faster than they can be stored; the sender should come back later
"""

from __future__ import annotations

import re
from typing import Final

import duckdb

_POSITION: Final = re.compile(r"\nLINE (\d+): (.*)\n( *)\^", re.DOTALL)
_NO_ROOM: Final = re.compile(r"No space left|File too large|Disk quota exceeded|Could not write")
_MONTH_LOST: Final = re.compile(r'database "sealed_\d+_\d+".{0,20}has been invalidated', re.IGNORECASE)


class StoreError(Exception):
    """Base of the store's errors; the cause is kept."""


class StoreUnavailable(StoreError):  # noqa: N818 - says what happened
    """The file cannot be opened; the message names the reason and the remedy."""


class StoreClosed(StoreError):  # noqa: N818 - says what happened
    """The store was closed before this was asked."""


class StoreFull(StoreError):  # noqa: N818 - says what happened
    """A write was refused by the disk and is not stored; the store goes on by itself once there is room."""


class NotAQuestion(StoreError):  # noqa: N818 - says what happened
    """What was typed would do more than ask, or cannot be parsed; the message says which."""


class QuestionFailed(StoreError):  # noqa: N818 - says what happened
    """What was typed is a question, but not one that can be answered; the message says where and what helps."""


class ReadTimeout(StoreError):  # noqa: N818 - says what happened
    """A question was interrupted at its time limit."""


class IngestFull(StoreError):  # noqa: N818 - says what happened
    """The write-behind queue is at its limit; retrying later helps."""


def has_given_up(err: BaseException) -> bool:
    """Whether the engine answers nothing more about a file until that is opened again: the hot one, or a month's."""
    return isinstance(err, duckdb.FatalException) or (
        isinstance(err, duckdb.IOException) and _MONTH_LOST.search(str(err)) is not None
    )


def explained(err: BaseException) -> BaseException:
    """What the engine says in our words where the remedy is not in ours to code; any other exception as it is."""
    if not isinstance(err, duckdb.Error):
        return err
    reason = str(err).splitlines()[0]
    if _NO_ROOM.search(str(err)):
        return StoreFull(f"the disk takes no more ({reason}); free some space: nothing that was acknowledged is lost")
    if has_given_up(err):
        return StoreUnavailable(f"the store is opened again after a failure ({reason})")
    return err


def one_line(err: duckdb.Error) -> str:
    """The engine's words about a text that somebody typed, on one line, with the place it points at."""
    said = str(err)
    found = _POSITION.search(said)
    text = " ".join(said[: found.start() if found else None].split("\n\tCandidate", 1)[0].split())
    if not found:
        return text
    at = found[2][max(0, len(found[3]) - len(f"LINE {found[1]}: ")) :].strip()
    return f"{text} (line {found[1]}, at: {at[:40] + '…' if len(at) > 40 else at or 'its end'})"
