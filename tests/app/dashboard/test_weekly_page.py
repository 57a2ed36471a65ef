"""The weekly review as a page says what the report says, and is made once for all who look."""

from __future__ import annotations

import json
from typing import Any

from alerts.reports.document import Band, Bars, Chart, Line, Span, Table
from app.dashboard.page import find
from app.dashboard.pages import PAGES
from app.dashboard.weekly.asking import review, this_week
from app.dashboard.weekly.figure import chart_figure

HOUR_MS = 3_600_000.0


def shown(world: Any, query: str = "") -> str:
    found = find(PAGES, "/weekly", query)
    assert found is not None
    drawn = found[0].render(world.view, found[1])
    return json.dumps(drawn, default=lambda c: c.to_plotly_json(), ensure_ascii=False)


def test_it_holds_every_section_and_every_cell_of_the_report(world: Any) -> None:
    week = this_week(world.view)
    document, page = review(world.view, week), shown(world, f"?week={week.name}")
    for part in document.sections:
        assert part.heading in page
        for table in (block for block in part.blocks if isinstance(block, Table)):
            assert table.caption in page
            assert all(json.dumps(cell.text, ensure_ascii=False)[1:-1] in page for row in table.rows for cell in row)
    assert all(sentence in page for sentence in document.summary)
    assert review(world.view, week) is document


def test_it_leads_to_the_weeks_beside_it_to_paper_and_to_the_incidents_pages(world: Any) -> None:
    week = this_week(world.view)
    page = shown(world, f"?week={week.name}")
    assert f"/weekly?week={week.before.name}" in page
    assert f"/reports/weekly/{week.name}?format=pdf" in page
    assert '"/incident/' in page
    assert "http://leadline" not in page
    before = shown(world)
    assert f"Weekly review {week.before.name}" in before
    assert f"/weekly?week={week.name}" in before


def test_a_week_that_is_none_or_has_not_begun_is_said(world: Any) -> None:
    assert "not an ISO week" in shown(world, "?week=2026-W60")
    assert "has not begun" in shown(world, "?week=2031-W01")


def test_a_chart_is_drawn_with_gaps_bands_and_incidents_and_not_without_data() -> None:
    times = (0.0, HOUR_MS, 2 * HOUR_MS)
    chart = Chart(
        "P95", "ms", "P95 rose", lines=(Line("P95", times, (100.0, None, 300.0), dashed=True),),
        bars=(Bars("5xx", times, (0.0, 2.0, 1.0)),), bands=(Band("normal", times, (90.0,) * 3, (120.0,) * 3),),
        spans=(Span("outage", HOUR_MS, 2 * HOUR_MS),), bucket_ms=HOUR_MS,
    )  # fmt: skip
    figure = chart_figure(chart)
    assert figure is not None
    assert [trace["type"] for trace in figure["data"]] == ["scatter", "scatter", "bar", "scatter"]
    assert figure["layout"]["xaxis"]["range"] == [0, int(3 * HOUR_MS)]
    assert figure["layout"]["shapes"][0]["x0"] == HOUR_MS
    assert chart_figure(Chart("P95", "ms", "nothing")) is None
