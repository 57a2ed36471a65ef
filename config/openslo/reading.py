"""OpenSLO v1 documents into objectives. What cannot be taken over is said, with its line: a problem where an objective
would be another one without it, a note where it would not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from pydantic import ValidationError

from config.model import Objective, Period, Sli
from config.openslo.writing import API, DURATIONS, MILLISECONDS, OWN_SLICE, PREFIX, SOURCE, STARTS
from config.problems import Path, Problem, did_you_mean
from config.pydantic_errors import findings
from config.scalars import format_duration
from config.yaml_source import Document, parse

_OTHERS: Final = {
    "AlertPolicy": "Leadline alerts by its own table of burn rates",
    "AlertCondition": "Leadline alerts by its own table of burn rates",
    "AlertNotificationTarget": "who is told stands in alerts.yaml",
    "DataSource": "Leadline measures by itself",
}
_PERIODS: Final = {duration: period for period, duration in DURATIONS.items()}
_ROLLING: Final = {"M": 30, "Q": 90, "Y": 365}
_BOOLEANS: Final = {"page", "throttled_is_bad"}
_TAKEN: Final = ("workflow", "page", "throttled_is_bad", "maintenance", "min_bad", "window", "slice", "at_least")


@dataclass
class Taken:
    """What documents say: objectives by integration and by flow, what could not be read, and what was left out."""

    integrations: dict[str, list[Objective]] = field(default_factory=dict)
    flows: dict[str, list[Objective]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)


class _Unfit(Exception):  # noqa: N818 - what keeps one SLO from being read, caught in this module
    def __init__(self, path: Path, message: str) -> None:
        self.path, self.message = path, message
        super().__init__(message)


def taken_over(text: str, shown: str) -> Taken:
    """The objectives of a text of one or more documents, which is called `shown` in messages."""
    taken = Taken()
    read = [parse(part, shown) for part in _parts(text)]
    taken.problems += [problem for _, problems in read for problem in problems]
    documents = [document for document, _ in read if document.value]
    if not documents and not taken.problems:
        taken.problems.append(Problem(shown, 0, "", f"no document in it; write one with apiVersion: {API}, kind: SLO"))
    known = [one for one in documents if _is_known(one, taken)]
    shared = {kind: {_name(d): d for d in known if d.value.get("kind") == kind} for kind in ("SLI", "Service")}
    for document in known:
        if document.value["kind"] == "SLO":
            _take(document, shared["SLI"], shared["Service"], taken)
    return taken


def _parts(text: str) -> Iterator[str]:
    """Every document, with as many empty lines before it as it needs to keep its line numbers."""
    lines: list[str] = []
    for number, line in enumerate([*text.splitlines(), "---"]):
        if re.fullmatch(r"---\s*(#.*)?", line):
            yield "\n".join(lines) + "\n"
            lines = [""] * (number + 1)
        else:
            lines.append(line)


def _is_known(document: Document, taken: Taken) -> bool:
    version, kind = document.value.get("apiVersion"), document.value.get("kind")
    if version != API:
        taken.problems.append(document.problem(("apiVersion",), f"not a document of {API}, which is what is read"))
        return False
    if kind in _OTHERS:
        taken.notes.append(document.problem(("kind",), f"{kind} is not taken over: {_OTHERS[kind]}"))
        return False
    if kind not in ("SLO", "SLI", "Service"):
        said = did_you_mean(str(kind), ["SLO", "SLI", "Service", *_OTHERS])
        taken.problems.append(document.problem(("kind",), f"unknown kind {said}"))
        return False
    return True


def _name(document: Document) -> str:
    return str(_mapping(document.value.get("metadata")).get("name"))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _take(document: Document, slis: Mapping[str, Document], services: Mapping[str, Document], taken: Taken) -> None:
    spec = _mapping(document.value.get("spec"))
    told = _annotations(document)
    try:
        rows = _rows(spec)
        shared = {**_sli(spec, told, slis), **_window(document, told, taken), **_promised(told)}
        found = [_objective(document, place, row, shared, told, taken) for place, row in enumerate(rows)]
    except _Unfit as err:
        taken.problems.append(document.problem(err.path, err.message))
        return
    if spec.get("alertPolicies"):
        taken.notes.append(document.problem(("spec", "alertPolicies"), _left_out("AlertPolicy")))
    service = str(spec.get("service", ""))
    if not service:
        taken.problems.append(document.problem(("spec", "service"), "required key is missing; name the integration"))
        return
    own = _annotations(services[service]) if service in services else {}
    whose, name = (taken.flows, told["flow"]) if "flow" in told else (taken.integrations, own.get("name", service))
    whose.setdefault(name, []).extend(one for one in found if one is not None)


def _rows(spec: Mapping[str, Any]) -> list[Any]:
    rows = spec.get("objectives")
    if not isinstance(rows, list) or not rows:
        raise _Unfit(("spec", "objectives"), "must be a list of at least one objective")
    return rows


def _left_out(kind: str) -> str:
    return f"not taken over: {_OTHERS[kind]}"


def _annotations(document: Document) -> dict[str, str]:
    found = _mapping(_mapping(document.value.get("metadata")).get("annotations"))
    return {key.removeprefix(PREFIX): str(value) for key, value in found.items() if key.startswith(PREFIX)}


def _promised(told: Mapping[str, str]) -> dict[str, Any]:
    chosen = {key: told[key] for key in _TAKEN if key in told and told[key] != OWN_SLICE}
    return {key: value.lower() == "true" if key in _BOOLEANS else value for key, value in chosen.items()}


def _sli(spec: Mapping[str, Any], told: Mapping[str, str], slis: Mapping[str, Document]) -> dict[str, Any]:
    """What is measured: by our annotation, or by an indicator that names us as the source."""
    indicator = _mapping(spec.get("indicator"))
    if "indicatorRef" in spec:
        reference = str(spec["indicatorRef"])
        if reference not in slis:
            raise _Unfit(("spec", "indicatorRef"), f'no SLI "{reference}" in this file {did_you_mean(reference, slis)}')
        indicator = slis[reference].value
    metric = _mapping(indicator.get("spec"))
    source = _mapping(_mapping(metric.get("thresholdMetric")).get("metricSource"))
    source = source or _mapping(_mapping(_mapping(metric.get("ratioMetric")).get("good")).get("metricSource"))
    own = _mapping(source.get("spec")) if source.get("type") == SOURCE else {}
    sli = told.get("sli", own.get("sli"))
    if sli not in list(Sli):
        known = ", ".join(Sli)
        message = (
            f"what Leadline is to measure does not follow from it; add the annotation {PREFIX}sli (one of {known})"
        )
        raise _Unfit(("spec", "indicator"), message)
    return {"sli": sli, **({"value": own["value"]} if "value" in own else {})}


def _window(document: Document, told: Mapping[str, str], taken: Taken) -> dict[str, Any]:
    at: Path = ("spec", "timeWindow")
    windows = document.at(at)
    if windows is None or "window" in told:
        return {}
    if not isinstance(windows, list) or len(windows) != 1 or not isinstance(windows[0], dict):
        raise _Unfit(at, "must be a list of exactly one window")
    window, here = windows[0], (*at, 0)
    duration = str(window.get("duration"))
    calendar = window.get("calendar")
    if isinstance(calendar, dict):
        return {"window": _calendar(document, duration, calendar, here, taken)}
    if re.fullmatch(r"[1-9]\d*[mhdw]", duration):
        return {"window": duration}
    if re.fullmatch(r"[1-9]\d*[MQY]", duration):
        days = int(duration[:-1]) * _ROLLING[duration[-1]]
        taken.notes.append(document.problem((*here, "duration"), f"a rolling {duration} is read as {days}d"))
        return {"window": f"{days}d"}
    raise _Unfit((*here, "duration"), "not a duration; write a whole number with m, h, d, w, M, Q or Y, such as 30d")


def _calendar(document: Document, duration: str, calendar: Mapping[str, Any], at: Path, taken: Taken) -> dict[str, str]:
    period = _PERIODS.get(duration)
    if period is None:
        known = ", ".join(_PERIODS)
        raise _Unfit((*at, "duration"), f"a calendar window of {duration} is not known here (one of {known} is)")
    start = str(calendar.get("startTime", STARTS[period]))
    if not _is_a_start(start, period):
        taken.notes.append(
            document.problem((*at, "calendar", "startTime"), f"a {period} begins with the calendar, not on {start}")
        )
    return {"calendar": period.value, "time_zone": str(calendar.get("timeZone", "UTC"))}


def _is_a_start(text: str, period: Period) -> bool:
    """Whether a period begins then; of a week only the hour is looked at."""
    pattern = {Period.MONTH: r"-\d\d-01", Period.QUARTER: r"-(01|04|07|10)-01", Period.YEAR: r"-01-01"}
    return bool(re.fullmatch(rf"\d{{4}}{pattern.get(period, r'-[0-9]+-[0-9]+')}([ T]00:00(:00)?)?", text))


def _objective(
    document: Document, place: int, row: Any, shared: Mapping[str, Any], told: Mapping[str, str], taken: Taken
) -> Objective | None:
    at: Path = ("spec", "objectives", place)
    value = {**shared, **_target(_mapping(row), at), **_limit(document, _mapping(row), at, str(shared["sli"]), taken)}
    value |= {**_sliced(document, _mapping(row), at, told), **{key: shared[key] for key in ("slice",) if key in shared}}
    try:
        return Objective.model_validate(value)
    except ValidationError as err:
        for path, message in findings(err, Objective, value):
            taken.problems.append(document.problem(at, f"{'.'.join(map(str, path))}: {message}"))
        return None


def _target(row: Mapping[str, Any], at: Path) -> dict[str, Any]:
    if ("target" in row) == ("targetPercent" in row):
        raise _Unfit(at, "needs one of target and targetPercent")
    key = "target" if "target" in row else "targetPercent"
    number = row[key]
    most = 1 if key == "target" else 100
    if not isinstance(number, (int, float)) or isinstance(number, bool) or not 0 < number < most:
        raise _Unfit((*at, key), f"must be a number above 0 and below {most}: at {most} there is no budget to burn")
    return {"target": number if key == "target" else f"{number!r}%"}


def _limit(document: Document, row: Mapping[str, Any], at: Path, sli: str, taken: Taken) -> dict[str, Any]:
    """The number that values are compared with."""
    if "op" not in row:
        return {}
    op, value = row["op"], row.get("value")
    if op not in ("lte", "lt", "gte", "gt") or not isinstance(value, (int, float)) or isinstance(value, bool):
        raise _Unfit((*at, "op"), "must be lte, lt, gte or gt, beside a number as value")
    if op in ("lt", "gt"):
        taken.notes.append(document.problem((*at, "op"), f"{op} is read as {op}e: a value of exactly that is good"))
    if sli in MILLISECONDS and op.startswith("l"):
        return {"threshold": format_duration(timedelta(milliseconds=value))}
    if sli == Sli.RECORDED:
        return {"at_most" if op.startswith("l") else "at_least": value}
    raise _Unfit((*at, "op"), f"{sli} is not held against a number in that way; remove it")


def _sliced(document: Document, row: Mapping[str, Any], at: Path, told: Mapping[str, str]) -> dict[str, Any]:
    method = document.at(("spec", "budgetingMethod"))
    if method == "Occurrences":
        return {}
    if method != "Timeslices":
        raise _Unfit(("spec", "budgetingMethod"), "must be Occurrences or Timeslices")
    if not isinstance(row.get("timeSliceTarget"), (int, float)) or "timeSliceWindow" not in row:
        raise _Unfit(at, "Timeslices need timeSliceTarget and timeSliceWindow")
    length = row["timeSliceWindow"]
    found = {"method": "time_slices", "slice_target": row["timeSliceTarget"]}
    if told.get("slice") == OWN_SLICE:
        return found
    return {**found, "slice": f"{length}m" if isinstance(length, int) else length}
