"""Answers that went wrong on the vendor's side: broken JSON, and a schema that changed without notice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.sandbox.messages import Response, json_response


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
