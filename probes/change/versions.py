"""Version fall-forward: another version of the API answers than the one that was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from probes.http import Request
from probes.model import ChangeKind, ChangeSignal
from probes.vendors.model import Answer

_VERSION: Final = re.compile(r"[vV]?(\d[\w.-]{0,39})", re.ASCII)


@dataclass(frozen=True, slots=True)
class VersionEcho:
    """Where a vendor is told a version, and which header of its answer names the one that was used.

    Asked either in the path (`path`, one group) or in the request header `header`. A request without a version asks
    for none in particular, so that nothing can differ.
    """

    answered: str
    path: re.Pattern[str] | None = None
    header: str | None = None

    def asked(self, request: Request) -> str | None:
        """The version in the request, without a leading v; None where there is none."""
        if self.header is not None:
            return _version(request.headers.get(self.header, ""))
        found = self.path.search(request.url.path) if self.path is not None else None
        return _version(found[1]) if found else None

    def read(self, request: Request, answer: Answer) -> Iterator[ChangeSignal]:
        """A signal where the two differ."""
        if self.answered not in answer.headers:
            return
        asked, used = self.asked(request), _version(answer.headers[self.answered])
        if asked is not None and used is not None and asked.lower() != used.lower():
            what = f"version {asked} was asked for, {used} answers"
            yield ChangeSignal(ChangeKind.FALL_FORWARD, self.answered, what)


def _version(text: str) -> str | None:
    found = _VERSION.fullmatch(text.strip())
    return found[1] if found else None


ECHOES: Final[dict[str, VersionEcho]] = {
    "github": VersionEcho("x-github-api-version-selected", header="x-github-api-version"),
    "intercom": VersionEcho("intercom-version", header="intercom-version"),
    "klaviyo": VersionEcho("revision", header="revision"),
    "meta": VersionEcho("facebook-api-version", path=re.compile(r"^/(v\d+\.\d+)/")),
    "shopify": VersionEcho("x-shopify-api-version", path=re.compile(r"/api/(\d{4}-\d{2})/")),
    "stripe": VersionEcho("stripe-version", header="stripe-version"),
}
"""By vendor preset. An answer without the header says nothing, so an entry that is wrong stays silent."""
