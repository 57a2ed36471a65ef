"""What each integration did in a stretch of time: closed buckets out of a memo, the open edge out of the raw rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from metrics.kinds import GOOD, sql_list
from metrics.store.memo import Memo
from metrics.store.rates import CLASS_COLUMNS, CLASSES
from metrics.store.relations import GOOD_ATTEMPTS, RUNS, STEPS
from metrics.store.rollup.histogram import PERCENTS, index_sql, rank, read, value
from metrics.store.rollup.layout import INTEGRATION_LEVEL, run_table, stored
from metrics.store.rollup.plan import Span, tier_of
from metrics.store.rollup.reading import sealed_until
from metrics.store.rollup.tiers import FIVE_MINUTES, HOUR, Source, Tier, slot_of, slot_start
from metrics.store.sealing.layout import HOT
from probes.model import FailureKind, Outcome

Column = NDArray[Any]
"""One figure per integration."""

OUTCOMES: Final = tuple(Outcome)
_COUNTS: Final = ("runs", "simulated_runs", "n", "requests", *CLASSES)
_SLICES: Final = ("good", "bad", "good_ms", "bad_ms")
_KINDS: Final = tuple(FailureKind)


@dataclass(frozen=True, slots=True)
class Figures:
    """By integration, in the order of the names asked for. A histogram is a row per bucket: whose, which, how many."""

    counts: NDArray[np.int64]
    """One row for each of `_COUNTS`."""
    most: Column
    last: NDArray[np.int64]
    """Start of the latest run in microseconds since the epoch, times 16, plus the place of its outcome; 0: none."""
    whose: NDArray[np.int32]
    """Of the histogram, in order of it and of the bucket: the integration's place."""
    bucket: NDArray[np.int32]
    held: NDArray[np.int64]

    @classmethod
    def nothing(cls, size: int) -> Figures:
        """No attempt and no run of that many integrations."""
        empty = np.zeros(0, np.int32)
        counts = np.zeros((len(_COUNTS), size), np.int64)
        return cls(counts, np.zeros(size), np.zeros(size, np.int64), empty, empty, empty.astype(np.int64))

    @classmethod
    def joined(cls, parts: Sequence[Figures], size: int) -> Figures:
        """All of them together."""
        if len(parts) == 1:
            return parts[0]
        none = cls.nothing(size)
        return cls(
            np.sum([none.counts, *(part.counts for part in parts)], axis=0),
            np.max([none.most, *(part.most for part in parts)], axis=0),
            np.max([none.last, *(part.last for part in parts)], axis=0),
            *_merged(parts),
        )

    def count(self, name: str) -> NDArray[np.int64]:
        """One of the counts."""
        counted: NDArray[np.int64] = self.counts[_COUNTS.index(name)]
        return counted

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return sum(column.nbytes for column in (self.counts, self.most, self.last, self.whose, self.bucket, self.held))

    def quantiles(self) -> list[Column]:
        """P50, P95 and P99, within 1 % of nearest rank; NaN without a good attempt."""
        n = self.count("n")
        ends, before = np.cumsum(self.held), np.concatenate([[0], np.cumsum(n)[:-1]])
        known, found = n > 0, []
        for percent in PERCENTS:
            column = np.full(len(n), np.nan)
            at = np.searchsorted(ends, (before + rank(n, percent))[known])
            figures = value(self.bucket[at].astype(np.float64))
            column[known] = np.minimum(figures, self.most[known])
            found.append(column)
        return found


def _merged(parts: Sequence[Figures]) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    whose, bucket = (np.concatenate([getattr(part, name) for part in parts]) for name in ("whose", "bucket"))
    return _histogram(whose, bucket, np.concatenate([part.held for part in parts]))


