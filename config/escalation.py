"""`escalations` of `alerts.yaml`: who is told when nobody takes an urgent incident."""

from __future__ import annotations

from pydantic import Field

from config.declared import Declared
from config.scalars import Duration, Name


class Level(Declared):
    """The next ones to be told."""

    after: Duration = Field(description="Since the incident was told of, with nobody having acknowledged it.")
    channels: tuple[Name, ...] = Field(min_length=1, description="Channels that tell of it then.")


class Escalation(Declared):
    """Levels, one after the other, until somebody acknowledges."""

    name: Name = Field(description="What routes call it.")
    levels: tuple[Level, ...] = Field(min_length=1, description="Who is told when.")
    repeat: int = Field(0, ge=0, le=20, description="How often the levels are gone through again.")
