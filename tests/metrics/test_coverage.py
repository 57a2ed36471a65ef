"""How much of what was promised was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from config.model import Integration
from metrics.model import Window
from metrics.store.coverage import coverage, coverage_by_integration, days
from metrics.store.database import Store
from metrics.store.rollup.roller import roll
from probes.model import FailureKind, Outcome, Run

Put = Callable[[Sequence[Run]], None]
Make = Callable[..., Run]
MINUTE = timedelta(minutes=1)
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = Window(START, START + timedelta(hours=1))
NEXT = Window(HOUR.end, HOUR.end + timedelta(hours=1))


def two_regions(make_integration: Callable[..., Integration]) -> Integration:
    step = {"name": "read", "request": {"path": "/"}}
    flow = {"name": "contacts", "every": "60s", "regions": ["local", "eu"], "steps": [step]}
    return make_integration(workflows=[flow])


def test_each_series_is_held_against_its_own_schedule(
    store: Store, put: Put, make_run: Make, make_integration: Callable[..., Integration]
) -> None:
    put([make_run(START + i * MINUTE) for i in range(0, 60, 2)])
    put([make_run(START + i * MINUTE, region="eu", every_s=300.0) for i in range(0, 60, 5)])
    asked = two_regions(make_integration)
    found = store.read(lambda con: coverage(con, [asked], [HOUR, NEXT]))
    assert [(one.region, one.window, one.measured, one.expected, one.share) for one in found] == [
        ("local", HOUR, 30, 60, 0.5), ("local", NEXT, 0, 60, 0.0), ("eu", HOUR, 12, 12, 1.0), ("eu", NEXT, 0, 12, 0.0),
    ]  # fmt: skip
    (whole, _) = store.read(lambda con: coverage_by_integration(con, [asked], [HOUR, NEXT]))
    assert (whole.region, whole.measured, whole.expected, whole.share) == (None, 42, 72, 0.75)


def test_whatever_a_run_says_about_the_vendor_covers_its_slice(
    store: Store, put: Put, make_run: Make, make_integration: Callable[..., Integration]
) -> None:
    put(
        [
            make_run(START),
            make_run(START + MINUTE, kind=FailureKind.TIMEOUT),
            make_run(START + 2 * MINUTE, kind=FailureKind.THROTTLED, outcome=Outcome.THROTTLED),
            make_run(START + 3 * MINUTE, outcome=Outcome.SKIPPED),
            make_run(START + 4 * MINUTE, outcome=Outcome.TAINTED),
            make_run(START + 5 * MINUTE, kind=FailureKind.INTERNAL),
        ]
    )
    (found,) = store.read(lambda con: coverage(con, [make_integration()], [HOUR]))
    assert (found.measured, found.measured_ms, found.expected) == (3, 180_000, 60)


def test_what_was_never_measured_has_nothing_expected_of_it(
    store: Store, make_integration: Callable[..., Integration]
) -> None:
    (found,) = store.read(lambda con: coverage(con, [make_integration()], [HOUR]))
    assert (found.measured, found.expected, found.share) == (0, 0, None)


def test_roll_ups_do_not_change_coverage(
    store: Store, put: Put, make_run: Make, make_integration: Callable[..., Integration]
) -> None:
    put([make_run(START + i * 7 * MINUTE) for i in range(400)])
    asked = [make_integration()]
    windows = days(Window(START + 90 * MINUTE, START + timedelta(days=2)), UTC)
    before = store.read(lambda con: coverage(con, asked, windows))
    roll(store, START + timedelta(days=3))
    assert store.read(lambda con: coverage(con, asked, windows)) == before
    assert [one.expected for one in before] == [630, 1440, 720]


def test_days_are_those_of_the_wall_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    window = Window(datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 26, 12, tzinfo=UTC))
    found = days(window, berlin)
    hours = [(one.end.astimezone(UTC) - one.start.astimezone(UTC)) / timedelta(hours=1) for one in found]
    assert hours == [10, 25, 13]
    assert (found[0].start, found[-1].end) == (window.start, window.end)