def _histogram(whose: Any, bucket: Any, held: Any) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Rows of the same bucket added up, in order."""
    if not len(held):
        return whose.astype(np.int32), bucket.astype(np.int32), held.astype(np.int64)
    low = int(bucket.min())
    width = int(bucket.max()) - low + 1
    counted = np.bincount(whose.astype(np.int64) * width + (bucket - low), held)
    place = np.flatnonzero(counted > 0)
    return (place // width).astype(np.int32), (place % width + low).astype(np.int32), counted[place].astype(np.int64)


class Everybody:
    """Answers about all of these integrations out of one snapshot, and remembers what cannot change."""

    def __init__(self, con: DuckDBPyConnection, names: Sequence[str], memo: Memo | None) -> None:
        self.names = tuple(names)
        self.con = con
        self.memo = Memo() if memo is None else memo
        self._key: Hashable = self.names
        self._raw: dict[Hashable, Any] = {}
        self._place = {name: place for place, name in enumerate(self.names)}
        self._versions: dict[tuple[int, int], int] = {}
        self._since, self._finest = slot_start(0), 0
        self._sealed_until = sealed_until(con)

    def read_versions(self, since: datetime, finest_since: datetime) -> None:
        """Of which making each bucket is that may be asked for; older ones of five minutes once they are."""
        bounds = {"since": since - timedelta(days=1), "finest": finest_since}
        self._since, self._finest = since, slot_of(finest_since)
        found = self.con.execute(_VERSIONS, bounds).fetchnumpy()
        keys = zip(found["source"].tolist(), found["slot"].tolist(), strict=True)
        self._versions = dict(zip(keys, found["version"].tolist(), strict=True))

    def figures(self, spans: Sequence[Span]) -> Figures:
        """All of what these spans hold."""
        raw = [self._of_raw(span) for span in spans if span.source is Source.RAW and span.start < span.end]
        return Figures.joined([self._closed(spans), *raw], len(self.names))

    def buckets(self, tier: Tier, slots: Sequence[int]) -> dict[int, Figures]:
        """Of whole closed buckets, by their first slot."""
        return self._remembered("figures", tier, slots, self._read_figures)

    def _closed(self, spans: Sequence[Span]) -> Figures:
        asked = _by_tier(spans)
        size = len(self.names)
        versions = tuple((tier, slot, self._version(tier, slot)) for tier, slots in asked.items() for slot in slots)
        key = ("closed", self._key, versions)
        found = self.memo.get(key)
        if found is None:
            parts = [part for tier, slots in asked.items() for part in self.buckets(tier, slots).values()]
            found = Figures.joined(parts, size) if parts else Figures.nothing(size)
            self.memo.keep(key, found, found.size)
        return found

    def slices(self, spans: Sequence[Span]) -> NDArray[np.int64]:
        """Good and bad slices and their milliseconds: one row each, one column per integration."""
        found = np.zeros((len(_SLICES), len(self.names)), np.int64)
        for tier, slots in _by_tier(spans).items():
            for part in self._remembered("slices", tier, slots, self._read_slices).values():
                found += part
        for span in spans:
            if span.source is Source.RAW and span.start < span.end:
                found += self._raw_slices(span)
        return found

    def hourly_p95(self, slots: Sequence[int]) -> dict[int, Column]:
        """Of whole closed hours, by their first slot; NaN without a good attempt."""
        return self._remembered("p95", HOUR, slots, self._read_p95)

    def last_runs(self, spans: Sequence[Span]) -> NDArray[np.int64]:
        """`last` of what these spans hold."""
        found = np.zeros(len(self.names), np.int64)
        for tier, slots in _by_tier(spans).items():
            found = np.max([found, *self._remembered("last", tier, slots, self._read_last).values()], axis=0)
        for span in spans:
            if span.source is Source.RAW and span.start < span.end:
                answer = self._ask_raw(_RAW_RUNS, RUNS, span.start, span.end)
                np.maximum.at(found, answer["code"], answer["last"])
        return found

    def _version(self, tier: Tier, slot: int) -> int:
        if tier is FIVE_MINUTES and slot <= self._finest and self._finest > slot_of(self._since):
            # Rare: an hour of long ago that is yet to be made anew.
            self.read_versions(self._since, self._since)
        return self._versions.get((tier.source, slot), 0)

    def _remembered(self, what: str, tier: Tier, slots: Sequence[int], read: Any) -> dict[int, Any]:
        keys = {slot: (what, self._key, tier.suffix, slot, self._version(tier, slot)) for slot in slots}
        found = {slot: self.memo.get(key) for slot, key in keys.items()}
        missing = [slot for slot, part in found.items() if part is None]
        if missing:
            for slot, part in read(tier, missing).items():
                found[slot] = part
                self.memo.keep(keys[slot], part, getattr(part, "size", 0) + getattr(part, "nbytes", 0))
        return found

    def _ask(self, sql: str, **bounds: Any) -> dict[str, Any]:
        answer = self._asked(sql, bounds).fetchnumpy()
        return {name: np.ma.filled(column, 0) for name, column in answer.items()}

    def _asked(self, sql: str, bounds: dict[str, Any]) -> DuckDBPyConnection:
        named = "(SELECT unnest(string_split($names, chr(10))) AS integration, unnest(range($size)) AS code)"
        asked = {"names": "\n".join(self.names), "size": len(self.names)}
        return self.con.execute(sql.format(named=named), bounds | asked)

    def _read_held(self, sql: str, **bounds: Any) -> dict[str, Any]:
        answer = self._asked(sql, bounds).to_arrow_table()
        row, i, c = read(answer["held"])
        return {name: answer[name].to_numpy()[row] for name in ("slot", "code")} | {"i": i, "c": c}

    def _ask_raw(self, sql: str, view: str, start: datetime, end: datetime, early_d: int = 0) -> dict[str, Any]:
        """Raw rows of those integrations; `code` is their place. What is younger than all sealed days is only hot; it
        may have begun that many days before the instant that it counts at."""
        only_hot = self._sealed_until is not None and start - timedelta(days=early_d) >= self._sealed_until
        table = HOT[view] if only_hot else view
        answer = self.con.execute(sql.format(table=table), {"start": start, "end": end}).fetchnumpy()
        place = self._place
        code = np.fromiter((place.get(name, -1) for name in answer.pop("integration")), np.int64)
        return {"code": code[code >= 0]} | {name: column[code >= 0] for name, column in answer.items()}

    def _read_figures(self, tier: Tier, slots: Sequence[int]) -> dict[int, Figures]:
        where, bounds = _within(slots)
        table = INTEGRATION_LEVEL.table(tier)
        figures = self._ask(_FIGURES.format(table=table, where=where, named="{named}"), **bounds)
        held = self._read_held(_HELD.format(table=table, where=where, named="{named}"), **bounds)
        found = {}
        for slot in slots:
            own, some = figures["slot"] == slot, held["slot"] == slot
            found[slot] = _figures(
                {name: column[own] for name, column in figures.items()},
                {name: column[some] for name, column in held.items()},
                len(self.names),
            )
        return found

    def _read_p95(self, tier: Tier, slots: Sequence[int]) -> dict[int, Column]:
        where, bounds = _within(slots)
        answer = self._ask(_P95.format(table=INTEGRATION_LEVEL.table(tier), where=where, named="{named}"), **bounds)
        found: dict[int, Column] = {slot: np.full(len(self.names), np.nan) for slot in slots}
        for slot, part in found.items():
            own = answer["slot"] == slot
            part[answer["code"][own]] = np.round(answer["p95"][own].astype(np.float64), 3)
        return found

    def _read_last(self, tier: Tier, slots: Sequence[int]) -> dict[int, NDArray[np.int64]]:
        where, bounds = _within(slots)
        answer = self._ask(_LAST.format(table=INTEGRATION_LEVEL.table(tier), where=where, named="{named}"), **bounds)
        found = {slot: np.zeros(len(self.names), np.int64) for slot in slots}
        for slot, part in found.items():
            own = answer["slot"] == slot
            part[answer["code"][own]] = answer["last"][own]
        return found

    def _read_slices(self, tier: Tier, slots: Sequence[int]) -> dict[int, NDArray[np.int64]]:
        where, bounds = _within(slots)
        rows = f"SELECT epoch_us(bucket_at) // 300000000 AS slot, * FROM {run_table(tier)} WHERE {where}"  # noqa: S608
        answer = self._ask(_DECIDED.format(rows=rows, named="{named}"), **bounds)
        found = {slot: np.zeros((len(_SLICES), len(self.names)), np.int64) for slot in slots}
        for slot, part in found.items():
            own = answer["slot"] == slot
            part[:, answer["code"][own]] = [answer[name][own] for name in _SLICES]
        return found

    def _raw_slices(self, span: Span) -> NDArray[np.int64]:
        answer = self._ask_raw(_RAW_SLICES, RUNS, span.start, span.end, 1)
        found = np.zeros((len(_SLICES), len(self.names)), np.int64)
        n, ms = answer["n"], answer["n"] * np.round(answer["every_s"] * 1000).astype(np.int64)
        for place, good in enumerate((True, False)):
            mine = answer["good"].astype(bool) == good
            np.add.at(found[place], answer["code"][mine], n[mine])
            np.add.at(found[place + 2], answer["code"][mine], ms[mine])
        return found

    def _of_raw(self, span: Span) -> Figures:
        """The same stretch may be the edge of several windows."""
        key = (span.start, span.end)
        if key not in self._raw:
            steps, runs = self._ask_raw(_RAW_STEPS, STEPS, *key), self._ask_raw(_RAW_RUNS, RUNS, *key)
            self._raw[key] = _of_raw(steps, runs, len(self.names))
        found: Figures = self._raw[key]
        return found

    def exact(self, start: datetime, end: datetime) -> dict[str, Any]:
        """By code: the exact percentiles of the raw attempts of that time."""
        return self._ask_raw(_EXACT, STEPS, start, end)


def _by_tier(spans: Iterable[Span]) -> dict[Tier, list[int]]:
    found: dict[Tier, list[int]] = {}
    for span in spans:
        if span.source is not Source.RAW:
            tier = tier_of(span.source)
            found.setdefault(tier, []).extend(range(slot_of(span.start), slot_of(span.end), tier.slots))
    return found


def _within(slots: Sequence[int]) -> tuple[str, dict[str, datetime]]:
    """Only these buckets; the bounds keep the rest of the table from being read."""
    chosen = ", ".join(f"make_timestamptz({slot * 300_000_000})" for slot in slots)
    where = f"bucket_at >= $start AND bucket_at <= $end AND bucket_at IN ({chosen})"
    return where, {"start": slot_start(min(slots)), "end": slot_start(max(slots))}


def _figures(rows: dict[str, Any], held: dict[str, Any], size: int) -> Figures:
    none, code = Figures.nothing(size), rows["code"]
    none.counts[:, code] = [rows[name] for name in _COUNTS]
    none.most[code] = np.round(rows["most"].astype(np.float64), 3)
    none.last[code] = rows["last"]
    return Figures(none.counts, none.most, none.last, *_histogram(held["code"], held["i"], held["c"]))


def _of_raw(steps: dict[str, Any], runs: dict[str, Any], size: int) -> Figures:
    none, code, c = Figures.nothing(size), steps["code"], steps["c"].astype(np.int64)
    good, made = ~np.ma.getmaskarray(steps["i"]), steps["counted"].astype(bool)
    np.add.at(none.count("n"), code[good], c[good])
    np.add.at(none.count("requests"), code[made], c[made])
    for name, kinds in CLASSES.items():
        mine = made & np.isin(steps["kind"], [_KINDS.index(kind) for kind in kinds])
        np.add.at(none.count(name), code[mine], c[mine])
    np.maximum.at(none.most, code[good], np.ma.getdata(steps["most"])[good])
    for name in ("runs", "simulated_runs"):
        none.count(name)[runs["code"]] = runs[name]
    none.last[runs["code"]] = runs["last"]
    rows = _histogram(code[good], np.ma.getdata(steps["i"])[good], c[good])
    return Figures(none.counts, none.most, none.last, *rows)


def outcome_code(column: str) -> str:
    """The place of an outcome, as SQL."""
    return f"CASE {column} {_places(OUTCOMES)} END"


def _places(names: Sequence[str]) -> str:
    return " ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(names))


_CLASS_SUMS: Final = ", ".join(f"{' + '.join(columns)} AS {name}" for name, columns in CLASS_COLUMNS.items())
_KIND: Final = f"CASE failure_kind {_places(_KINDS)} ELSE -1 END"

_VERSIONS: Final = """
SELECT CASE tier WHEN '5m' THEN 1 WHEN '1h' THEN 2 ELSE 3 END AS source, epoch_us(bucket_at) // 300000000 AS slot,
       version
