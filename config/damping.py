"""Sections `flapping` and `storm` of `alerts.yaml`: one page where there could be many."""

from __future__ import annotations

from pydantic import Field

from config.declared import Declared
from config.rules import Wait
from config.scalars import Count, Duration, Share


class Flapping(Declared):
    """What is told of something that goes on and off."""

    window: Duration = Field(
        "10m",
        validate_default=True,
        description="What breaks again so soon after its end goes on as the same incident.",
    )
    count: Count = Field(2, description="After so many returns it stays open until it has been quiet.")
    quiet: Duration = Field(
        "5m",
        validate_default=True,
        description="How long nothing may be wrong then, at least; more for what has gone on for longer.",
    )
    longest_quiet: Duration = Field("1h", validate_default=True, description="And at most.")


class Storm(Declared):
    """When many integrations that go down at once are one incident."""

    least: Count = Field(10, description="So many at least.")
    share: Share = Field("33%", validate_default=True, description="And this share of those that were tried meanwhile.")
    within: Duration = Field("5m", validate_default=True, description="Within this time.")
    hold: Wait = Field(
        "30s",
        validate_default=True,
        description="How long single outages are held back, at most, while others begin to fail.",
    )
