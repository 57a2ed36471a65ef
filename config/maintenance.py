"""Maintenance: times at which things may break, of which nobody has to hear."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from config.cron import local_instant, parse_cron
from config.declared import Declared
from config.matching import Match
from config.scalars import Duration, Name
from config.zones import TimeZone

LONGEST_CRON: Final = timedelta(days=7)
LONGEST_SILENCE: Final = timedelta(days=30)
SHORTEST_POLL: Final = timedelta(minutes=1)


def _instant(value: object) -> object:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) and "T" in value.replace(" ", "T") else None
    except ValueError:
        return None


def _known(value: datetime | None) -> datetime:
    if value is None:
        raise ValueError("not an instant; write it as 2026-12-05T22:00, or with its offset, 2026-12-05T22:00+01:00")
    return value


def _cron(value: str) -> str:
    parse_cron(value)
    return value


Instant = Annotated[
    datetime,
    BeforeValidator(lambda value: _known(_instant(value))),
    PlainSerializer(lambda value: value.isoformat(), return_type=str),
    WithJsonSchema({"type": "string", "examples": ["2026-12-05T22:00", "2026-12-05T22:00+01:00"]}),
]
"""Local to the section's time zone, where it has no offset of its own."""
CronText = Annotated[str, AfterValidator(_cron)]


class DeclaredSilence(Declared):
    """Incidents that need not be told for a while. What is made at run time does the same."""

    name: Name = Field(description="What it is called on pages and in timelines.")
    match: Match = Field(min_length=1, description="What it covers: property → value, pattern or list; all must hold.")
    start: Instant = Field(description="From then on.")
    end: Instant = Field(description="Up to then; at most 30 days after the start.")
    time_zone: TimeZone | None = Field(None, description="Of start and end, where they have no offset.")
    author: str = Field(min_length=1, description="Who answers for it.")
    comment: str = Field(min_length=1, description="Why nobody has to hear.")

    @model_validator(mode="after")
    def _is_some_time(self) -> DeclaredSilence:
        start, end = bounds(self.start, self.end, self.time_zone or "UTC")
        if end - start > LONGEST_SILENCE:
            raise ValueError("lasts longer than 30 days; what is to stay unheard for longer belongs into a route")
        return self


class Maintenance(Declared):
    """A time at which things may break: once (`start`, `end`), again and again (`cron`, `lasts`), or as a calendar says
    (`calendar`)."""

    name: Name = Field(description="What it is called on pages, in timelines and in reasons.")
    match: Match = Field(min_length=1, description="What it covers: property → value, pattern or list; all must hold.")
    start: Instant | None = Field(None, description="From then on.")
    end: Instant | None = Field(None, description="Up to then.")
    cron: CronText | None = Field(
        None, description="Minute, hour, day of the month, month, day of the week: when it begins."
    )
    lasts: Duration | None = Field(None, description="How long each one of `cron` lasts, in time that passes.")
    calendar: str | None = Field(
        None, description="An ICS calendar whose entries it is: https://…, a file, or a reference to its address."
    )
    entries: str = Field("*", description="Which entries of the calendar: pattern of their summary.")
    poll_every: Duration = Field("15m", validate_default=True, description="How often the calendar is looked at.")
    private_address: bool = Field(False, description="Whether the calendar's server may be on this network or machine.")
    time_zone: TimeZone | None = Field(
        None, description="Of cron, of start and end without an offset, and of calendar entries without a zone."
    )
    slo: Literal["counted", "excluded"] = Field(
        "counted", description="Whether what is measured meanwhile counts for objectives."
    )

    @model_validator(mode="after")
    def _is_one_of_three(self) -> Maintenance:
        given = [key for key in ("start", "cron", "calendar") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError("write one of `start` (with `end`), `cron` (with `lasts`) and `calendar`")
        if (self.start is None) != (self.end is None):
            raise ValueError("`start` and `end` go together")
        if (self.cron is None) != (self.lasts is None):
            raise ValueError("`cron` and `lasts` go together")
        if self.lasts is not None and self.lasts > LONGEST_CRON:
            raise ValueError("`lasts` is at most 7d; what lasts longer has a `start` and an `end`")
        if self.poll_every < SHORTEST_POLL:
            raise ValueError("`poll_every` is at least 1m")
        if self.start is not None and self.end is not None:
            bounds(self.start, self.end, self.time_zone or "UTC")
        if self.slo == "excluded" and "rule" in self.match:
            raise ValueError("`slo: excluded` leaves out runs, and a run has no `rule`; take one of the two out")
        return self


def bounds(start: datetime, end: datetime, zone: str) -> tuple[datetime, datetime]:
    """Both in UTC. Raises ValueError for a local time that the clock skips or shows twice, and for an end that is not
    after the start."""
    first, last = at_instant(start, zone), at_instant(end, zone)
    if last <= first:
        raise ValueError("ends before it begins")
    return first, last


def usual_instant(declared: datetime, zone: str) -> datetime:
    """As `at_instant`, and some instant near to it where there is not exactly one."""
    return declared.astimezone(UTC) if declared.tzinfo else declared.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def at_instant(declared: datetime, zone: str) -> datetime:
    """In UTC; without an offset of its own, by the clock of the zone."""
    if declared.tzinfo is not None:
        return declared.astimezone(UTC)
    found = local_instant(declared, ZoneInfo(zone))
    if not found:
        raise ValueError(f"{declared.isoformat()} does not exist in {zone}: the clock is put forward over it")
    if len(found) > 1:
        raise ValueError(f"{declared.isoformat()} comes twice in {zone}; write it with its offset, such as +01:00")
    return found[0]
