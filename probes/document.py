"""The body of an answer as a JSON document."""

from __future__ import annotations

import json
from typing import Any

from probes.http import Headers


class CorruptDocument(Exception):  # noqa: N818 - the vendor's, not the program's
    """The body is not JSON; says where it stops to be, and quotes nothing of it."""


def parse(body: bytes) -> Any:
    """Strict JSON (no NaN, no Infinity) in UTF-8, -16 or -32. Raises CorruptDocument."""
    try:
        return json.loads(body, parse_constant=_refuse)
    except json.JSONDecodeError as err:
        raise CorruptDocument(f"{err.msg.removesuffix(' at')} at line {err.lineno} column {err.colno}".lower()) from err
    except UnicodeDecodeError as err:
        raise CorruptDocument(f"not valid {err.encoding} at byte {err.start}") from err
    except RecursionError as err:
        raise CorruptDocument("nested too deeply") from err
    except ValueError as err:
        raise CorruptDocument("a number that JSON does not have") from err


def claims_json(headers: Headers) -> bool:
    """Whether the answer says that it is JSON: application/json, or any +json type."""
    media: str = headers.get("content-type", "").split(";")[0].strip().lower()
    return media == "application/json" or media.endswith("+json")


def _refuse(constant: str) -> None:
    raise ValueError(constant)