FROM rolled_buckets WHERE bucket_at >= $since AND (tier <> '5m' OR bucket_at >= $finest)
"""

_FIGURES: Final = f"""
SELECT epoch_us(bucket_at) // 300000000 AS slot, code, runs, simulated_runs, n, requests, {_CLASS_SUMS},
       {stored("total_max")} AS most, epoch_us(last_run_at) * 16 + {outcome_code("last_outcome")} AS last
FROM {{table}} JOIN {{named}} USING (integration) WHERE {{where}}
"""  # noqa: S608 - names of ours

_P95: Final = f"""
SELECT epoch_us(bucket_at) // 300000000 AS slot, code, {stored("total_p95")} AS p95
FROM {{table}} JOIN {{named}} USING (integration) WHERE n > 0 AND {{where}}
"""  # noqa: S608 - names of ours

_LAST: Final = f"""
SELECT epoch_us(bucket_at) // 300000000 AS slot, code,
       epoch_us(last_run_at) * 16 + {outcome_code("last_outcome")} AS last
FROM {{table}} JOIN {{named}} USING (integration) WHERE last_run_at IS NOT NULL AND {{where}}
"""  # noqa: S608 - names of ours

_HELD: Final = """
SELECT epoch_us(bucket_at) // 300000000 AS slot, code, total_histogram AS held
FROM {table} JOIN {named} USING (integration) WHERE {where}
"""

_RAW_STEPS: Final = f"""
SELECT integration, counted, {_KIND} AS kind, CASE WHEN {GOOD_ATTEMPTS} THEN {index_sql("total_ms")} END AS i,
       count(*) AS c, max(total_ms) AS most
