"""A proxy's address: what may be written, and its parts with the credentials resolved.

The parts are taken apart before references are resolved, so that a password may hold any character.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from pydantic import SecretStr

from config.secrets import PLAIN_TEXT, resolve

HOW: Final = "write http://host:port or http://user:${env:NAME}@host:port"

_REFERENCE: Final = re.compile(r"(\$\$\{|\$\{[^{}]*\})")
_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?)://((?P<user>[^:@/]*)(:(?P<password>[^@/]*))?@)?(?P<host>\[[0-9a-fA-F:.]+\]|[^:@/\s\[\]?#]+)"
    r"(:(?P<port>[0-9]+))?/?"
)


@dataclass(frozen=True, slots=True)
class ProxyAddress:
    """Spoken to in clear. `user` and `password` show neither in its repr nor as text."""

    host: str
    port: int
    user: SecretStr | None = None
    password: SecretStr | None = None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def resolve_proxy(written: str, environ: Mapping[str, str]) -> ProxyAddress:
    """The address for use. Raises UnresolvedReference, or ValueError whose text holds nothing of the address."""
    marked, kept = _marked(written)
    if not marked.startswith(("http://", "https://")):
        # The whole address is a reference: its value is written as other programs want it, escaped.
        marked, kept = resolve(written, environ), []
    parts = _parts(marked)

    def text(part: str | None) -> str:
        pieces = re.split("\0([0-9]+)\0", part or "")
        return "".join(resolve(kept[int(p)], environ) if n % 2 else unquote(p) for n, p in enumerate(pieces))

    return ProxyAddress(
        host=text(parts["host"]).strip("[]").lower(),
        port=int(parts["port"]),
        user=SecretStr(text(parts["user"])) if parts["user"] else None,
        password=SecretStr(text(parts["password"])) if parts["password"] else None,
    )


def check_proxy(written: str) -> None:
    """Raises ValueError for an address that cannot be one, or that has a password in plain text."""
    marked, _ = _marked(written)
    if marked.startswith("\0"):
        return
    parts = _parts(marked)
    if parts["password"] and not re.fullmatch("(\0[0-9]+\0)+", parts["password"]):
        raise ValueError(PLAIN_TEXT)


def _parts(marked: str) -> re.Match[str]:
    found = _ADDRESS.fullmatch(marked)
    if found is None:
        raise ValueError(f"not a proxy's address; {HOW}")
    if found["scheme"] == "https":
        # Nothing is lost by it: TLS with the vendor goes through the proxy unread.
        raise ValueError("TLS with the proxy itself is not supported; write http://")
    if not 0 < int(found["port"] or 0) < 65536:
        raise ValueError(f"a proxy's address needs its port; {HOW}")
    return found


def _marked(written: str) -> tuple[str, list[str]]:
    """The text with each reference replaced by a number between NULs, and the references."""
    kept: list[str] = []

    def mark(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\0{len(kept) - 1}\0"

    return _REFERENCE.sub(mark, written.replace("\0", "")), kept
