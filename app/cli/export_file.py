"""Takes an export from the hub and makes a file of it: whole, or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from app.cli.hub_client import answered
from app.errors import UserError

_PIECE_WITHIN_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Request:
    """Where to ask, and for what."""

    url: str
    params: dict[str, str]


@dataclass(frozen=True, slots=True)
class Saved:
    """A file that was written: rows and bytes."""

    rows: int
    size: int


def save(request: Request, path: Path, kind: str, *, quiet: bool = False) -> Saved:
    """Write the file; raises UserError, with nothing changed, when the export cannot be had whole. `quiet`: without a
    word on its progress."""
    with _draft(path) as draft, answered("GET", request.url, params=request.params, timeout=_PIECE_WITHIN_S) as answer:
        rows = _copy(_Body(answer.iter_raw()), draft, kind, _progress(quiet))
    return Saved(rows, path.stat().st_size)


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.touch(exist_ok=False)
        yield draft
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as err:
        raise UserError(f"{path}: cannot be written ({err.strerror or err})", exit_code=1) from err
    finally:
        draft.unlink(missing_ok=True)


def _copy(body: _Body, draft: Path, kind: str, progress: Callable[[int, bytes | None], None]) -> int:
    """How many rows; every one that the hub counted was written."""
    written, promised = 0, None
    try:
        with pa.ipc.open_stream(body) as reader, _WRITERS[kind](draft, reader.schema) as writer:
            for batch, told in iter(lambda: _next(reader), None):
                writer.write_batch(batch)
                written += batch.num_rows
                promised = told.get(b"leadline.rows", promised)
                progress(written, told.get(b"leadline.until"))
    except pa.ArrowInvalid as err:
        raise UserError("what answers there is not a Leadline hub of this version", exit_code=1) from err
    if promised is None or int(promised) != written:
        raise UserError(f"the export broke off after {written:,} rows; nothing was written: try again", exit_code=1)
    return written


def _next(reader: Any) -> tuple[pa.RecordBatch, dict[bytes, bytes]] | None:
    try:
        found = reader.read_next_batch_with_custom_metadata()
    except (StopIteration, OSError):  # the end, or the middle of a message: the count of rows tells which
        return None
    return found.batch, dict(found.custom_metadata or {})


def _progress(quiet: bool) -> Callable[[int, bytes | None], None]:
    if quiet or not sys.stderr.isatty():
        return lambda rows, until: None

    def show(rows: int, until: bytes | None) -> None:
        if until is not None:
            at = datetime.fromisoformat(until.decode())
            print(f"\r{rows:>12,} rows, up to {at:%Y-%m-%d %H:%M} UTC ", end="", file=sys.stderr, flush=True)

    return show


class _Body:
    """The chunks of an answer as a file to read from."""

    closed = False

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        parts, have = [self._held], len(self._held)
        while size < 0 or have < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            parts.append(chunk)
            have += len(chunk)
        whole = b"".join(parts)
        end = len(whole) if size < 0 else size
        self._held = whole[end:]
        return whole[:end]

    def close(self) -> None:
        self.closed = True


def _parquet(path: Path, schema: pa.Schema) -> Any:
    return pyarrow.parquet.ParquetWriter(path, schema, compression="zstd")


def _csv(path: Path, schema: pa.Schema) -> Any:
    return pyarrow.csv.CSVWriter(path, schema)


_WRITERS: Final = {"parquet": _parquet, "csv": _csv}
