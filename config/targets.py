"""Static targets of the field, as objectives of every integration that promises nothing itself; each can be changed or
switched off, in `defaults.yaml` and in an integration.

They are laid over what was read, before anything is checked, and keep the place where a target was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from config.declared import Declared
from config.scalars import format_duration, format_share, parse_duration, parse_share
from config.yaml_source import Document

OFF: Final = "off"
_SHARE: Final = "95%"
"""A P95 below a threshold is 95 % of the runs within it."""


def _is_off(value: object) -> bool:
    return value is None or value is False or value == OFF


def _time(value: object) -> timedelta | None:
    return None if _is_off(value) else parse_duration(value)


def _share(value: object) -> float | None:
    return None if _is_off(value) else parse_share(value)


TargetTime = Annotated[
    timedelta | None,
    BeforeValidator(_time),
    PlainSerializer(lambda value: OFF if value is None else format_duration(value), return_type=str),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"const": False}], "examples": ["200ms", OFF]}),
]
TargetShare = Annotated[
    float | None,
    BeforeValidator(_share),
    PlainSerializer(lambda value: OFF if value is None else format_share(value), return_type=str),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}, {"const": False}], "examples": ["0.1%", OFF]}),
]


class Targets(Declared):
    """What is expected of an API whose owner promised nothing."""

    latency: TargetTime = Field("200ms", validate_default=True, description="The P95 of a run's slowest request.")
    ttfb: TargetTime = Field("200ms", validate_default=True, description="The P95 of a run's slowest first byte.")
    server_errors: TargetShare = Field("0.1%", validate_default=True, description="At most this share of 5xx answers.")
    sync_lag: TargetTime = Field(
        "100ms", validate_default=True, description="The P95 of the time that a step's `until` takes, where one has it."
    )


def with_targets(document: Document) -> Document:
    """The integration with an objective for each target: those that are written out apply beside its objectives unless
    one of them is on the same SLI, the others where it has no `objectives`."""
    written, own = document.value.get("targets", {}), document.value.get("objectives", [])
    if not isinstance(written, dict) or not isinstance(own, list):
        return document
    told = {one.get("sli") for one in own if isinstance(one, dict)}
    objectives, places = list(own), dict(document.places)
    for name, field in Targets.model_fields.items():
        usual = OFF if "objectives" in document.value else field.default
        objective = _objective(name, written.get(name, usual), document.value)
        if objective is None or name in told:
            continue
        if name in written:
            places["objectives", len(objectives)] = document.place(("targets", name))
        objectives.append(objective)
    return Document(document.file, {**document.value, "objectives": objectives}, places)


def _objective(name: str, value: object, integration: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where there is none, or where the value is wrong, which is told by whoever checks it."""
    if name == "sync_lag" and not _waits(integration):
        return None
    try:
        wanted = _share(value) if name == "server_errors" else _time(value)
    except ValueError:
        return None
    if wanted is None:
        return None
    # What the field expects is no reason to get anybody up: who wants that, promises something.
    if isinstance(wanted, timedelta):
        return {"sli": name, "threshold": format_duration(wanted), "target": _SHARE, "page": False}
    left = 1 - Decimal(repr(wanted))
    return {"sli": name, "target": f"{left * 100:f}%", "page": False} if left else None


def _waits(integration: Mapping[str, Any]) -> bool:
    workflows = integration.get("workflows")
    steps = [
        step
        for workflow in (workflows if isinstance(workflows, list) else ())
        if isinstance(workflow, dict) and isinstance(workflow.get("steps"), list)
        for step in workflow["steps"]
    ]
    return any(isinstance(step, dict) and step.get("until") for step in steps)
