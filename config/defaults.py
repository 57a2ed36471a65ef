"""`defaults.yaml`: what every integration, workflow and step gets unless its own file says otherwise.

Mappings merge key by key, lists and single values are replaced. Each merged value keeps the place where it was written,
so that a mistake in the defaults is reported there, once.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field

from config.model import Circuit, Declared, ImpactTier, Limit, Objective, QuotaPolicy, Retry, Targets, Thresholds, Tls
from config.problems import Path
from config.scalars import Duration, HttpVersion, Name, WireText
from config.yaml_source import Document, Place


class WorkflowDefaults(Declared):
    """Section `workflow`: for every workflow of every integration."""

    every: Duration | None = Field(None, description="How often a workflow runs.")
    timeout: Duration | None = Field(None, description="How long one run may take.")
    regions: tuple[Name, ...] | None = Field(None, description="Where it runs from.")


class StepDefaults(Declared):
    """Section `step`: for every step of every workflow."""

    retry: Retry | None = Field(None, description="Bounded retries.")


class Defaults(Declared):
    """`defaults.yaml`."""

    tier: ImpactTier | None = Field(None, description="How much a broken integration hurts.")
    flows: tuple[Name, ...] | None = Field(None, description="Business flows that break with it.")
    owner: str | None = Field(None, description="Shown on every alert.")
    runbook: str | None = Field(None, description="Linked from every alert.")
    environment: Literal["production", "sandbox"] | None = Field(None, description="Which side of the vendor.")
    quota: QuotaPolicy | None = Field(None, description="What the probes leave to the business.")
    circuit: Circuit | None = Field(None, description="When to stop asking while it fails.")
    objectives: tuple[Objective, ...] | None = Field(None, description="For integrations that state none of their own.")
    targets: Targets | None = Field(None, description="Static targets, for integrations without objectives.")
    thresholds: Thresholds | None = Field(None, description="Limits that are learned from history.")
    limits: tuple[Limit, ...] | None = Field(None, description="Static limits, for integrations that state none.")
    tls: Tls | None = Field(None, description="Whom to trust, and our own certificate.")
    http: HttpVersion | None = Field(None, description="HTTP version: 1.1, 2 or auto.")
    proxy: str | None = Field(None, description="Proxy that requests go through.")
    headers: dict[str, WireText] | None = Field(None, description="Sent with every request.")
    workflow: WorkflowDefaults | None = Field(None, description="Under every workflow.")
    step: StepDefaults | None = Field(None, description="Under every step.")


def merged(own: Document, defaults: Document) -> Document:
    """`own` with the defaults under it; neither argument changes."""
    result = Document(own.file, copy.deepcopy(own.value), dict(own.places))
    sections = dict(defaults.value)
    workflow, step = sections.pop("workflow", None), sections.pop("step", None)
    _put_under(result, (), sections, (), defaults)
    for position, each in enumerate(_list(result.value.get("workflows"))):
        if not isinstance(each, dict):
            continue
        _put_under(result, ("workflows", position), workflow, ("workflow",), defaults)
        for number in range(len(_list(each.get("steps")))):
            _put_under(result, ("workflows", position, "steps", number), step, ("step",), defaults)
    return result


def _put_under(result: Document, at: Path, values: object, source: Path, defaults: Document) -> None:
    """Adds each of the defaults' `values` (at `source` there) that the mapping at `at` does not have."""
    target = result.at(at)
    if not isinstance(target, dict) or not isinstance(values, dict):
        return
    for key, value in values.items():
        if key not in target:
            target[key] = copy.deepcopy(value)
            _copy_places(result.places, (*at, key), (*source, key), defaults)
        else:
            _put_under(result, (*at, key), value, (*source, key), defaults)


def _copy_places(places: dict[Path, Place], at: Path, source: Path, defaults: Document) -> None:
    for path, place in defaults.places.items():
        if path[: len(source)] == source:
            places[at + path[len(source) :]] = place


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def with_texts(document: Document, change: Callable[[str], str]) -> Document:
    """A copy with `change` applied to every text value; the places stay."""
    return Document(document.file, _changed(document.value, change), document.places)


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _changed(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_changed(item, change) for item in value]
    return value
