"""What is known of an API's own future: dates from announcements, and changes that need no alert."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from config.declared import Declared
from config.scalars import Duration


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("not a date; write it as 2026-08-31") from None


def _json_path(value: str) -> str:
    if not value.startswith("$"):
        raise ValueError("not a JSONPath: it starts with $; write it as $.id")
    return value


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
JsonPath = Annotated[str, AfterValidator(_json_path), WithJsonSchema({"type": "string", "pattern": r"^\$"})]


class LifecycleDate(Declared):
    """The day on which something that we use of a vendor's API ends, from its announcements."""

    what: str = Field(min_length=1, max_length=120, description="What ends.")
    ends: Day = Field(description="The last day it works, such as 2026-08-31.")
    link: str | None = Field(None, description="The announcement.")
    replace_with: str | None = Field(None, max_length=200, description="What to use instead.")
    warn: Duration = Field("90d", validate_default=True, description="How long before it ends people are told.")


class AcceptedChange(Declared):
    """A change of the vendor's API that is known: it is shown, and nobody is told any more."""

    change: Literal["deprecation", "sunset", "fall_forward", "shape"] = Field(description="Which kind of change.")
    step: str | None = Field(None, description="Only of the step of this name. Default: of every step.")
    path: JsonPath | None = Field(
        None, description="For `shape`: only of this path, and below it. Default: of every path."
    )
    until: Day | None = Field(None, description="Up to and including this day. Default: for good.")
    why: str = Field("", max_length=200, description="For those who read it later.")


def accepted(
    known: Iterable[AcceptedChange], change: str, today: date, *, step: str, path: str | None = None
) -> AcceptedChange | None:
    """The entry that accepts this change today, or None."""
    return next((one for one in known if one.change == change and _covers(one, today, step, path)), None)


def _covers(one: AcceptedChange, today: date, step: str, path: str | None) -> bool:
    if (one.step is not None and one.step != step) or (one.until is not None and today > one.until):
        return False
    return one.path is None or path == one.path or (path or "").startswith((f"{one.path}.", f"{one.path}["))
