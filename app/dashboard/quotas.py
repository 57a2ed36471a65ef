"""Quota buckets as a table with their forecasts, and as a chart with where it leads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.charts import chart
from app.dashboard.elements import ago, aria, budget_bar, integration_link, mark, panel, table
from app.dashboard.narrowing import Narrowed
from app.dashboard.quota_figure import quota_figure
from metrics.model import State, Window
from metrics.quota.model import ForecastState, QuotaForecast
from metrics.quota.words import reset_words
from metrics.series import QuotaSeries

MARKS: Final = {
    ForecastState.SPENT: (State.DOWN, "spent"),
    ForecastState.RUNS_OUT: (State.DEGRADED, "runs out"),
    ForecastState.LASTS_PAST_RESET: (State.UP, "lasts"),
    ForecastState.LASTS_WINDOW: (State.UP, "lasts"),
    ForecastState.REFILLS: (State.UP, "refills"),
    ForecastState.GAUGE: (State.UP, "gauge"),
    ForecastState.TOO_LITTLE_EVIDENCE: (State.NO_DATA, "too little evidence"),
    ForecastState.NOT_REPORTED: (State.NO_DATA, "not reported"),
}
LASTS: Final = {
    "short": (State.DEGRADED, "runs out", {ForecastState.SPENT, ForecastState.RUNS_OUT}),
    "lasting": (State.UP, "lasts", {state for state, (looks, _) in MARKS.items() if looks is State.UP}),
    "unknown": (State.NO_DATA, "not known", {state for state, (looks, _) in MARKS.items() if looks is State.NO_DATA}),
}
"""What an address calls a choice → how it is marked, and which states it stands for."""
_NAMED: Final = 3
_WORST: Final = {state: place for place, state in enumerate(MARKS)}
_HEAD: Final = ("bucket", "state", "left", "used", "forecast", "resets", "our probes", "reported")
_UNKNOWN: Final = "This vendor has not reported any quota yet: its limits are unknown, not unlimited."


def quota_panel(
    forecasts: Iterable[QuotaForecast],
    series: Sequence[QuotaSeries],
    window: Window,
    now: datetime,
    *,
    leads: bool = True,
) -> Component:
    """Every bucket that an integration draws on; one that its vendor does not report says so. `leads`: whether the
    chart goes on to where it leads; one of a time that is long over does not."""
    shown = worst_first(forecasts)
    rows = [_row(told, now) for told in shown]
    known = [one for one in series if one.t_ms.size > 1]
    parts: list[Any] = [html.Div(table(_HEAD, rows, numeric=(3,), empty=_UNKNOWN, cards=True), id="live-quota")]
    if known:
        figure = quota_figure(known, shown if leads else (), window)
        parts.insert(0, chart("quota-chart", figure, height="13rem", summary=_said(shown)))
    note = "share of each bucket left · newest reading"
    if known:
        ahead = ", and where it leads (90 % bounds)" if leads else ""
        note += f" · chart: % left over {wording.span(window.length)}{ahead}"
    return panel("Quota", *parts, note=note if rows else "", name="quota")


def _said(forecasts: Sequence[QuotaForecast]) -> str:
    return " ".join(f"{told.bucket or 'any bucket'}: {told.sentence}." for told in forecasts)


def all_quotas_panel(forecasts: Iterable[QuotaForecast], now: datetime, narrowed: Narrowed | None = None) -> Component:
    """Every bucket of every vendor that the address asks for, each once, whoever draws on it; the one that runs out
    first comes first, a page at a time."""
    narrowed, everything = narrowed or Narrowed("/quotas"), worst_first(forecasts)
    meant = [told for told in everything if _is_named(told, narrowed) and narrowed.choice in ("", _lasts(told))]
    rows = [(_names(told), *_row(told, now)) for told in narrowed.cut("page", meant)]
    empty = "None of this kind." if everything else "Buckets stand here once a run has been evaluated."
    count = wording.plural(len(everything), "bucket")
    count = f"{len(meant):,} of {count}" if len(meant) < len(everything) else count
    return panel(
        "Every bucket",
        table(("integrations", *_HEAD), rows, numeric=(4,), empty=empty, cards=True),
        narrowed.turning("page", len(meant)),
        note=f"{count} · each counted once per account · the worst first",
    )


def quota_choices(forecasts: Sequence[QuotaForecast], narrowed: Narrowed) -> Component:
    """What the list can be narrowed to, each with how many buckets it leaves."""
    named = [told for told in forecasts if _is_named(told, narrowed)]
    chips = [narrowed.chip("all", "", len(named))]
    for name, (state, words, _) in LASTS.items():
        chips.append(narrowed.chip(mark(state, words), name, sum(_lasts(told) == name for told in named)))
    # Refreshed beside the field, in which something may be half typed.
    group = html.Div(chips, id="live-lasts", className="chips", role="group", **aria(label="State"))
    return html.Div([narrowed.field("Search integration, vendor or bucket"), group], className="filters")


def _is_named(told: QuotaForecast, narrowed: Narrowed) -> bool:
    return narrowed.holds(told.vendor, told.bucket or "any", *told.integrations, *told.credentials)


def _lasts(told: QuotaForecast) -> str:
    return next(name for name, (_, _, states) in LASTS.items() if told.state in states)


def worst_first(forecasts: Iterable[QuotaForecast]) -> list[QuotaForecast]:
    """Spent before running out before lasting before unknown; then the sooner, then the emptier one."""

    def place(told: QuotaForecast) -> tuple[int, float, float, str]:
        at = told.at.timestamp() if told.at else float("inf")
        return _WORST[told.state], at, 1.0 if told.left is None else told.left, told.key

    return sorted(forecasts, key=place)


def scarcity_words(forecasts: Sequence[QuotaForecast]) -> str:
    """`2 run out before their reset, 41 last, 12 are not reported`."""
    counted = {
        "spent": sum(told.state is ForecastState.SPENT for told in forecasts),
        "run out before their reset": sum(told.state is ForecastState.RUNS_OUT for told in forecasts),
        "last": sum(MARKS[told.state][0] is State.UP for told in forecasts),
        "with too little evidence": sum(told.state is ForecastState.TOO_LITTLE_EVIDENCE for told in forecasts),
        "not reported": sum(told.state is ForecastState.NOT_REPORTED for told in forecasts),
    }
    return ", ".join(f"{n:,} {what}" for what, n in counted.items() if n)


def _names(told: QuotaForecast) -> Component:
    """Who draws on it: the first few, the others one click away, for hundreds may share an account."""
    links: list[Any] = [part for name in told.integrations for part in (integration_link(name), " ")]
    parts = links[: 2 * _NAMED]
    if len(told.integrations) > _NAMED:
        rest = html.Summary(f"and {len(told.integrations) - _NAMED:,} more")
        parts.append(html.Details([rest, html.Span(links[2 * _NAMED :])]))
    if told.vendor not in told.integrations:
        parts.append(html.Div(told.vendor, className="note"))
    return html.Div(parts, className="wrap")


def _row(told: QuotaForecast, now: datetime) -> tuple[Any, ...]:
    unit = "" if told.unit == "percent" else f" {told.unit}"
    used = told.used
    if used is None and told.limit is not None and told.remaining is not None:
        used = told.limit - told.remaining
    return (
        _bucket(told),
        mark(*MARKS[told.state]),
        budget_bar(told.left) if told.left is not None else html.Span("not reported", className="none"),
        _used(used, told.limit, unit),
        html.Span(told.sentence, className="wrap sentence"),
        html.Span(_resets(told, now), className="wrap"),
        html.Span(_probes(told), className="wrap"),
        ago(told.observed_at),
    )


def _bucket(told: QuotaForecast) -> Component:
    """Its name, how it counts, and whose it is."""
    notes = [_kind(told), ", ".join(told.credentials)]
    parts = [html.B(told.bucket or "any"), *[html.Div(note, className="note") for note in notes if note]]
    return html.Div(parts, className="wrap")


def _used(used: float | None, limit: float | None, unit: str) -> Any:
    if used is None and limit is None:
        return wording.NONE
    most = f"of {wording.count(limit)}{unit}" if limit is not None else "of an unknown limit"
    return [wording.count(used), html.Div(most, className="note")]


def _kind(told: QuotaForecast) -> str:
    if told.window_s is None:
        return told.window_kind
    return f"{told.window_kind}, {wording.span(timedelta(seconds=told.window_s))}"


def _resets(told: QuotaForecast, now: datetime) -> str:
    said = reset_words(told.reset, now).removeprefix("resets ")
    return said or ("continuously" if told.window_kind in {"leaky", "rolling"} else "not said")


def _probes(told: QuotaForecast) -> str:
    if told.probes is None:
        return wording.NONE
    share = f" · {wording.share(told.probes.share, 1)} of the burn" if told.probes.share is not None else ""
    budget = f" · allowed {told.probes.budget}" if told.probes.budget else ""
    return f"{wording.count(told.probes.per_h)} calls/h{share}{budget}"


def drawn_on(forecasts: Iterable[QuotaForecast], integration: str) -> tuple[QuotaForecast, ...]:
    """The buckets that an integration draws on."""
    return tuple(told for told in forecasts if integration in told.integrations)
