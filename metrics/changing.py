"""How vendors' APIs change: what they announce, and what their answers show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from probes.model import ChangeKind


@dataclass(frozen=True, slots=True)
class VendorSignal:
    """What a vendor says of its API's future in the answers to one step, in its latest words."""

    integration: str
    workflow: str
    step: str
    kind: ChangeKind
    source: str
    api: str
    """The integration whose API it is; another one where the step is sent there."""
    what: str
    at: datetime | None
    """When it is deprecated or ends; None where the vendor names no date."""
    link: str | None
    region: str
    run_id: str
    first_seen: datetime
    """Since when it is said with this date."""
    last_seen: datetime


class ShapeChange(StrEnum):
    """What became of one path of a step's JSON answers."""

    REMOVED = "removed"
    RETYPED = "retyped"
    NULL = "null"
    """Now null, and never before."""
    NEW = "new"


@dataclass(frozen=True, slots=True)
class ShapeFinding:
    """A lasting change at one path, against what was learned of the answers to the same request.

    `was` and `now` are types joined by `|`, empty where the path is not there.
    """

    integration: str
    workflow: str
    step: str
    path: str
    change: ShapeChange
    was: str
    now: str
    since: datetime
    learned: int
    """Good attempts before it."""
    seen: int
    """Attempts that differ, as far as they were looked at."""
    failing: bool
    """Whether the latest attempts fail by what is in the answer."""
    regions: tuple[str, ...]
