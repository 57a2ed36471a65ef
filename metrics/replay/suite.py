"""A folder of recorded probes: `meta.json` and one CSV per series.

`meta.json`: series → {tz, step, kind, t0, t1, bucket}: time zone, seconds between probes, latency or errors, first and
last instant in seconds since the epoch, and the bucket that its truth is told in (not used here).
`probes/<series>.csv`: t_epoch, value (milliseconds), ok (1, or 0 for a failure), in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv
from pydantic import BaseModel, Field, FiniteFloat, TypeAdapter, ValidationError, model_validator

from config.zones import TimeZone

_LATEST_S: Final = 1e10
"""Epoch seconds of the year 2286: whoever writes milliseconds is beyond it."""
_COLUMNS: Final = {"t_epoch": pa.float64(), "value": pa.float64(), "ok": pa.int8()}


class SuiteProblem(Exception):  # noqa: N818 - what is wrong with somebody's files
    """What cannot be read, where, and what it should look like."""


class SeriesMeta(BaseModel):
    """What `meta.json` says of a series."""

    tz: TimeZone
    step: Annotated[float, Field(ge=1, le=86_400)]
    kind: Literal["latency", "errors"]
    t0: FiniteFloat
    t1: FiniteFloat

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.t0 >= self.t1:
            raise ValueError(f"t0 {self.t0:.0f} has to lie before t1 {self.t1:.0f}")
        return self


@dataclass(frozen=True, slots=True)
class Recording:
    """The probes of one series, in order of time."""

    name: str
    meta: SeriesMeta
    t_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    ok: NDArray[np.bool_]

    def between(self, start_ms: int, end_ms: int) -> slice:
        """Places of the probes of that time."""
        low, high = np.searchsorted(self.t_ms, [start_ms, end_ms])
        return slice(int(low), int(high))


@dataclass(frozen=True, slots=True)
class Suite:
    """All series of a folder."""

    recordings: tuple[Recording, ...]

    @classmethod
    def read(cls, folder: Path) -> Suite:
        """Raises SuiteProblem."""
        known = _meta(folder / "meta.json")
        return cls(tuple(_recording(folder / "probes" / f"{name}.csv", name, meta) for name, meta in known.items()))

    @property
    def probes(self) -> int:
        """How many there are."""
        return sum(len(recording.t_ms) for recording in self.recordings)

    @property
    def span_ms(self) -> tuple[int, int]:
        """The first probe, and right after the last; twice the same instant where there is none."""
        measured = [recording.t_ms for recording in self.recordings if len(recording.t_ms)]
        if not measured:
            return 0, 0
        return min(int(t[0]) for t in measured), max(int(t[-1]) for t in measured) + 1


def _meta(path: Path) -> dict[str, SeriesMeta]:
    try:
        known = TypeAdapter(dict[str, SeriesMeta]).validate_json(path.read_bytes())
    except OSError as err:
        raise SuiteProblem(
            f"{path}: {err.strerror or err}; a suite is a folder with meta.json and probes/*.csv"
        ) from err
    except ValidationError as err:
        first = err.errors()[0]
        raise SuiteProblem(f"{path}: {'.'.join(map(str, first['loc'])) or 'document'}: {first['msg']}") from err
    if not known:
        raise SuiteProblem(f"{path}: no series")
    return known


def _recording(path: Path, name: str, meta: SeriesMeta) -> Recording:
    try:
        table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=_COLUMNS))
        columns = [table[column].cast(pa.float64()).to_numpy() for column in _COLUMNS]
    except (OSError, pa.ArrowInvalid) as err:
        raise SuiteProblem(f"{path}: {err}".splitlines()[0]) from err
    except KeyError as err:
        raise SuiteProblem(f"{path}: no column {err}; the first line is {','.join(_COLUMNS)}") from err
    t, value, ok = columns
    wrong = ~np.isfinite(columns).all(axis=0) | ~((t >= 0) & (t < _LATEST_S)) | (value < 0)
    if wrong.any():
        line = int(np.argmax(wrong)) + 2
        raise SuiteProblem(f"{path}:{line}: it takes seconds since the epoch, milliseconds from 0 on, and 1 or 0")
    order = np.argsort(t, kind="stable")
    return Recording(name, meta, np.round(t[order] * 1000).astype(np.int64), value[order], ok[order] != 0)
