"""What a status page may say. Everything that leaves here is a declared name, a word of `Word` or `Level`, or an
instant: no figure, no text of a vendor, no name of ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

from alerts.model import Incident, IncidentState, Rule
from alerts.store.incidents import incident_page
from config.model import Config, Integration, Objective, PublicPage, Sli
from metrics.model import Evaluation, SliceCount, State, Window
from metrics.state import integration_state
from metrics.store.coverage import days
from metrics.store.slices import Question, all_slice_counts

DAYS: Final = 90
_MOST_INCIDENTS: Final = 1_000
_ANY: Final = Objective(sli=Sli.AVAILABILITY, target="99%", window="30d")
"""Availability as it is counted; the target decides nothing here."""
_FULL: Final = 0.999
_MOSTLY: Final = 0.99
_ENOUGH: Final = 0.5
"""Less of a day than this was measured: what is known of it does not speak for the day."""
_TROUBLE: Final = frozenset(
    {
        Rule.REGION_DOWN,
        Rule.WORKFLOW_DOWN,
        Rule.BURN_RATE,
        Rule.UNUSUAL,
        Rule.THRESHOLD,
        Rule.THROTTLED,
        Rule.UNSTABLE,
    }
)
"""What strangers feel. That a credential of ours ends, or a prober is silent, is our affair."""


class Word(StrEnum):
    """How something is, for strangers."""

    UP = "working"
    DEGRADED = "disturbed"
    DOWN = "not working"
    NO_DATA = "not known"


class Level(StrEnum):
    """How a day was."""

    FULL = "no trouble"
    MOSTLY = "some trouble"
    PARTLY = "much trouble"
    UNKNOWN = "not measured"


_WORDS: Final = {
    State.DOWN: Word.DOWN,
    State.DEGRADED: Word.DEGRADED,
    State.THROTTLED: Word.DEGRADED,
    State.UNSTABLE: Word.DEGRADED,
    State.UP: Word.UP,
    State.NO_DATA: Word.NO_DATA,
}
_WORST_FIRST: Final = (Word.DOWN, Word.DEGRADED, Word.NO_DATA, Word.UP)


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day of `hub.timezone`, the last one as far as it has gone."""

    date: date
    level: Level


@dataclass(frozen=True, slots=True)
class Part:
    """One integration, by the name that strangers read. `since` is None where it has been so for as long as we know."""

    name: str
    word: Word
    since: datetime | None
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """An open incident."""

    name: str
    since: datetime
    taken: bool
    """Whether somebody works on it."""


@dataclass(frozen=True, slots=True)
class PublicStatus:
    """A status page, as of `at`."""

    title: str
    at: datetime
    word: Word
    parts: tuple[Part, ...]
    troubles: tuple[Trouble, ...]


def public_status(
    con: DuckDBPyConnection, config: Config, page: PublicPage, evaluation: Evaluation | None, now: datetime
) -> PublicStatus:
    """What the page says now."""
    shown = [(one, page.integrations[one.name]) for one in config.integrations if one.name in page.integrations]
    zone = ZoneInfo(config.settings.hub.timezone)
    incidents = _incidents(con, {one.name for one, _ in shown}, now)
    counted = _days(con, [one for one, _ in shown], now, zone)
    parts = tuple(
        _part(name, _word(one.name, config, evaluation), [i for i in incidents if i.integration == one.name], history)
        for (one, name), history in zip(shown, counted, strict=True)
    )
    words = {part.word for part in parts}
    return PublicStatus(
        title=page.title,
        at=evaluation.at if evaluation else now,
        word=next((word for word in _WORST_FIRST if word in words), Word.NO_DATA),
        parts=parts,
        troubles=tuple(
            Trouble(page.integrations[one.integration], one.opened_at, one.state is IncidentState.ACKNOWLEDGED)
            for one in incidents
            if one.state is not IncidentState.RESOLVED
        ),
    )


def _word(name: str, config: Config, evaluation: Evaluation | None) -> Word:
    if evaluation is None:
        return Word.NO_DATA
    return _WORDS[integration_state(name, evaluation, config.alerting.confirm)]


def _part(name: str, word: Word, incidents: Sequence[Incident], history: tuple[Day, ...]) -> Part:
    open_since = [one.opened_at for one in incidents if one.state is not IncidentState.RESOLVED]
    over = [one.resolved_at for one in incidents if one.resolved_at is not None]
    since = None
    if word in (Word.DOWN, Word.DEGRADED):
        since = min(open_since, default=None)
    elif word is Word.UP and not open_since:
        since = max(over, default=None)
    return Part(name, word, since, history)


def _incidents(con: DuckDBPyConnection, names: set[str], now: datetime) -> tuple[Incident, ...]:
    found, _ = incident_page(con, since=now - timedelta(days=DAYS), limit=_MOST_INCIDENTS)
    return tuple(one for one in found if one.integration in names and any(c.rule in _TROUBLE for c in one.conditions))


def _days(
    con: DuckDBPyConnection, integrations: Sequence[Integration], now: datetime, zone: ZoneInfo
) -> Iterable[tuple[Day, ...]]:
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    windows = days(Window(today - timedelta(days=DAYS - 1), now), zone) if now > today else ()
    counts = all_slice_counts(con, [Question(one, _ANY, windows) for one in integrations])
    for of_one in counts:
        yield tuple(
            Day(window.start.astimezone(zone).date(), level(count))
            for window, count in zip(windows, of_one, strict=True)
        )


def level(count: SliceCount) -> Level:
    """How a day was that is counted so. Nothing measured is neither good nor bad."""
    share, covered = count.share, count.coverage
    if share is None or covered is None:
        return Level.UNKNOWN
    if share >= _MOSTLY and covered < _ENOUGH:
        return Level.UNKNOWN
    if share >= _FULL:
        return Level.FULL
    return Level.MOSTLY if share >= _MOSTLY else Level.PARTLY
