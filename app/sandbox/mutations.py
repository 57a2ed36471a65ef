"""Answers that went wrong on the vendor's side: broken JSON, a schema that changed without notice, an announced end."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any, Final

from app.sandbox.messages import Request, Response, json_response

_TIMESTAMP: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*", re.DOTALL)


def corrupted(response: Response) -> Response:
    """Same status, type and length, but the body breaks off in the middle and ends in noise."""
    if not response.body:
        return response
    half = len(response.body) // 2
    return replace(response, body=response.body[:half] + b"\x00" * (len(response.body) - half))


def with_changed_schema(response: Response) -> Response:
    """Valid JSON in which identifiers were renamed to `uid` and numbers became strings."""
    payload = response.payload()
    if payload is None or response.status >= 400:
        return response
    return json_response(response.status, _changed(payload)).with_headers(response.headers)


def _changed(value: Any) -> Any:
    if isinstance(value, dict):
        return {"uid" if name.lower() == "id" else name: _changed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_changed(item) for item in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value


def with_softly_changed_schema(response: Response) -> Response:
    """Valid JSON that most workflows still pass with: a field more, and timestamps that are null."""
    payload = response.payload()
    if payload is None or response.status >= 400:
        return response
    changed = _without_times(payload)
    if isinstance(changed, dict):
        changed = {**changed, "schemaVersion": 2}
    return json_response(response.status, changed).with_headers(response.headers)


def with_announced_end(response: Response, request: Request, days: float) -> Response:
    """The same with the headers of RFC 9745 and RFC 8594: deprecated a month before the end, which is in `days`."""
    midnight = request.received_at.replace(hour=0, minute=0, second=0, microsecond=0)
    end = midnight + timedelta(days=days)
    deprecated = int((end - timedelta(days=30)).timestamp())
    page = "https://developers.vendor.example/changelog"
    links = f'<{page}/deprecation>; rel="deprecation"; type="text/html", <{page}/sunset>; rel="sunset"'
    return response.with_headers(
        {"Deprecation": f"@{deprecated}", "Sunset": format_datetime(end, usegmt=True), "Link": links}
    )


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_times(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_times(item) for item in value]
    return None if isinstance(value, str) and _TIMESTAMP.fullmatch(value) else value
