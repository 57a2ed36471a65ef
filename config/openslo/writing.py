"""Objectives as OpenSLO v1 documents: one of kind SLO for each, one of kind Service for whom they are promised of.

What OpenSLO has no word for stands in annotations under `leadline/`, so that reading gives the same objective back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from config.model import CalendarWindow, Config, Objective, Period, Sli
from config.objective import SLICE
from config.scalars import format_duration, format_share

API: Final = "openslo/v1"
PREFIX: Final = "leadline/"
SOURCE: Final = "Leadline"
DURATIONS: Final = {Period.WEEK: "1w", Period.MONTH: "1M", Period.QUARTER: "1Q", Period.YEAR: "1Y"}
STARTS: Final = {
    Period.WEEK: "2024-01-01 00:00:00",  # a Monday
    Period.MONTH: "2024-01-01 00:00:00",
    Period.QUARTER: "2024-01-01 00:00:00",
    Period.YEAR: "2024-01-01 00:00:00",
}
ANNOTATED: Final = ("workflow", "page", "throttled_is_bad", "maintenance", "min_bad", "window")
"""Keys of an objective that OpenSLO has no word for; a window only where the shorthand for durations cannot say it."""
OWN_SLICE: Final = "longest interval"
"""Of a flow whose slices are as long as the longest interval of its workflows."""
MILLISECONDS: Final = frozenset({Sli.LATENCY, Sli.TTFB, Sli.SYNC_LAG})
_RATIOS: Final = "ratioMetric"


def documents(config: Config) -> Iterator[dict[str, Any]]:
    """All of them, services first."""
    promised = [(one.name, one.label, one.objectives, False) for one in config.integrations if one.objectives]
    promised += [(flow.name, flow.label, flow.objectives, True) for flow in config.settings.flows]
    for name, label, _, flow in promised:
        yield _service(name, label, flow=flow)
    for name, _, objectives, flow in promised:
        for number, objective in enumerate(objectives):
            yield _slo(name, number, objective, flow=flow)


def _service(name: str, label: str, *, flow: bool) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": named(name), "displayName": label, "annotations": {f"{PREFIX}name": name}}
    if flow:
        metadata["annotations"][f"{PREFIX}flow"] = "true"
    return {"apiVersion": API, "kind": "Service", "metadata": metadata, "spec": {}}


def _slo(name: str, number: int, objective: Objective, *, flow: bool) -> dict[str, Any]:
    sliced = flow or objective.method == "time_slices"
    annotations = {f"{PREFIX}sli": str(objective.sli), **_annotations(objective, flow=flow)}
    if flow:
        annotations[f"{PREFIX}flow"] = name
    metadata = {"name": named(f"{name}-{objective.sli}-{number}"), "annotations": annotations}
    spec = {
        "service": named(name),
        "indicator": _indicator(name, number, objective),
        "timeWindow": [_window(objective)],
        "budgetingMethod": "Timeslices" if sliced else "Occurrences",
        "objectives": [_target(objective, sliced=sliced)],
    }
    return {"apiVersion": API, "kind": "SLO", "metadata": metadata, "spec": spec}


def _annotations(objective: Objective, *, flow: bool) -> dict[str, str]:
    written = objective.model_dump(mode="json", exclude_defaults=True, include=set(ANNOTATED))
    if isinstance(objective.window, CalendarWindow) or shorthand(objective.window):
        written.pop("window", None)
    if objective.slice is not None and not shorthand(objective.slice):
        written["slice"] = format_duration(objective.slice)
    if objective.slice is None and flow:
        written["slice"] = OWN_SLICE
    if objective.at_least is not None and objective.at_most is not None:
        # OpenSLO compares with one number.
        written["at_least"] = repr(objective.at_least)
    return {f"{PREFIX}{key}": _text(value) for key, value in written.items()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _indicator(name: str, number: int, objective: Objective) -> dict[str, Any]:
    source = {"metricSource": {"type": SOURCE, "spec": {"sli": str(objective.sli)}}}
    metadata = {"name": named(f"{name}-{objective.sli}-{number}-indicator")}
    if objective.sli in MILLISECONDS or objective.sli is Sli.RECORDED:
        if objective.value is not None:
            source["metricSource"]["spec"] = {"sli": str(objective.sli), "value": objective.value}
        return {"metadata": metadata, "spec": {"thresholdMetric": source}}
    total = {"metricSource": {"type": SOURCE, "spec": {"sli": str(objective.sli), "of": "total"}}}
    return {"metadata": metadata, "spec": {_RATIOS: {"counter": True, "good": source, "total": total}}}


def _window(objective: Objective) -> dict[str, Any]:
    window = objective.window
    if isinstance(window, CalendarWindow):
        begun = {"startTime": STARTS[window.calendar], "timeZone": window.time_zone}
        return {"duration": DURATIONS[window.calendar], "calendar": begun, "isRolling": False}
    return {"duration": shorthand(window) or _minutes(window), "isRolling": True}


def _target(objective: Objective, *, sliced: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if objective.threshold is not None:
        found |= {"op": "lte", "value": _number(objective.threshold / timedelta(milliseconds=1))}
    elif objective.at_most is not None:
        found |= {"op": "lte", "value": _number(objective.at_most)}
    elif objective.at_least is not None:
        found |= {"op": "gte", "value": _number(objective.at_least)}
    found["targetPercent"] = _number(float(format_share(objective.target)[:-1]))
    if sliced:
        found["timeSliceTarget"] = 1.0 if objective.slice_target is None else objective.slice_target
        length = objective.slice or SLICE
        found["timeSliceWindow"] = shorthand(length) or _minutes(length)
    return found


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _minutes(length: timedelta) -> str:
    """The nearest that the shorthand can say; the annotation says it exactly."""
    return f"{max(1, round(length / timedelta(minutes=1)))}m"


def shorthand(length: timedelta) -> str | None:
    """A duration as OpenSLO writes it; None for what is no whole number of minutes."""
    text = format_duration(length)
    return text if re.fullmatch(r"\d+[mhdw]", text) else None


def named(*parts: str) -> str:
    """A name by RFC 1123: at most 63 small letters, digits and dashes."""
    text = re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")
    return text if len(text) <= 63 else text[:63].rstrip("-")
