"""How good the pages are: weeks of simulated history with labelled incidents, and what common rules make of them.

Rules of the game, fixed before the first run: a page belongs to an incident when it is about the same integration (of
a region's network: about the region, about a storm, or, for rules that know no regions, about anything seen there),
and falls between its start and a quarter of an hour after its end. The first page of an incident that needs one finds
it; further ones are repeats. A page is false when it belongs to nothing that needs one; what is open to debate counts
for neither side. Precision = incidents found ÷ (incidents found + false pages); recall = found ÷ needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alerts.backtest import rehearse
from config.model import Alerting, Config, Integration
from metrics.hindsight import Past
from metrics.history.labelled import CALM, OPEN_TO_DEBATE, Kind, Labelled, LabelledWeek
from metrics.store.hindsight import FAILED, THROTTLED, RunRows
from metrics.store.rollup.decided import Numbers

SEEDS: Final = (101, 102, 103)
EVERY: Final = (timedelta(seconds=60), timedelta(seconds=15))
INTEGRATIONS: Final = 8
_START: Final = datetime(2026, 9, 7, tzinfo=UTC)
_AFTER: Final = timedelta(minutes=15)
_MS: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Woken:
    """One page, whatever rule sent it."""

    at: datetime
    subject: str
    region: str | None = None
    """Where the rule watches each region by itself."""


@dataclass(frozen=True, slots=True)
class Score:
    """What one rule made of one week."""

    found: dict[Labelled, timedelta]
    missed: tuple[Labelled, ...]
    false: int
    repeats: int
    pages: int


def config(every: timedelta, count: int = INTEGRATIONS) -> Config:
    """Integrations of one workflow from two regions, with the objectives of the tour; alerts as they come."""
    step = {"name": "answer", "request": {"path": "/"}}
    workflow = {"name": "roundtrip", "every": every, "regions": ["eu", "us"], "steps": [step]}
    objectives = [
        {"sli": "availability", "target": "99.9%"},
        {"sli": "server_errors", "target": "99.9%"},
        {"sli": "latency", "threshold": "300ms", "target": "95%"},
    ]
    shared = {"base_url": "https://vendor.invalid", "workflows": [workflow], "objectives": objectives}
    names = [f"vendor-{number:02}" for number in range(1, count + 1)]
    found = tuple(Integration.model_validate({"integration": name} | shared) for name in names)
    return Config(root=Path(), version="labelled", integrations=found, alerting=Alerting())


def leadline(week: LabelledWeek) -> list[Woken]:
    """The policy as it is, with its defaults."""
    seen = Past(week.rows_of, [week.config]).read()[0]
    return [Woken(page.at, page.subject) for page in rehearse(seen, week.window, CALM).pages]


def in_a_row(week: LabelledWeek, needed: int) -> list[Woken]:
    """A page when so many runs of a workflow from a region failed in a row, over with the next good one. A throttled
    run is a failed one, as it is for whoever looks at the status alone."""
    found = []
    for one in week.config.integrations:
        rows = week.rows_of(one.name)
        for code, (_, _, region) in enumerate(rows.series):
            mine = np.flatnonzero(rows.code == code)
            bad = np.isin(rows.runs.outcome[mine], (FAILED, THROTTLED))
            places = np.arange(len(bad))
            streak = np.where(bad, places - np.maximum.accumulate(np.where(bad, -1, places)), 0)
            found += [Woken(_instant(int(at)), one.name, region) for at in rows.seen_us[mine[streak == needed]] // 1000]
    return _in_week(found, week)


def plain_burn(week: LabelledWeek) -> list[Woken]:
    """A page when the bad share of the runs burns the availability budget 14.4 times as fast as it lasts, over five
    minutes and over an hour; looked at once a minute, over as soon as it is not so."""
    found = []
    for one in week.config.integrations:
        rows = week.rows_of(one.name)
        ticks = np.arange(_ms(week.window.start), _ms(week.window.end), 60_000)
        firing = (_share(rows, ticks, 300_000) >= 14.4 * 0.001) & (_share(rows, ticks, 3_600_000) >= 14.4 * 0.001)
        begins = np.flatnonzero(firing & ~np.append(False, firing[:-1]))
        found += [Woken(_instant(int(at)), one.name) for at in ticks[begins]]
    return _in_week(found, week)


RULES: Final[dict[str, Callable[[LabelledWeek], list[Woken]]]] = {
    "Leadline": leadline,
    "each failed probe": lambda week: in_a_row(week, 1),
    "two in a row": lambda week: in_a_row(week, 2),
    "burn 14.4 over 5 min and 1 h": plain_burn,
}


def scored(week: LabelledWeek, pages: Sequence[Woken]) -> Score:
    """By the rules of the game."""
    found: dict[Labelled, timedelta] = {}
    false = repeats = 0
    for page in sorted(pages, key=lambda one: (one.at, one.subject)):
        about = [label for label in week.labels if _belongs(page, label)]
        needed = [label for label in about if label.is_needed]
        if needed:
            fresh = [label for label in needed if label not in found]
            repeats += not fresh
            found |= {label: max(timedelta(0), page.at - label.start) for label in fresh}
        elif not any(label.kind in OPEN_TO_DEBATE for label in about):
            false += 1
    missed = tuple(label for label in week.labels if label.is_needed and label not in found)
    return Score(found, missed, false, repeats, len(pages))


def _belongs(page: Woken, label: Labelled) -> bool:
    if not label.start <= page.at <= label.end + _AFTER:
        return False
    if label.kind is not Kind.REGION:
        return page.subject == label.integration and page.region in (None, label.region or page.region)
    by_region = page.subject in (f"region:{label.region}", "storm:vendors")
    return by_region or page.region == label.region


def lines(seeds: Sequence[int] = SEEDS) -> Iterator[str]:
    """Tables: each rule at each interval over all seeds; then Leadline by kind of incident."""
    for every in EVERY:
        weeks = [LabelledWeek.draw(config(every), _START, seed) for seed in seeds]
        watched = f"{INTEGRATIONS} integrations from 2 regions"
        yield f"A probe every {every.total_seconds():.0f} s, {watched}, {len(seeds)} weeks:"
        yield ""
        yield "| rule | found | recall | precision | false a week | repeats a week | minutes to the page: median, p90 |"
        yield "|---|---|---|---|---|---|---|"
        scores: dict[str, list[Score]] = {}
        for name, rule in RULES.items():
            scores[name] = [scored(week, rule(week)) for week in weeks]
            yield _line(name, scores[name])
        yield ""
        yield "| Leadline, by kind | found of needed | minutes to the page: median, p90 |"
        yield "|---|---|---|"
        yield from _by_kind(scores["Leadline"])
        yield ""


def _line(name: str, scores: Sequence[Score]) -> str:
    found = [took for score in scores for took in score.found.values()]
    missed, false = sum(len(score.missed) for score in scores), sum(score.false for score in scores)
    needed = len(found) + missed
    recall, precision = len(found) / needed, len(found) / max(1, len(found) + false)
    repeats = sum(score.repeats for score in scores) / len(scores)
    return (
        f"| {name} | {len(found)} of {needed} | {recall * 100:.1f} % | {precision * 100:.1f} % "
        f"| {false / len(scores):.1f} | {repeats:.1f} | {_minutes(found)} |"
    )


def _by_kind(scores: Sequence[Score]) -> Iterator[str]:
    for kind in (
        kind for kind in Kind if any(label.kind is kind for score in scores for label in (*score.found, *score.missed))
    ):
        found = [took for score in scores for label, took in score.found.items() if label.kind is kind]
        missed = sum(label.kind is kind for score in scores for label in score.missed)
        yield f"| {kind} | {len(found)} of {len(found) + missed} | {_minutes(found)} |"


def _minutes(found: Sequence[timedelta]) -> str:
    if not found:
        return "–"
    took = sorted(one / timedelta(minutes=1) for one in found)
    return f"{median(took):.1f}, {took[-(-len(took) * 9 // 10) - 1]:.1f}"


def _share(rows: RunRows, ticks: Numbers, window_ms: int) -> NDArray[np.float64]:
    """Of the runs known in the window that ends at each tick, how many were bad; 0 without any."""
    order = np.argsort(rows.seen_us, kind="stable")
    seen = rows.seen_us[order] // 1000
    bad = np.append(0, np.cumsum(rows.runs.outcome[order] == FAILED))
    first, end = np.searchsorted(seen, ticks - window_ms), np.searchsorted(seen, ticks)
    share: NDArray[np.float64] = (bad[end] - bad[first]) / np.maximum(1, end - first)
    return share


def _in_week(found: Sequence[Woken], week: LabelledWeek) -> list[Woken]:
    return [one for one in found if week.window.start <= one.at < week.window.end]


def _instant(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + ms * _MS


def _ms(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // _MS
