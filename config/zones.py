"""Time zones by their IANA names."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator


def is_time_zone(name: str) -> bool:
    """Whether it is an IANA name that this machine knows."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _known(name: str) -> str:
    if not is_time_zone(name):
        raise ValueError(f'unknown time zone "{name}"; write it as Europe/Berlin or UTC')
    return name


TimeZone = Annotated[str, AfterValidator(_known)]
