"""Sending a step's request, and following redirects as far as it allows. Every answer on the way is kept."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from probes import redirects
from probes.exchange import Exchange
from probes.execution import Execution
from probes.http import URL, Request, origin
from probes.model import Failure, FailureKind
from probes.redirects import RefusedRedirect, Trail
from probes.request import own_timeout
from probes.sending import Unauthorised, send


async def follow(execution: Execution, request: Request, *, limit: float, most: int) -> Exchange | Unauthorised:
    """Send, then follow at most `most` redirects; the last answer, with those before it as its `hops`.

    All of them together have the request's own timeout. A redirect that must not be followed is a failure (PROTOCOL)
    of the answer that names it. With `most` 0 a redirect is an answer like any other.
    """
    ends = time.perf_counter() + own_timeout(request)
    plain = _unsigned(request) if most else request
    exchange = await _sent(execution, request, limit=limit)
    if most == 0 or isinstance(exchange, Unauthorised):
        return exchange
    hops: tuple[Exchange, ...] = ()
    trail = Trail(_asked(execution, plain, exchange), public=_is_public(execution, plain.url, exchange))
    while exchange.failure is None and redirects.location(exchange.status or 0, exchange.headers) is not None:
        try:
            plain = _next(execution, plain, exchange, trail, left=most - len(hops))
        except RefusedRedirect as err:
            return replace(exchange, failure=Failure(FailureKind.PROTOCOL, str(err)), hops=hops)
        hops = (*hops, exchange)
        own = trail.own and origin(plain.url) == origin(request.url)
        outgoing = _unsigned(plain)
        outgoing.extensions["timeout"] = {"total": max(0.001, ends - time.perf_counter())}
        outgoing.extensions["anonymous"] = not own
        outgoing.extensions["address_guard"] = partial(_guard, redirects.shown(plain.url), trail.public)
        following = await _sent(execution, outgoing, limit=limit, credentials=own)
        if isinstance(following, Unauthorised):
            return following
        exchange = following
        public = trail.public or _is_public(execution, plain.url, exchange)
        asked = _asked(execution, plain, exchange, trail.asked)
        trail = Trail(asked, public=public, own=own)
    return replace(exchange, hops=hops)


async def _sent(
    execution: Execution, request: Request, *, limit: float, credentials: bool = True
) -> Exchange | Unauthorised:
    """With the run's cookies for that origin; those that the answer sets are kept."""
    wanted = execution.workflow.cookies
    if wanted and credentials:
        execution.cookies.put_on(request)
    exchange = await send(execution, request, limit=limit, credentials=credentials)
    if wanted and isinstance(exchange, Exchange):
        execution.cookies.learn(exchange.request, exchange.headers)
    return exchange


def _next(execution: Execution, plain: Request, exchange: Exchange, trail: Trail, *, left: int) -> Request:
    assert exchange.status is not None  # noqa: S101 - it is a redirect
    request = redirects.following(plain, exchange.status, exchange.headers, trail, execution.credentials)
    if left < 1:
        raise RefusedRedirect(
            f"more redirects than the request allows; the last leads to {redirects.shown(request.url)}"
        )
    reason = redirects.forbidden(request.url.host, from_public=trail.public)
    if reason is not None:
        raise RefusedRedirect(f"redirect refused: {redirects.shown(request.url)} is {reason}")
    return request


def _guard(shown: str, from_public: bool, address: str) -> str | None:
    reason = redirects.forbidden(address, from_public=from_public)
    return f"redirect refused: {shown} is at {address}, {reason}" if reason is not None else None


def _is_public(execution: Execution, url: URL, exchange: Exchange) -> bool:
    """By where it is; behind a proxy only a literal address tells."""
    if redirects.is_literal(url.host):
        return redirects.is_public(url.host)
    if execution.integration.proxy is not None or exchange.remote_address is None:
        return True
    return redirects.is_public(exchange.remote_address.rpartition(":")[0])


def _unsigned(request: Request) -> Request:
    """A copy to put credentials on."""
    copy = Request(request.method, request.url, headers=request.headers.raw, content=request.content or None)
    copy.extensions = dict(request.extensions)
    return copy


def _asked(
    execution: Execution, request: Request, exchange: Exchange, before: frozenset[tuple[str, str]] = frozenset()
) -> frozenset[tuple[str, str]]:
    """What it makes no sense to ask for again: nothing, once a cookie was set that may change every answer."""
    if execution.workflow.cookies and "set-cookie" in exchange.headers:
        return frozenset()
    return before | {(request.method, str(request.url))}
