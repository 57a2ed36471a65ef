"""What runs out next: quotas, credentials, certificates, versions of APIs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from duckdb import DuckDBPyConnection

from alerts.reports.document import Cell, Mark, Section, Table, columns, row
from alerts.reports.wording import NONE, count, listed, number, on_day, on_minute, share, short
from config.model import Config
from metrics.forecasting import quota_forecasts
from metrics.lifetimes import HostCertificate, TrackedCredential
from metrics.quota.model import QuotaForecast
from metrics.store.credentials import certificates, credentials
from metrics.store.lifecycle import vendor_signals
from metrics.store.quota import quota_levels
from metrics.store.quota_peaks import quota_peaks

if TYPE_CHECKING:
    from alerts.reports.weekly import Review

AHEAD: Final = timedelta(days=60)
_SOON: Final = timedelta(days=14)
_MOST: Final = 15
_MOST_DUE: Final = 30
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """Something that ends on a day."""

    at: datetime
    what: str
    whose: str
    where: str
    why: str = ""


def quotas(review: Review) -> Section:
    """The fullest buckets of the week, and those that run out next as things stand now."""
    window, config, now = review.window, review.sources.config, review.sources.now
    peaks = [one for one in review.sources.ask(lambda con: quota_peaks(con, window)) if one.left < 1]

    def forecast(con: DuckDBPyConnection) -> tuple[QuotaForecast, ...]:
        return quota_forecasts(con, config, quota_levels(con, now), now)

    running = sorted((one for one in review.sources.ask(forecast) if one.at is not None), key=lambda one: one.at or now)
    zone = review.sources.zone
    peak = Table(
        "Peaks",
        columns("integration", "credential", "bucket", "#least left", "when", "#n"),
        tuple(
            row(
                one.integration, one.credential, one.bucket,
                Cell(share(one.left), one.left, Mark.BAD if one.left < 0.1 else Mark.NONE),
                on_minute(one.at, zone), number(one.readings, count(one.readings)),
            )
            for one in peaks[:_MOST]
        ),
        empty="no vendor told of a quota, or none was touched",
        note=f"The reading with the least left of each bucket, n: readings. The {_MOST} emptiest of {len(peaks)}."
        if len(peaks) > _MOST
        else "The reading with the least left of each bucket, n: readings.",
    )  # fmt: skip
    ahead = Table(
        "What runs out next",
        columns("vendor", "bucket", "likely gone", "#left", "integrations", "in words"),
        tuple(_forecast(review, one) for one in running[:_MOST]),
        empty="nothing, as things stand",
        note=f"As of {on_minute(now, zone)}.",
    )
    return Section("quotas", "Quotas", (peak, ahead))


def _forecast(review: Review, one: QuotaForecast) -> tuple[Cell, ...]:
    return row(
        one.vendor,
        one.bucket,
        Cell(on_minute(one.at, review.sources.zone), mark=Mark.BAD if one.firm else Mark.WARN),
        number(one.left, share(one.left)),
        listed(one.integrations, 4),
        short(one.sentence, 240),
    )


def due(review: Review) -> Section:
    """What ends within 60 days or is over already, the first first."""
    now, config, zone = review.sources.now, review.sources.config, review.sources.zone
    declared = {one.name for one in config.integrations}
    items = [*_declared(config)]
    items += [
        d for one in review.sources.ask(credentials) if one.integration in declared for d in _credential(one, now)
    ]
    items += [_certificate(one) for one in review.sources.ask(certificates) if one.integration in declared]
    signals = review.sources.ask(lambda con: vendor_signals(con, now))
    items += [
        Due(one.at, f"API {one.kind}", one.api, f"{one.workflow} / {one.step}", one.what) for one in signals if one.at
    ]
    near = sorted({one for one in items if one.at <= now + AHEAD}, key=lambda d: (d.at, d.whose, d.what, d.where))
    merged = _merged(near)
    rows = tuple(
        row(
            Cell(on_day(one.at, zone), mark=_mark(one.at, now)),
            _distance(one.at, now), one.what, one.whose, short(one.where, 120), short(one.why, 200) or NONE,
        )
        for one in merged[:_MOST_DUE]
    )  # fmt: skip
    more = f" The first {_MOST_DUE} of {len(merged)}." if len(merged) > _MOST_DUE else ""
    table = Table(
        "Due within 60 days, and overdue",
        columns("day", "#in", "what", "integration", "where", "in words"),
        rows,
        empty="nothing",
        note=f"As of {on_minute(now, zone)}: as probers, hosts and vendors told last, and as declared.{more}",
    )
    return Section("due", "Credentials, certificates and API versions due", (table,))


def _merged(items: list[Due]) -> list[Due]:
    """What ends at the same instant in several regions or places is one thing."""
    places: dict[tuple[datetime, str, str, str], list[str]] = {}
    for one in items:
        places.setdefault((one.at, one.what, one.whose, one.why), []).append(one.where)
    return [Due(at, what, whose, listed(where, 3), why) for (at, what, whose, why), where in places.items()]


def _declared(config: Config) -> Iterator[Due]:
    for integration in config.integrations:
        for one in integration.lifecycle:
            instead = f"use {one.replace_with} instead" if one.replace_with else ""
            yield Due(
                datetime.combine(one.ends, time(), UTC) + _DAY, one.what, integration.name, "as declared", instead
            )


def _credential(one: TrackedCredential, now: datetime) -> Iterator[Due]:
    life, where = one.life, one.region
    ends = (
        ("rotation of its credential", life.rotate_due_at),
        ("refresh token", life.refresh_expires_at),
        ("client certificate", life.certificate_expires_at),
        ("consent is needed anew", life.refused_at),
    )
    for what, at in ends:
        if at is not None:
            yield Due(at, what, life.integration, f"{life.credential} ({where})", one.standing(now).reason)


def _certificate(one: HostCertificate) -> Due:
    return Due(one.expires_at, f"certificate of {one.host}", one.integration, one.region)


def _mark(at: datetime, now: datetime) -> Mark:
    if at <= now:
        return Mark.BAD
    return Mark.WARN if at - now < _SOON else Mark.NONE


def _distance(at: datetime, now: datetime) -> Cell:
    days = abs(at - now) // _DAY
    if not days:
        return Cell("today", 0.0)
    return Cell(f"{days} d" if at > now else f"{days} d ago", float(days if at > now else -days))
