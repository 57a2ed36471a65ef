"""How old are the credentials, and what do they need? Which certificate does each host show?"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any, Final

import pyarrow as pa
from duckdb import DuckDBPyConnection

from metrics.lifetimes import HostCertificate, TrackedCredential
from metrics.store.appending import append
from metrics.store.database import Store
from probes.model import CredentialLife

SEEN_WITHIN: Final = timedelta(hours=1)
"""A host that shows several certificates in turn shows each of them within this."""
GONE_AFTER: Final = timedelta(days=35)
"""Of a host that nobody has reached for so long, nothing is kept."""

_LIFE: Final = (
    "integration", "credential", "kind", "rotated_on", "rotate_due_at", "enrolled", "enrolled_at", "access_expires_at",
    "refresh_obtained_at", "refresh_expires_at", "extended_by_use", "certificate_expires_at", "refused_at",
    "last_ok_at", "failed_at", "failure",
)  # fmt: skip
_TEXT, _FLAG, _DAY, _TIME = pa.string(), pa.bool_(), pa.date32(), pa.timestamp("us", "UTC")
_TYPES: Final = {
    **dict.fromkeys(("region", "integration", "credential", "kind", "failure"), _TEXT),
    **dict.fromkeys(("enrolled", "extended_by_use"), _FLAG),
    "rotated_on": _DAY,
}
_SCHEMA: Final = pa.schema({name: _TYPES.get(name, _TIME) for name in ("region", "told_at", *_LIFE)})


def record_credentials(store: Store, region: str, lives: Iterable[CredentialLife], at: datetime) -> Future[None]:
    """Replaces what is known of that region's credentials by what its prober tells now."""
    rows = [{"region": region, "told_at": at, **{name: getattr(life, name) for name in _LIFE}} for life in lives]
    told = pa.Table.from_pylist(rows, schema=_SCHEMA)

    def work(con: DuckDBPyConnection) -> None:
        con.execute("DELETE FROM credentials WHERE region = ?", [region])
        append(con, "credentials", told)

    return store.write(work)


def credentials(con: DuckDBPyConnection) -> tuple[TrackedCredential, ...]:
    """Every credential in every region, as its prober told last."""
    statement = f"SELECT region, told_at, {', '.join(_LIFE)} FROM credentials ORDER BY integration, region"  # noqa: S608
    rows = con.execute(statement).fetchall()
    return tuple(TrackedCredential(region, told_at, CredentialLife(*life)) for region, told_at, *life in rows)


def certificates(con: DuckDBPyConnection) -> tuple[HostCertificate, ...]:
    """The certificate of every host that steps reached by TLS, soonest end first. Of those that it shows and those
    that vouch for it, up to its root, the one that ends first."""
    rows = con.execute(
        "SELECT integration, region, host, expires_at, since, seen_at, life_s FROM certificates "
        "ORDER BY expires_at, integration, region, host"
    ).fetchall()
    return tuple(_certificate(*row) for row in rows)


def _certificate(*row: Any) -> HostCertificate:
    integration, region, host, expires_at, since, seen_at, life_s = row
    lived = timedelta(seconds=life_s) if life_s is not None else None
    return HostCertificate(integration, region, host, expires_at, since, seen_at, lived)


def note_certificates(con: DuckDBPyConnection, now: datetime) -> None:
    """Brings table `certificates` up to date with the steps of the last hour; for a loop to call every minute.

    A certificate is renewed when every one seen within the hour ends later than the one known.
    """
    bounds = {"since": now - SEEN_WITHIN, "now": now, "gone": now - GONE_AFTER}
    con.execute(_MERGED, bounds)
    con.execute("DELETE FROM certificates")
    con.execute("INSERT INTO certificates BY NAME SELECT * FROM merged")
    con.execute("DROP TABLE merged")


_MERGED: Final = r"""
CREATE TEMPORARY TABLE merged AS
WITH seen AS (
    SELECT integration, region, regexp_extract(url, '^https://([^/?#@]+)', 1) AS host,
           min(coalesce(chain_expires_at, certificate_expires_at)) AS expires_at, max(started_at) AS seen_at
    FROM steps
    WHERE started_at > $since AND started_at <= $now AND certificate_expires_at IS NOT NULL AND NOT simulated
    GROUP BY integration, region, host HAVING host <> ''
), known AS (SELECT * FROM certificates WHERE seen_at > $gone)
SELECT coalesce(seen.integration, known.integration) AS integration, coalesce(seen.region, known.region) AS region,
       coalesce(seen.host, known.host) AS host,
       coalesce(seen.expires_at, known.expires_at) AS expires_at,
       CASE WHEN seen.expires_at IS NULL OR seen.expires_at = known.expires_at THEN known.since ELSE $now END AS since,
       coalesce(seen.seen_at, known.seen_at) AS seen_at,
       CASE WHEN seen.expires_at > known.expires_at THEN epoch(seen.expires_at - $now::TIMESTAMPTZ)
            ELSE known.life_s END AS life_s
FROM seen FULL JOIN known
    ON seen.integration = known.integration AND seen.region = known.region AND seen.host = known.host
"""
