"""The report after an incident says what it cost, how fast it was met, by what it can be proved, and who was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from alerts.reports.case import UnknownIncidentError
from alerts.reports.document import Document, Table, Timeline
from alerts.reports.incident import incident_report
from alerts.reports.incident_charts import around, bucket_of
from alerts.reports.sources import Sources
from alerts.store import outbox
from alerts.store.told import messages_about
from metrics.model import Window
from metrics.spending import spending
from metrics.store.database import Store
from tests.support.report_world import BAD, BEFORE, INCIDENT, MINUTE, OVER, T0, live_through, report_config


def tables(document: Document) -> dict[str, Table]:
    return {b.caption: b for section in document.sections for b in section.blocks if isinstance(b, Table)}


def texts(table: Table) -> list[tuple[str, ...]]:
    return [tuple(cell.text for cell in cells) for cells in table.rows]


def test_the_times_are_those_of_the_outage(told: Document) -> None:
    assert {name: told.facts[name] for name in ("mttd_s", "mtta_s", "mttr_s", "runs", "failed_runs")} == {
        "mttd_s": 60.0, "mtta_s": 180.0, "mttr_s": 660.0, "runs": 11, "failed_runs": BAD,
    }  # fmt: skip
    assert told.title == "Post-incident report: HubSpot CRM roundtrip DOWN, 11 min"
    assert "taken by ada 3 min after it opened" in " ".join(told.summary)
    assert not told.so_far


def test_the_budget_that_it_spent_is_the_bad_time_of_what_the_target_allows(told: Document) -> None:
    # 61 slices of a minute until its end, half of which may be bad; ten were.
    (budget,) = told.facts["budgets"]
    assert budget["spent"] == pytest.approx(BAD / (0.5 * (BEFORE + 11)))
    assert budget["left"] == pytest.approx(1 - budget["spent"])
    assert budget["spent_minutes"] == pytest.approx(budget["spent"] * 15 * 24 * 60)
    ((whose, key, *_, slices),) = texts(tables(told)["Error budgets spent by it"])
    assert (whose, key, slices) == ("hubspot", "availability@50%/30d", f"{BAD} of 11")


def test_spending_agrees_with_how_the_objective_stands(outage: Sources) -> None:
    from metrics.evaluation import objective_statuses

    (spent,) = outage.ask(lambda con: spending(con, outage.config, [Window(T0, OVER)], OVER))
    (status,) = outage.ask(lambda con: objective_statuses(con, outage.config, OVER))
    assert spent.left == pytest.approx(status.budget_left)


def test_every_fact_is_on_the_timeline_in_order(told: Document) -> None:
    (timeline,) = [b for s in told.sections for b in s.blocks if isinstance(b, Timeline)]
    kinds = [moment.kind for moment in timeline.moments]
    assert [k for k in kinds if k in ("first failure", "opened", "acknowledged", "comment", "resolved")] == [
        "first failure", "opened", "acknowledged", "comment", "resolved",
    ]  # fmt: skip
    assert [m.at for m in timeline.moments] == sorted(m.at for m in timeline.moments)
    assert (timeline.moments[0].after, timeline.moments[-1].after) == ("+0 s", "+11 min")


def test_flows_evidence_request_ids_and_quota_are_told(told: Document) -> None:
    found = tables(told)
    assert texts(found["Business flows and their owners"])[0][:2] == ("lead-routing", "stopped")
    first = texts(found["Failed runs"])[0]
    assert first[6].startswith("ev-hubspot-030000-")
    assert "x-request-id req-4f21c0" in first[7]
    assert found["Failed runs"].rows[0][0].link.startswith("https://leadline.example.com/run/")
    assert "n = 50,000" not in str(found["Quota when it opened"])
    (daily,) = [cells for cells in texts(found["Quota when it opened"]) if cells[2] == "daily"]
    assert daily[6] == "2026-11-17 03:00"


def test_what_alerted_is_listed_by_channel_with_its_state(outage: Sources, told: Document) -> None:
    shown = texts(tables(told)["Messages by channel"])
    kept = outage.ask(lambda con: messages_about(con, INCIDENT))
    assert [(row[0], row[2]) for row in shown] == [(m.channel, str(m.action)) for m in kept if m.state != "superseded"]
    assert {row[4] for row in shown} == {"waiting"}


def test_the_charts_show_the_outage(told: Document) -> None:
    latency, failures = told.charts
    assert (latency.spans[0].start_ms, latency.spans[0].end_ms) == (T0.timestamp() * 1000, OVER.timestamp() * 1000)
    assert sum(v or 0 for bars in failures.bars for v in bars.values) == BAD
    gap = [v for t, v in zip(latency.lines[1].t_ms, latency.lines[1].values, strict=True) if t == T0.timestamp() * 1000]
    assert gap == [None]


def test_an_incident_that_goes_on_is_told_of_so_far() -> None:
    store, config = Store.open(None), report_config()
    live_through(store, config, until=T0 + 6 * MINUTE)
    document = incident_report(Sources(store, config, T0 + 7 * MINUTE), INCIDENT)
    store.close()
    assert document.so_far
    assert document.title.endswith("7 min so far")
    assert document.facts["mttr_s"] is None
    assert "not over yet" in " ".join(document.summary)


def test_an_unknown_incident_is_refused(outage: Sources) -> None:
    with pytest.raises(UnknownIncidentError, match="no such incident"):
        incident_report(outage, "20260101-000000-nothing")


def test_an_incident_whose_integration_is_no_longer_declared_is_still_told_of(outage: Sources) -> None:
    without = replace(outage, config=outage.config.model_copy(update={"integrations": ()}))
    document = incident_report(without, INCIDENT)
    assert document.facts["integrations"] == []
    assert document.facts["mttd_s"] == 60.0
    assert document.charts == ()


@pytest.mark.parametrize("minutes", [1, 30, 600, 60 * 24 * 9])
def test_a_chart_shows_an_hour_on_either_side_in_a_legible_number_of_buckets(minutes: int) -> None:
    window = Window(T0, T0 + minutes * MINUTE)
    wide = around(window, T0 + (2 * minutes + 120) * MINUTE)
    assert wide.start <= T0 - 60 * MINUTE
    assert wide.end >= window.end + 60 * MINUTE
    assert wide.length / bucket_of(wide) <= 120


def test_a_chart_does_not_reach_into_the_future() -> None:
    assert around(Window(T0, OVER), OVER + MINUTE).end == OVER + MINUTE


def test_resolving_writes_no_report_by_itself(outage: Sources) -> None:
    rows: Any = outage.ask(outbox)
    assert {str(row.tier) for row in rows} == {"urgent"}


def test_times_are_told_by_the_hubs_wall_clock(outage: Sources) -> None:
    hub = outage.config.settings.hub.model_copy(update={"timezone": "Asia/Kolkata"})
    config = outage.config.model_copy(update={"settings": outage.config.settings.model_copy(update={"hub": hub})})
    document = incident_report(replace(outage, config=config), INCIDENT)
    assert "2026-11-17 08:30:00 IST" in document.summary[0]
    assert document.facts["opened_at"] == datetime.fromisoformat("2026-11-17T03:01:00+00:00").isoformat()
