"""What a vendor simulator is: routes, credentials, a latency profile and the vendor's own words for what goes wrong."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from app.sandbox.latency import LatencyProfile
from app.sandbox.messages import Request, Response

Handler = Callable[..., Response]
"""Called with the request and the named groups of its path."""


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `is_token` marks the calls that hand out credentials rather than data."""

    method: str
    path: re.Pattern[str]
    handle: Handler
    is_token: bool = False


def route(method: str, path: str, handle: Handler, *, is_token: bool = False) -> Route:
    """`/crm/objects/{contact_id}` → a route whose handler gets `contact_id`."""
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
    return Route(method, re.compile(pattern), handle, is_token)


class Simulator(ABC):
    """One vendor. All state is in memory and bounded; time is the request's `received_at`."""

    name: ClassVar[str]
    """As in `vendor:` of the configuration; also the prefix of its variables."""
    title: ClassVar[str]
    profile: ClassVar[LatencyProfile]
    credentials: ClassVar[Mapping[str, str]]
    """Variable → shape of its random value (`app.sandbox.credentials`)."""

    def __init__(self, secrets: Mapping[str, str], random: Random) -> None:
        self.secrets = secrets
        self.random = random
        self._routes = self.routes()

    @abstractmethod
    def routes(self) -> tuple[Route, ...]:
        """Its endpoints; the first that matches answers, with or without a slash at the end of the path."""

    @abstractmethod
    def not_found(self, request: Request) -> Response:
        """No such endpoint."""

    @abstractmethod
    def throttled(self, request: Request) -> Response:
        """Over the limit."""

    @abstractmethod
    def denied(self, request: Request) -> Response:
        """The access token or key was revoked."""

    @abstractmethod
    def grant_denied(self, request: Request) -> Response:
        """The token endpoint refuses the credential; never called where there is none."""

    @abstractmethod
    def broken(self, request: Request) -> Response:
        """The vendor's 5xx."""

    @abstractmethod
    def refusal(self, request: Request) -> Response | None:
        """The answer to a call that is not let in (credential, limits); None lets it in and counts it."""

    def headers(self, request: Request) -> dict[str, str]:
        """What every answer to a call that was let in carries, after it was counted."""
        return {}

    def fallen_forward(self) -> dict[str, str]:
        """The headers that say that another version answered than the one asked for; none for a vendor without."""
        return {}

    def is_token_call(self, request: Request) -> bool:
        """Whether this asks for a credential."""
        matched = self._match(request)
        return matched is not None and matched[0].is_token

    def respond(self, request: Request) -> Response:
        """The answer when no fault is on."""
        matched = self._match(request)
        if matched is None:
            return self.not_found(request)
        found, groups = matched
        if found.is_token:
            return found.handle(request, **groups)
        refusal = self.refusal(request)
        if refusal is not None:
            return refusal
        return found.handle(request, **groups).with_headers(self.headers(request))

    def secret(self, suffix: str) -> str:
        """The value of one of its own variables, by what follows the prefix."""
        return self.secrets[f"{self.name.upper()}_{suffix}"]

    def hex(self, digits: int) -> str:
        """Random hexadecimal digits, for identifiers."""
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def uuid(self) -> str:
        """A random identifier in the form of a UUID."""
        text = self.hex(32)
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def _match(self, request: Request) -> tuple[Route, dict[str, str]] | None:
        path = request.path.rstrip("/") or "/"
        method = "GET" if request.method == "HEAD" else request.method
        for candidate in self._routes:
            found = candidate.path.fullmatch(path)
            if found and candidate.method == method:
                return candidate, found.groupdict()
        return None
