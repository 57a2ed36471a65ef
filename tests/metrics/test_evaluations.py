"""Verdicts with their reasons: what is kept of them, how often, for how long, and how they read later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from config.model import Objective, Retention, Sli
from metrics.baseline.series import Measure, SeriesKey
from metrics.explaining import Explainer, of_learned, of_objective, of_quota
from metrics.model import Burn, BurnPair, LearnedState, LearnedVerdict, ObjectiveStatus, Window
from metrics.quota.forecast import not_reported
from metrics.quota.model import Burn as QuotaBurn
from metrics.quota.model import ForecastState
from metrics.store.database import Store
from metrics.store.evaluations import Explained, evaluations, note_evaluations
from metrics.store.retention import forget_old

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
PAGE = BurnPair("page", HOUR, 5 * MINUTE, 14.4)
Told = Callable[..., Explained]
Kept = Callable[[], list[tuple[str, float]]]


@pytest.fixture
def told(noon: datetime) -> Told:
    """A verdict so many minutes after noon."""

    def build(at: float, verdict: str, subject: str = "contacts", **more: Any) -> Explained:
        known = Explained(
            noon + at * MINUTE, "latency", "hubspot", subject, verdict, 640.0, 531.0, "ms", 5, f"{verdict} at {at:g}"
        )
        return known._replace(**more)

    return build


@pytest.fixture
def kept(store: Store, noon: datetime) -> Kept:
    """Verdict and minutes after noon of everything that is stored, oldest first."""

    def work() -> list[tuple[str, float]]:
        found = store.read(lambda con: evaluations(con, "hubspot", noon - 400 * HOUR, noon + 400 * HOUR))
        return [(one.verdict, (one.judged_at - noon) / MINUTE) for one in reversed(found)]

    return work


def rounds(store: Store, *told: Explained, explainer: Explainer | None = None) -> Explainer:
    """Each in a round of its own."""
    explainer = explainer or Explainer(store)
    for one in told:
        explainer.note([one])
    return explainer


def test_it_is_kept_when_it_changes_and_once_an_hour_while_it_is_not_good(store: Store, told: Told, kept: Kept) -> None:
    firing = [told(minute, "firing") for minute in range(5, 130, 5)]
    rounds(store, told(0, "good"), *firing, told(130, "good"), told(300, "good"), told(305, "accepted"))
    assert kept() == [("firing", 5), ("firing", 65), ("firing", 125), ("good", 130), ("accepted", 305)]


def test_what_was_always_good_is_nothing_to_tell(store: Store, told: Told, kept: Kept) -> None:
    rounds(store, *(told(hour * 60, "good") for hour in range(50)))
    assert kept() == []


def test_of_several_changes_in_one_batch_all_are_kept(store: Store, told: Told, kept: Kept) -> None:
    course = [told(5, "firing"), told(20, "good"), told(40, "firing"), told(90, "accepted"), told(95, "firing")]
    Explainer(store).note([*course, told(95, "firing")])
    assert kept() == [("firing", 5), ("good", 20), ("firing", 40), ("accepted", 90), ("firing", 95)]


def test_one_subject_says_nothing_of_another(store: Store, told: Told, kept: Kept) -> None:
    Explainer(store).note([told(5, "firing"), told(5, "firing", "export"), told(5, "firing", kind="failures")])
    assert kept() == [("firing", 5)] * 3


def test_a_restart_repeats_nothing_and_goes_on_counting_the_hour(store: Store, told: Told, kept: Kept) -> None:
    rounds(store, told(5, "firing"), told(5, "good", "export"))
    rounds(store, told(5, "firing"), told(30, "firing"), told(64, "firing"))
    assert kept() == [("firing", 5)]
    rounds(store, told(65, "firing"), told(70, "good"))
    rounds(store, told(75, "good"))
    assert kept() == [("firing", 5), ("firing", 65), ("good", 70)]


def test_a_course_that_is_judged_again_after_a_restart_takes_the_place_of_what_was_said(
    store: Store, told: Told, kept: Kept, noon: datetime
) -> None:
    course = [told(5, "firing"), told(20, "good"), told(40, "firing"), told(60, "good")]
    Explainer(store).note(course)
    again = [one._replace(words=f"{one.words}, late rows counted") for one in course]
    Explainer(store).note(again)
    assert kept() == [("firing", 5), ("good", 20), ("firing", 40), ("good", 60)]
    found = store.read(lambda con: evaluations(con, "hubspot", noon, noon + HOUR))
    assert found[0].words == "firing at 40, late rows counted"


def test_of_two_verdicts_of_one_instant_the_last_stands(store: Store, told: Told, kept: Kept) -> None:
    Explainer(store).note([told(5, "firing"), told(10, "good"), told(10, "firing"), told(10, "accepted")])
    assert kept() == [("firing", 5), ("accepted", 10)]
    rounds(store, told(15, "firing"))
    assert kept()[-1] == ("firing", 15)


def test_what_could_not_be_stored_is_stored_next_time(store: Store, told: Told, kept: Kept) -> None:
    explainer = rounds(store, told(5, "firing"))
    store.write(lambda con: con.execute("ALTER TABLE evaluations RENAME TO away")).result()
    with pytest.raises(duckdb.Error):
        explainer.note([told(10, "good")])
    store.write(lambda con: con.execute("ALTER TABLE away RENAME TO evaluations")).result()
    rounds(store, told(15, "good"), explainer=explainer)
    assert kept() == [("firing", 5), ("good", 15)]


def test_a_past_verdict_is_read_as_it_was_the_newest_first_within_its_time(
    store: Store, told: Told, noon: datetime
) -> None:
    course = [told(5, "firing"), told(20, "good"), told(40, "firing", seen=None, against=None, samples=None)]
    store.write(lambda con: note_evaluations(con, [*course, told(41, "firing", integration="github")])).result()

    def read(since: float, until: float, most: int = 500) -> Sequence[Explained]:
        return store.read(lambda con: evaluations(con, "hubspot", noon + since * MINUTE, noon + until * MINUTE, most))

    assert read(0, 60) == course[::-1]
    assert read(5, 40) == [course[1], course[0]]
    assert read(0, 60, 1) == [course[2]]
    assert read(41, 60) == []


def test_none_are_kept_longer_than_figures_of_an_hour(store: Store, told: Told, kept: Kept, noon: datetime) -> None:
    retention = Retention.model_validate({"rollup_1h": "40d"})
    course = [told(-41 * 1440, "firing"), told(-39 * 1440, "firing"), told(0, "good")]
    store.write(lambda con: note_evaluations(con, course)).result()
    store.write(lambda con: forget_old(con, noon, Retention())).result()
    assert len(store.read(lambda con: con.execute("FROM evaluations").fetchall())) == 3
    assert store.write(lambda con: forget_old(con, noon, retention)).result() == 1
    assert [verdict for verdict, _ in kept()] == ["good"]
    assert len(store.read(lambda con: con.execute("FROM evaluations").fetchall())) == 2


@pytest.fixture
def status(noon: datetime) -> ObjectiveStatus:
    """An objective of which much was measured, and little of it is bad."""
    return ObjectiveStatus(
        "hubspot", Objective(sli=Sli.AVAILABILITY, target=0.999), Window.last(30 * 24 * HOUR, noon), 0.9994, 40_000, 24,
        43_200, 0.93, 0.4, (Burn(PAGE, 2.0, 2.0, 2, False),),
    )  # fmt: skip


def test_an_objective_says_what_is_left_of_how_much(status: ObjectiveStatus, noon: datetime) -> None:
    found = of_objective(status, noon)
    assert (found.verdict, found.seen, found.against, found.unit, found.samples) == (
        "good", 0.9994, 0.999, "share", 40_024,
    )  # fmt: skip
    assert found.words == "40 % of the error budget left; 24 of 40024 slices bad"
    assert (found.kind, found.subject, found.judged_at) == ("objective", status.key, noon)


def test_an_objective_that_burns_names_its_worst_window(status: ObjectiveStatus, noon: datetime) -> None:
    slow = Burn(BurnPair("ticket", 72 * HOUR, 6 * HOUR, 1.0), 3.0, 3.0, 20, True)
    found = of_objective(status._replace(burns=(slow, Burn(PAGE, 20.0, 31.0, 12, True))), noon)
    assert (found.verdict, found.seen, found.against, found.unit) == ("burning", 20.0, 14.4, "burn rate")
    assert found.words.startswith("burn 20 over 1h, 14.4 is too much; 40 %")


@pytest.mark.parametrize("left", [0.0, -0.7])
def test_a_budget_that_is_gone_is_spent(status: ObjectiveStatus, noon: datetime, left: float) -> None:
    assert of_objective(status._replace(budget_left=left), noon).verdict == "spent"


def test_an_objective_of_which_nothing_was_measured_is_not_good(
    store: Store, status: ObjectiveStatus, noon: datetime, kept: Kept
) -> None:
    nothing = status._replace(sli=None, good=0, bad=0, coverage=0.0, budget_left=None, burns=())
    found = of_objective(nothing, noon)
    assert (found.verdict, found.seen, found.samples) == ("no_data", None, 0)
    burning = of_objective(status._replace(burns=(Burn(PAGE, 20.0, 31.0, 12, True),)), noon - MINUTE)
    rounds(store, burning, *(found._replace(judged_at=noon + hour * HOUR) for hour in range(9)))
    assert kept() == [("burning", -1), ("no_data", 0)]


def test_a_quota_is_said_of_each_integration_that_draws_on_it(noon: datetime) -> None:
    silent = not_reported("hubspot:app:daily", "hubspot", "daily", ("hubspot", "hubspot-eu"))
    burn = QuotaBurn(6000.0, 5000.0, 7500.0, 13, HOUR, 2143.0)
    runs_out = replace(silent, state=ForecastState.RUNS_OUT, unit="requests", sentence="runs out at 15:00", burn=burn)
    first, second = of_quota(runs_out, noon)
    assert (first.integration, second.integration) == ("hubspot", "hubspot-eu")
    assert first[4:] == ("runs_out", 6000.0, 2143.0, "requests an hour", 13, "runs out at 15:00")
    (quiet, _) = of_quota(silent, noon)
    assert (quiet.verdict, quiet.seen, quiet.against, quiet.samples) == ("not_reported", None, None, None)


def test_two_accounts_at_one_vendor_do_not_speak_for_one_another(store: Store, noon: datetime, kept: Kept) -> None:
    one = not_reported("hubspot:app:daily", "hubspot", "daily", ("hubspot",))
    other = replace(one, key="hubspot:hubspot:daily", state=ForecastState.SPENT)
    explainer = Explainer(store)
    for minute in range(10):
        explainer.note([*of_quota(one, noon + minute * MINUTE), *of_quota(other, noon + minute * MINUTE)])
    assert kept() == [("spent", 0)]


@pytest.mark.parametrize(("measure", "kind"), [(Measure.TTFB, "latency"), (Measure.FAILURES, "failures")])
def test_a_series_says_what_it_is_and_what_it_was_held_against(noon: datetime, measure: Measure, kind: str) -> None:
    key = SeriesKey("hubspot", "roundtrip", "local", "read", measure, 300)
    found = of_learned(LearnedVerdict(key, LearnedState.FIRING, noon, noon, 640.0, 361.0, 531.0, "ms", 5, "why"))
    assert found == Explained(
        noon, kind, "hubspot", f"roundtrip/local/read:{measure}", "firing", 640.0, 531.0, "ms", 5, "why"
    )
