"""Where a hub may listen: nowhere that somebody could read or act without signing in."""

from __future__ import annotations

import ipaddress

from app.errors import UserError
from config.model import Hub


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_exposed(host: str, hub: Hub) -> None:
    """`UserError` with what to do, where the hub may not listen at that address."""
    problem = None if is_loopback(host) else _problem(host, hub)
    if problem is not None:
        raise UserError(problem)


def _problem(host: str, hub: Hub) -> str | None:
    if hub.sign_in is None:
        return (
            f"hub.host {host}: refused, because anybody on the network could read and act without signing in; "
            "declare hub.sign_in in leadline.yaml (docs/sign-in.md), or listen on 127.0.0.1"
        )
    if hub.public_url is None:
        return f"hub.host {host}: refused without hub.public_url, by which people reach it; write it as https://NAME"
    if not hub.public_url.startswith("https://") and not hub.sign_in.plain_http:
        return (
            f"hub.public_url {hub.public_url}: refused, because passwords and sessions would cross the network "
            "unencrypted; put a proxy with TLS in front and write https://…, or accept it with "
            "hub.sign_in.plain_http: true"
        )
    return None
