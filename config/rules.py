"""Section `rules` of `alerts.yaml`: how each rule is set, for everything or for some integrations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from config.declared import Declared
from config.matching import Patterns
from config.scalars import Count, format_duration, parse_duration

Paging = Literal["may", "never", "by itself"]


@dataclass(frozen=True, slots=True)
class Tunable:
    """What can be set of a rule, and what holds where nothing is set."""

    tier: Literal["urgent", "degraded"] = "degraded"
    pages: Paging = "may"
    """`by itself`: it knows what is urgent, and can only be made quieter."""
    recoveries: bool = False
    """Whether it is over after a number of good runs or buckets in a row."""
    usual_recoveries: int | None = None
    """How many; None: `confirm.recoveries`."""
    of_integrations: bool = True
    """Whether it is about single integrations, so that it can be set for some of them."""
    hold: timedelta = timedelta(0)


TUNABLE: Final[Mapping[str, Tunable]] = {
    "region_down": Tunable("urgent", recoveries=True, of_integrations=False),
    "workflow_down": Tunable("urgent", recoveries=True),
    "burn_rate": Tunable(pages="by itself"),
    "storm": Tunable("urgent", of_integrations=False),
    "unusual": Tunable(pages="never"),
    "threshold": Tunable(pages="by itself", recoveries=True, usual_recoveries=2),
    "throttled": Tunable(pages="never", recoveries=True, usual_recoveries=1),
    "unstable": Tunable(pages="never"),
    "quota_forecast": Tunable(pages="by itself"),
    "quota_low": Tunable(),
    "recorded_value": Tunable(recoveries=True),
    "prober_silent": Tunable(of_integrations=False),
    "no_data": Tunable(hold=timedelta(minutes=1)),
    "channel_broken": Tunable(of_integrations=False),
    "hub_overloaded": Tunable(of_integrations=False, hold=timedelta(minutes=1)),
    "shape_drift": Tunable(pages="never"),
    "api_lifecycle": Tunable(pages="never"),
    "credential_due": Tunable(pages="by itself"),
    "certificate_expiring": Tunable(pages="never"),
}
"""By rule; the package `alerts` has one for each."""


def parse_wait(value: object) -> timedelta:
    """A duration, or none at all: `0s`."""
    if value == timedelta(0) or (isinstance(value, str) and value.strip() in ("0", "0s", "0m")):
        return timedelta(0)
    return parse_duration(value)


def format_wait(value: timedelta) -> str:
    """As `parse_wait` reads it."""
    return format_duration(value) if value else "0s"


Wait = Annotated[
    timedelta,
    BeforeValidator(parse_wait),
    PlainSerializer(format_wait, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^( *\d+(\.\d+)? *(ms|s|m|h|d|w))+ *$",
            "examples": ["0s", "1m", "10m"],
        }
    ),
]


class RuleOverride(Declared):
    """The same for some integrations; what it leaves out is as for all."""

    match: dict[Literal["tier", "integration", "vendor", "flow", "owner", "environment"], Patterns] = Field(
        min_length=1, description="Property of the integration → value, pattern (`*`, `?`) or list; all must hold."
    )
    enabled: bool | None = Field(None, description="Whether the rule is used.")
    hold: Wait | None = Field(None, alias="for", description="How long a condition has to hold before anybody is told.")
    recoveries: Count | None = Field(None, description="How many good runs or buckets in a row end it.")
    tier: Literal["urgent", "degraded"] | None = Field(None, description="How loudly it is told.")


class RuleTuning(Declared):
    """One rule."""

    enabled: bool | None = Field(None, description="Whether the rule is used.")
    hold: Wait | None = Field(None, alias="for", description="How long a condition has to hold before anybody is told.")
    recoveries: Count | None = Field(None, description="How many good runs or buckets in a row end it.")
    tier: Literal["urgent", "degraded"] | None = Field(None, description="How loudly it is told.")
    overrides: tuple[RuleOverride, ...] = Field((), description="For some integrations; the first that matches counts.")


def _names(schema: dict[str, Any]) -> None:
    schema["propertyNames"] = {"enum": sorted(TUNABLE)}


Rules = Annotated[dict[str, RuleTuning], Field(json_schema_extra=_names)]
