"""JSON of what a prober sends to the hub, and its bounds: the one place that knows both directions.

A batch holds at most `MAX_RUNS` runs and `MAX_BODY_BYTES` of JSON before compression. Reading is strict about values:
an unknown outcome or failure kind, an instant without a time zone, a run of another region are refused. Unknown keys
are ignored, so that a newer prober can talk to an older hub. Errors never repeat what was sent.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from probes.model import Batch, Heartbeat, Run

MAX_RUNS: Final = 500
MAX_BODY_BYTES: Final = 4 * 1024 * 1024

_LEAST_EVERY_S: Final = 0.001
"""The hub counts slices in milliseconds."""
_NO_ZONE: Final = "an instant needs a time zone"
_RUN: Final = TypeAdapter(Run)
_BATCH: Final = TypeAdapter(Batch)
_HEARTBEAT: Final = TypeAdapter(Heartbeat)

T = TypeVar("T")


class WireError(ValueError):
    """A body that is not what it should be; says where, never what it held."""


def dump_run(run: Run) -> bytes:
    """One run as JSON. Total: text that is not Unicode and numbers that JSON lacks are mended, not raised."""
    finite = {name: value for name, value in run.values.items() if math.isfinite(value)}
    run = run if len(finite) == len(run.values) else replace(run, values=finite)
    try:
        return _RUN.dump_json(run)
    except PydanticSerializationError:
        # A vendor's JSON may hold half a surrogate pair; losing the run for it would hide that vendor's failure.
        return _RUN.dump_json(_mended(run))


def parse_run(body: bytes) -> Run:
    """The run that `dump_run` wrote; raises WireError."""
    return _parse(_RUN, body)


def join_batch(prober_id: str, region: str, first: int, runs: Iterable[bytes]) -> bytes:
    """The JSON of a `Batch` out of runs that are JSON already."""
    head = f'{{"prober_id":{_text(prober_id)},"region":{_text(region)},"first":{first},"runs":['
    return head.encode() + b",".join(runs) + b"]}"


def dump_batch(batch: Batch) -> bytes:
    """A batch as JSON."""
    return join_batch(batch.prober_id, batch.region, batch.first, map(dump_run, batch.runs))


def parse_batch(body: bytes) -> Batch:
    """The batch in a body that was inflated already; raises WireError."""
    if len(body) > MAX_BODY_BYTES:
        raise WireError(f"a batch is at most {MAX_BODY_BYTES} bytes of JSON, this one has {len(body)}")
    batch = _parse(_BATCH, body)
    if len(batch.runs) > MAX_RUNS:
        raise WireError(f"a batch holds at most {MAX_RUNS} runs, this one {len(batch.runs)}")
    if batch.first < 1 or not batch.prober_id:
        raise WireError("a batch needs a prober_id and a first number of 1 or more")
    for position, run in enumerate(batch.runs):
        _check_run(position, run, batch.region)
    return batch


def dump_heartbeat(heartbeat: Heartbeat) -> bytes:
    """A heartbeat as JSON."""
    return _HEARTBEAT.dump_json(heartbeat)


def parse_heartbeat(body: bytes) -> Heartbeat:
    """The heartbeat in a body; raises WireError."""
    heartbeat = _parse(_HEARTBEAT, body)
    _aware("started_at", heartbeat.started_at)
    _aware("sent_at", heartbeat.sent_at)
    return heartbeat


def pack(body: bytes) -> bytes:
    """gzip, at a level that costs the prober little."""
    return gzip.compress(body, 3)


def _parse(adapter: TypeAdapter[T], body: bytes) -> T:
    try:
        return adapter.validate_json(body)
    except ValidationError as err:
        first = err.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        # "from None": pydantic's own text repeats the input.
        raise WireError(f"{where}: {first['msg']} ({err.error_count()} in all)") from None


def _check_run(position: int, run: Run, region: str) -> None:
    if run.region != region:
        raise WireError(f"runs.{position}.region: must be the batch's own region")
    if run.every_s and not run.every_s >= _LEAST_EVERY_S:
        raise WireError(f"runs.{position}.every_s: must be a millisecond or more")
    for where, instant in _instants(run):
        if instant.tzinfo is None:
            raise WireError(f"runs.{position}.{where}: {_NO_ZONE}")


def _instants(run: Run) -> Iterator[tuple[str, datetime]]:
    yield "scheduled_at", run.scheduled_at
    yield "started_at", run.started_at
    for step in run.steps:
        # Most of all instants are of this kind, and where one is need not be written down while it is in order.
        if step.started_at.tzinfo is None:
            yield f"steps.{step.position}.started_at", step.started_at
    for reading in run.quota:
        yield "quota.observed_at", reading.observed_at
    for signal in run.changes:
        if signal.at is not None:
            yield "changes.at", signal.at


def _aware(where: str, instant: datetime) -> None:
    if instant.tzinfo is None:
        raise WireError(f"{where}: {_NO_ZONE}")


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        mended = value.encode("utf-8", "replace").decode()
        return value if mended == value else mended
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_mended(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _mended(getattr(value, f.name)) for f in fields(value)})
    return value


def _text(value: str) -> str:
    return to_json(value).decode()
