"""A vendor's status page in one normal form, whatever it is written in.

Everything on a page is a stranger's words: texts are cut, and addresses are kept only where they are http(s).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

MAX_TEXT: Final = 500
MAX_NAME: Final = 200
MAX_COMPONENTS: Final = 500
MAX_NOTICES: Final = 50
MAX_UPDATES: Final = 30


class PageError(ValueError):
    """The answer cannot be read as a page of its kind; `str()` says why, without the answer's own words."""


class Health(StrEnum):
    """How a component, or the page as a whole, is said to be."""

    OPERATIONAL = "operational"
    MAINTENANCE = "maintenance"
    DEGRADED = "degraded"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """Higher is worse; what is not known is no trouble."""
        return _RANKS.index(self) if self in _RANKS else -1

    @property
    def is_trouble(self) -> bool:
        """Whether the vendor admits that something does not work as it should."""
        return self in (Health.DEGRADED, Health.PARTIAL_OUTAGE, Health.MAJOR_OUTAGE)


_RANKS: Final = (
    Health.OPERATIONAL,
    Health.MAINTENANCE,
    Health.DEGRADED,
    Health.PARTIAL_OUTAGE,
    Health.MAJOR_OUTAGE,
)
RESOLVED: Final = "resolved"
"""State of a notice that is over, whatever the page calls that."""
OVER: Final = frozenset({"resolved", "completed", "postmortem"})


@dataclass(frozen=True, slots=True)
class NoticeUpdate:
    """One thing that the vendor wrote under a notice. `posted_at` is the vendor's own clock."""

    posted_at: datetime
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """An incident or a maintenance as the vendor tells it; `components` is empty where it does not say of what."""

    notice_id: str
    title: str
    state: str
    """The vendor's word (investigating, identified, monitoring, …), or `resolved`."""
    impact: Health
    started_at: datetime
    link: str = ""
    components: tuple[str, ...] = ()
    updates: tuple[NoticeUpdate, ...] = ()
    """Newest first."""

    @property
    def is_over(self) -> bool:
        """Whether the vendor says that it has ended."""
        return self.state == RESOLVED


@dataclass(frozen=True, slots=True)
class PageReading:
    """What one look at a page showed. A kind that tells of no components, or has no indicator, leaves them out."""

    indicator: Health
    description: str = ""
    components: tuple[tuple[str, Health], ...] = ()
    notices: tuple[Notice, ...] = ()
    only_open: bool = True
    """Whether notices that are over are missing from the answer, so that one that is gone has ended."""


@dataclass(frozen=True, slots=True)
class PageKind:
    """How a kind of page is asked and read. `read` raises PageError and nothing else."""

    address: Callable[[str], str]
    """From the configured address to the one that is asked."""
    accept: str
    read: Callable[[bytes, datetime], PageReading]
    """From the body, and the instant that it came at."""


def line(value: Any, most: int = MAX_TEXT) -> str:
    """A text of the page on one line, without control characters, cut to `most` characters; empty for anything else."""
    if not isinstance(value, str):
        return ""
    clean = " ".join("".join(c if c.isprintable() else " " for c in value[: most * 8]).split())
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def link(value: Any) -> str:
    """An http(s) address of the page, or nothing."""
    if not isinstance(value, str) or len(value) > 2000 or re.search(r"[\s<>\"'`\\\x00-\x1f\x7f]", value):
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return value if parts.scheme in {"http", "https"} and parts.hostname and parts.username is None else ""


def instant(value: Any) -> datetime | None:
    """An instant in ISO 8601, in UTC where it names no zone; None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def entries(value: Any, most: int) -> list[dict[str, Any]]:
    """The mappings of what should be a list of mappings, the first `most`."""
    return [one for one in value[:most] if isinstance(one, dict)] if isinstance(value, list) else []


def worst(found: list[Health]) -> Health:
    """The worst of them; UNKNOWN where nothing is known."""
    return max(found, key=lambda health: health.rank, default=Health.UNKNOWN)
