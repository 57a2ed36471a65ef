"""Sending one request: credentials first, then the wire. A token that has to be fetched is a step of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Final

from probes.auth import AuthFailure
from probes.exchange import Exchange, answered, broken
from probes.execution import NONCE_STEP, TOKEN_STEP, Execution
from probes.http import Request, Response
from probes.judging import Judgement
from probes.model import Failure, FailureKind
from probes.outcome import TOKEN_POSITION
from probes.request import is_own_host, own_timeout
from probes.transport import Answered, ProbeTransport, TransportFailure
from probes.vendors import Answer

_NO_REQUEST: Final = Failure(FailureKind.INTERNAL, "the auth method ended without sending the request")


@dataclass(frozen=True, slots=True)
class Unauthorised:
    """No token was to be had, so the step's request was never sent."""

    failure: Failure


async def send(
    execution: Execution, request: Request, *, limit: float, credentials: bool = True
) -> Exchange | Unauthorised:
    """Send with the integration's credential, and to its own host only; `limit` is a `perf_counter` reading.

    Without `credentials` not even there.
    """
    if not credentials or not is_own_host(request.url, execution.integration):
        return (await _transmit(execution, request, limit))[0]
    flow = execution.authenticator.async_auth_flow(request)
    try:
        return await _authorised(execution, request, flow, limit)
    except TimeoutError:
        failure = Failure(FailureKind.DEADLINE, f"{execution.deadline_words(limit)} before a token was to be had")
        execution.keep_unsent(TOKEN_STEP, TOKEN_POSITION, failure)
        return Unauthorised(failure)
    except AuthFailure as err:
        # Before anything was sent: nobody has consented yet, or the kept token cannot be read.
        execution.keep_unsent(TOKEN_STEP, TOKEN_POSITION, err.failure)
        return Unauthorised(err.failure)
    except UnicodeError:
        # From a credential of ours, or a token that the vendor handed out; the error quotes a piece of it.
        failure = Failure(FailureKind.AUTH, "the credential holds a character that a request header cannot carry")
        execution.keep_unsent(TOKEN_STEP, TOKEN_POSITION, failure)
        return Unauthorised(failure)
    finally:
        # Also lets go of the lock that the credential's other users wait for.
        await flow.aclose()


async def _authorised(
    execution: Execution, request: Request, flow: AsyncGenerator[Request, Response], limit: float
) -> Exchange | Unauthorised:
    # Another run may hold the lock while it fetches the same token.
    async with asyncio.timeout(max(0.0, limit - time.perf_counter())):
        outgoing = await anext(flow)
    while outgoing is not request:
        fetched = await _fetch_token(execution, outgoing, request, flow, limit)
        if isinstance(fetched, Unauthorised):
            return fetched
        outgoing = fetched
    exchange, answer = await _transmit(execution, request, limit)
    if answer is not None and execution.authenticator.reads_answers:
        await _hand_back(flow, answer)
    return exchange


async def _fetch_token(
    execution: Execution, request: Request, meant: Request, flow: AsyncGenerator[Request, Response], limit: float
) -> Request | Unauthorised:
    """Send one token request; the next request of the method, which is `meant` once there is a token."""
    attempt = execution.attempts_at(TOKEN_POSITION) + 1
    for name, value in execution.trace_headers(TOKEN_POSITION, attempt).items():
        request.headers.setdefault(name, value)
    limit = _unhurried(execution, request, limit)
    # A connection of its own: the first step shall open one whether or not a token was due, or its phases would vary.
    transport = execution.new_transport()
    try:
        exchange, answer = await _transmit(execution, request, limit, transport)
    finally:
        await transport.aclose()
    failure, following = exchange.failure, None
    if answer is not None:
        try:
            following = await flow.asend(answer.response())
        except AuthFailure as err:
            failure = err.failure
        except StopAsyncIteration:
            failure = _NO_REQUEST
    # Asked for a nonce and told it: part of the protocol, and no token's latency.
    name = TOKEN_STEP if failure is not None or following is meant else NONCE_STEP
    if answer is not None and answer.status < 300:
        # It may hold a token under a name of the vendor's own, which nothing would tell for one.
        exchange = replace(exchange, body=b"")
    execution.keep(name, TOKEN_POSITION, attempt, exchange, _token_judgement(execution, exchange, failure))
    if failure is not None or following is None:
        return Unauthorised(failure or _NO_REQUEST)
    return following


def _unhurried(execution: Execution, request: Request, limit: float) -> float:
    """The limit for a token request, moved on where it leaves less than the method needs; its own timeout with it."""
    now, least = time.perf_counter(), execution.authenticator.least_token_s
    if min(limit - now, own_timeout(request)) >= least:
        return limit
    request.extensions["timeout"] = {"total": least}
    return now + least + 1.0


async def _hand_back(flow: AsyncGenerator[Request, Response], answer: Answered) -> None:
    """Let the method see the answer. What it would send next is not sent: a second attempt is the runner's."""
    try:
        await flow.asend(answer.response())
    except (StopAsyncIteration, AuthFailure):
        return


async def _transmit(
    execution: Execution, request: Request, limit: float, transport: ProbeTransport | None = None
) -> tuple[Exchange, Answered | None]:
    started_at = execution.clock()
    now, own = time.perf_counter(), own_timeout(request)
    if now >= limit:
        # A token may take longer than the workflow has; what is sent after its time would be cut off, or just pass.
        failure = Failure(FailureKind.DEADLINE, f"{execution.deadline_words(limit)} before the request")
        return Exchange(request, started_at, ended=now, failure=failure), None
    left = limit - now
    request.extensions["timeout"] = {"total": min(left, own)}
    words = execution.deadline_words(limit) if left <= own else None
    try:
        answer = await (transport or execution.transport).send(request)
    except TransportFailure as err:
        ended = err.ended or time.perf_counter()
        return broken(err, request, started_at=started_at, ended=ended, deadline=words), None
    return answered(answer, started_at=started_at, ended=time.perf_counter()), answer


def _token_judgement(execution: Execution, exchange: Exchange, failure: Failure | None) -> Judgement:
    if exchange.failure is not None or exchange.status is None:
        return Judgement(failure=failure)
    headers = {name.lower(): value for name, value in exchange.headers.items()}
    # Without the body: a token's answer is read by the auth method alone.
    return Judgement(Answer(exchange.status, headers, b"", None, execution.clock()), failure=failure)
