"""What probers talk to: configuration out, batches and heartbeats in. Every route wants the region's bearer token."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import zlib
from datetime import datetime
from typing import Annotated, Any, Final

import duckdb
from fastapi import APIRouter, Header, HTTPException, Request, Response

from app.hub.run_requests_api import offered
from app.hub.state import HubState
from metrics.store.credentials import record_credentials
from metrics.store.failures import IngestFull
from metrics.store.probers import record_heartbeat
from probes.model import Heartbeat
from probes.wire import MAX_BODY_BYTES, WireError, parse_batch, parse_heartbeat

_TOO_LARGE: Final = f"the body is larger than {MAX_BODY_BYTES} bytes; send smaller batches"
_UNFIT: Final = (ValueError, OverflowError, duckdb.DataError)
"""What the store raises for a value that it cannot hold."""


def token_hash(token: str) -> str:
    """What the hub keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _region_of_token(state: HubState, request: Request) -> str:
    """The region whose token the request carries; 401 without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    digest = token_hash(token.strip())
    for region, expected in state.tokens.items():
        if scheme.lower() == "bearer" and hmac.compare_digest(digest, expected):
            return region
    raise HTTPException(401, "unknown prober token; give the region's token as LEADLINE_PROBER_TOKEN")


def prober_router(state: HubState) -> APIRouter:
    """The routes under `/api/v1/prober`."""
    router = APIRouter(prefix="/api/v1/prober")

    @router.get("/config")
    async def config(request: Request, region: str, if_none_match: Annotated[str, Header()] = "") -> Response:
        _require_same_region(region, _region_of_token(state, request))
        version = state.config.version
        if if_none_match == f'"{version}"':
            return Response(status_code=304)
        body = json.dumps({"version": version, "config": json.loads(state.compiled)})
        return Response(body, media_type="application/json", headers={"ETag": f'"{version}"'})

    @router.post("/batches")
    async def batches(request: Request) -> dict[str, int]:
        of_token = _region_of_token(state, request)
        body = await _body(request)
        try:
            batch = await asyncio.to_thread(parse_batch, body)
        except WireError as err:
            raise HTTPException(422, str(err)) from err
        _require_same_region(batch.region, of_token)
        try:
            cursor = await asyncio.wrap_future(state.ingest.submit(batch, state.clock()))
        except IngestFull as err:
            raise HTTPException(429, str(err), {"Retry-After": "2"}) from err
        except _UNFIT as err:
            # For good, or the prober would send it for ever and nothing after it.
            raise HTTPException(422, f"the runs cannot be stored: {type(err).__name__}") from err
        state.ingested_runs += len(batch.runs)
        return {"cursor": cursor}

    @router.post("/heartbeat")
    async def heartbeat(request: Request) -> dict[str, Any]:
        of_token = _region_of_token(state, request)
        body = await _body(request)
        try:
            beat = parse_heartbeat(body)
        except WireError as err:
            raise HTTPException(422, str(err)) from err
        _require_same_region(beat.region, of_token)
        now = state.clock()
        try:
            await _record(state, beat, now)
            wanted = await asyncio.wrap_future(state.store.write(lambda con: offered(con, beat, state)))
        except _UNFIT as err:
            raise HTTPException(422, f"the heartbeat cannot be stored: {type(err).__name__}") from err
        return {"config_version": state.config.version, "now": now.isoformat(), "runs": wanted}

    return router


async def _record(state: HubState, beat: Heartbeat, now: datetime) -> None:
    await asyncio.wrap_future(record_heartbeat(state.store, beat, now))
    if beat.credentials is not None:
        await asyncio.wrap_future(record_credentials(state.store, beat.region, beat.credentials, now))


def _require_same_region(named: str, of_token: str) -> None:
    if named != of_token:
        raise HTTPException(403, f"this token belongs to region {of_token!r}, not {named!r}")


async def _body(request: Request) -> bytes:
    """The request's body, inflated when it came as gzip; never more than the cap, however well it compresses."""
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > MAX_BODY_BYTES:
            raise HTTPException(413, _TOO_LARGE)
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding == "identity":
        return bytes(chunks)
    if encoding != "gzip":
        raise HTTPException(415, f"content-encoding {encoding!r} is not understood; send gzip or identity")
    return _inflate(bytes(chunks))


def _inflate(body: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        plain = inflater.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error as err:
        raise HTTPException(422, "the body is not valid gzip") from err
    if len(plain) > MAX_BODY_BYTES:
        raise HTTPException(413, _TOO_LARGE)
    if not inflater.eof:
        raise HTTPException(422, "the gzip body is cut off")
    return plain