FROM {{table}} WHERE started_at >= $start AND started_at < $end GROUP BY ALL
"""  # noqa: S608 - names of ours

_RAW_RUNS: Final = f"""
SELECT integration, count(*) AS runs, count(*) FILTER (simulated) AS simulated_runs,
       max(epoch_us(started_at) * 16 + {outcome_code("outcome")}) AS last
FROM {{table}} WHERE started_at >= $start AND started_at < $end GROUP BY integration
"""  # noqa: S608 - names of ours

_EXACT: Final = f"""
SELECT integration, quantile_disc(total_ms, 0.5) AS p50, quantile_disc(total_ms, 0.95) AS p95,
       quantile_disc(total_ms, 0.99) AS p99
FROM {{table}} WHERE started_at >= $start AND started_at < $end AND {GOOD_ATTEMPTS} GROUP BY integration
"""  # noqa: S608 - names of ours

_RAW_SLICES: Final = f"""
SELECT integration, every_s, outcome IN {sql_list(GOOD)} AS good, count(*) AS n
FROM {{table}}
WHERE final AND slice_at >= $start AND slice_at < $end AND outcome <> '{Outcome.THROTTLED}'
  AND failed_integration IS NULL
GROUP BY ALL
"""  # noqa: S608 - names of ours

_DECIDED: Final = f"""
SELECT slot, code,
       coalesce(sum(n) FILTER (good), 0)::BIGINT AS good, coalesce(sum(n) FILTER (NOT good), 0)::BIGINT AS bad,
       coalesce(sum(ms) FILTER (good), 0)::BIGINT AS good_ms, coalesce(sum(ms) FILTER (NOT good), 0)::BIGINT AS bad_ms
FROM (
    SELECT slot, integration, n, outcome IN {sql_list(GOOD)} AS good, n * CAST(round(every_s * 1000) AS BIGINT) AS ms
    FROM ({{rows}}) WHERE outcome <> '{Outcome.THROTTLED}' AND NOT elsewhere
) JOIN {{named}} USING (integration) GROUP BY slot, code
"""  # noqa: S608 - names of ours
