"""`alerts.yaml`: who hears of what, how sure we want to be before, and how loud."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from config.declared import Declared, PluginSpec
from config.scalars import Count, Duration, Name, Share


class Channel(PluginSpec):
    """A named way of telling people; `kind` picks the sender."""

    name: Name = Field(description="What routes call it.")


class Route(Declared):
    """Which channels hear of which tier; the first route whose matchers all hold is used."""

    match: dict[Literal["tier", "integration", "vendor", "flow", "owner", "environment"], str] = Field(
        {}, description="Property of the integration → value; all must hold. Empty: everything."
    )
    urgent: tuple[Name, ...] = Field((), description="Channels for what cannot wait.")
    degraded: tuple[Name, ...] = Field((), description="Channels for what can wait till morning.")
    report: tuple[Name, ...] = Field((), description="Channels for what is over, and for the weekly review.")


class Confirmation(Declared):
    """How sure we want to be before somebody is woken, and before it is called over."""

    failures: Count = Field(2, description="Consecutive failed runs that make a workflow down in a region.")
    recoveries: Count = Field(2, description="Consecutive good runs that end it.")
    quorum: Share = Field(
        0.5, description="More than this share of the reporting regions must agree.", validate_default=False
    )
    prober_silent_after: Duration = Field(
        "30s", validate_default=True, description="No word from a prober for this long is an alert."
    )
    min_bad_slices: Count = Field(
        3, description="Fewer bad slices than this in the long window never fire a burn alert."
    )


class Alerting(Declared):
    """`alerts.yaml`."""

    channels: tuple[Channel, ...] = Field((), description="Ways of telling people.")
    routes: tuple[Route, ...] = Field((), description="Who hears of what; the first that matches is used.")
    confirm: Confirmation = Field(Confirmation(), description="How sure to be before somebody is woken.")
