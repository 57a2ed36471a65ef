"""Where a redirect may lead, and what the next request may carry there. Pure.

What an operator configured is for one address. A redirect is the word of a vendor that may be hostile, or broken into:
it gets no credential to another host, no request body of ours, and no probe of our own network.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import unquote

from probes.http import URL, Headers, InvalidURL, Request, origin

FOLLOWED: Final = frozenset({301, 302, 303, 307, 308})

_CARRIED: Final = frozenset(
    {"user-agent", "accept", "accept-encoding", "accept-language", "content-type", "x-request-id", "traceparent"}
)
"""Headers that go to another host: what may hold a credential cannot be known, so only these do."""
_OF_A_BODY: Final = ("content-type", "content-length", "content-encoding", "transfer-encoding", "content-language")
_METADATA: Final = frozenset({"169.254.169.254", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"})
"""Where clouds hand out a machine's own credentials."""
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_SHORTEST_SECRET: Final = 4
_SHOWN: Final = 200

_Ip: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class RefusedRedirect(Exception):  # noqa: N818 - the vendor's, not the program's
    """The redirect is not followed; says where it leads, without its query, and why not."""


@dataclass(frozen=True, slots=True)
class Trail:
    """What is known of the requests so far. `asked`: method and address of each; `public`: one had a public address.

    `own`: every one went to the origin of the first, so that credentials may go on being sent.
    """

    asked: frozenset[tuple[str, str]]
    public: bool
    own: bool = True


def location(status: int, headers: Headers) -> str | None:
    """Where an answer redirects to; None where it does not."""
    if status not in FOLLOWED:
        return None
    given = headers.get_list("location")
    return given[0].strip() if given and given[0].strip() else None


def absolute(base: str, target: str) -> str:
    """Where `target` leads from `base`; as it is, where that cannot be told."""
    try:
        return str(URL(base).join(target))
    except (InvalidURL, ValueError):
        return target


def shown(url: URL | str) -> str:
    """An address for a message: without user, query and fragment, which may hold anything."""
    try:
        parts = URL(url) if isinstance(url, str) else url
        text = str(parts.copy_with(query=None, fragment=None, userinfo=b""))
    except (InvalidURL, ValueError):
        return "an address that cannot be read"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def following(request: Request, status: int, headers: Headers, trail: Trail, secrets: Iterable[str]) -> Request:
    """The request that the redirect asks for, after RFC 9110 §15.4. Raises RefusedRedirect.

    `request` is the one that was answered, without credentials. To another origin go only `_CARRIED` headers; a
    request that would take its body or one of `secrets` there is refused.
    """
    url = _target(request, headers)
    _check_way(request.url, url)
    method = _method(request.method, status)
    if (method, str(url)) in trail.asked:
        raise RefusedRedirect(f"redirect loop: {method} {shown(url)} was asked for before")
    carried = Headers(request.headers.raw)
    del carried["host"]
    content = request.content if method == request.method else b""
    if not content:
        for name in _OF_A_BODY:
            carried.pop(name, None)
    if origin(url) != origin(request.url):
        if content:
            raise RefusedRedirect(f"redirect refused: it would take the request's body to {shown(url)}")
        _check_secrets(url, secrets)
        carried = Headers([(k, v) for k, v in carried.raw if k.lower().decode("latin-1") in _CARRIED])
    return Request(method, url, headers=carried, content=content or None)


def forbidden(address: str, *, from_public: bool) -> str | None:
    """Why a redirect may not lead to that address; None where it may.

    From one private network a redirect may lead into another, as within a company; from the internet never. Addresses
    that only a machine itself is meant to ask are refused to all.
    """
    ip = _ip(address)
    if ip is None:
        return None
    if str(ip) in _METADATA:
        return "an address where clouds hand out credentials"
    # Python calls all of ::/8 reserved, and ::1 is in it.
    reserved = ip.is_reserved and not ip.is_global and not ip.is_loopback
    if ip.is_link_local or ip.is_unspecified or ip.is_multicast or reserved:
        return "an address that no vendor has"
    if from_public and not ip.is_global:
        return "a loopback address" if ip.is_loopback else "a private address"
    return None


def is_public(address: str | None) -> bool:
    """Whether it is an address of the internet. What is not known counts as one: that is the stricter rule."""
    ip = _ip(address) if address else None
    return ip is None or ip.is_global


def is_literal(host: str) -> bool:
    """Whether it is an address rather than a name."""
    return _ip(host) is not None


def _target(request: Request, headers: Headers) -> URL:
    given = {one.strip() for one in headers.get_list("location")}
    if len(given) > 1:
        raise RefusedRedirect("redirect refused: it names several addresses")
    try:
        url = request.url.join(given.pop()).copy_with(fragment=None, userinfo=b"")
    except (InvalidURL, ValueError) as err:
        raise RefusedRedirect("redirect refused: its address cannot be read") from err
    if url.scheme not in ("http", "https") or not url.host or not 0 < (url.port or 80) < 65536:
        raise RefusedRedirect(f"redirect refused: {shown(url)} is no http or https address")
    return url


def _check_way(before: URL, url: URL) -> None:
    if before.scheme == "https" and url.scheme == "http":
        raise RefusedRedirect(f"redirect refused: it leaves https for {shown(url)}")


def _check_secrets(url: URL, secrets: Iterable[str]) -> None:
    written = str(url)
    spelled = {written, unquote(written), unquote(unquote(written))}
    if any(secret in text for secret in secrets if len(secret) >= _SHORTEST_SECRET for text in spelled):
        raise RefusedRedirect(f"redirect refused: it would take a credential to {shown(url.copy_with(path='/'))}")


def _method(method: str, status: int) -> str:
    # 301 and 302 turn a POST into a GET by old custom; 303 turns everything into one; 307 and 308 nothing.
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        return "GET"
    return method


def _ip(address: str) -> _Ip | None:
    """The address, or the IPv4 one within it."""
    try:
        ip = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
