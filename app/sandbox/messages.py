"""HTTP messages as the simulators see them: a request in, a response out, and how the response is delivered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are lower-case; `in_flight` counts the calls being answered now, this one included."""

    method: str
    path: str
    received_at: datetime
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    in_flight: int = 1

    def json(self) -> Any:
        """The body decoded. Raises ValueError when it is no JSON."""
        return json.loads(self.body)

    def fields(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is something else."""
        try:
            payload = self.json()
        except ValueError:
            return {}
        return payload if isinstance(payload, dict) else {}

    def form(self) -> dict[str, str]:
        """The body as a form; the last value of a repeated name wins."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def credential(self, scheme: str = "Bearer") -> str | None:
        """What follows the scheme in `Authorization`, or None."""
        given, _, value = self.headers.get("authorization", "").partition(" ")
        return value.strip() if given.lower() == scheme.lower() and value.strip() else None


@dataclass(frozen=True, slots=True)
class Response:
    """One whole response; the listener adds Content-Length and Date."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, headers: Mapping[str, str]) -> Response:
        """The same response with more headers."""
        return replace(self, headers={**self.headers, **headers})

    def payload(self) -> Any:
        """The body decoded; None when it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Manner(StrEnum):
    """How the bytes of a response reach the client."""

    WHOLE = "whole"
    TRUNCATED = "truncated"
    """The connection ends after half of the promised body."""
    RESET = "reset"
    """TCP RST in the middle of the body."""
    DRIP = "drip"
    """One byte of the body at a time."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A response and the manner in which it is sent; `pause_s` is the wait before each dripped byte."""

    response: Response
    manner: Manner = Manner.WHOLE
    pause_s: float = 0.0


def json_response(status: int, payload: object, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, body, {"Content-Type": "application/json;charset=UTF-8", **(headers or {})})


def text_response(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """A plain-text answer."""
    return Response(status, text.encode(), {"Content-Type": "text/plain; charset=utf-8", **(headers or {})})


def html_response(status: int, html: str) -> Response:
    """A page."""
    return Response(status, html.encode(), {"Content-Type": "text/html; charset=utf-8"})
