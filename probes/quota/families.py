"""Header families that differ in names only: a row each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from probes.model import QuotaReading
from probes.quota.model import QuotaParser, QuotaSource
from probes.quota.reading import (
    MAX_BUCKETS,
    Bucket,
    Figures,
    ResetRule,
    header_number,
    reading,
    reset_delta,
    reset_epoch,
    reset_sniffed,
    served_from_cache,
)
from probes.vendors.model import Answer
from probes.vendors.rules import number

_REMAINING: Final = re.compile(r"x-ratelimit-remaining(?:-([a-z0-9-]{1,40}))?", re.ASCII)
_SUFFIX_WINDOW_S: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}


@dataclass(frozen=True, slots=True)
class Family:
    """The header names of one bucket; an empty name is one that the vendor does not send."""

    bucket: Bucket
    limit: str = ""
    remaining: str = ""
    used: str = ""
    reset: str = ""
    reset_rule: ResetRule = reset_delta


def families(*rows: Family) -> QuotaParser:
    """A parser that reads each row's headers."""

    def parse(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
        if served_from_cache(answer):
            return ()
        return tuple(one for row in rows for one in _read(answer, source, row))

    return parse


def _read(answer: Answer, source: QuotaSource, row: Family) -> tuple[QuotaReading, ...]:
    figures = Figures(
        limit=_first_number(answer, row.limit),
        used=header_number(answer, row.used),
        remaining=header_number(answer, row.remaining),
        reset_at=row.reset_rule(answer.headers.get(row.reset, ""), answer.observed_at),
    )
    return reading(answer, source, row.bucket, figures)


def _first_number(answer: Answer, header: str) -> float | None:
    """Of `100, 100;w=10` the first figure."""
    return number(re.split(r"[,;]", answer.headers.get(header, ""), maxsplit=1)[0])


def x_ratelimit(rule: ResetRule) -> QuotaParser:
    """`X-RateLimit-Limit`, `-Remaining`, `-Reset`, each alone or with the same suffix (`-Requests`, `-Day` …)."""

    def parse(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
        suffixes = [found[1] or "" for name in answer.headers if (found := _REMAINING.fullmatch(name))]
        return families(*(_suffixed(suffix, rule) for suffix in suffixes[:MAX_BUCKETS]))(answer, source)

    return parse


def _suffixed(suffix: str, rule: ResetRule) -> Family:
    tail = f"-{suffix}" if suffix else ""
    unit = "tokens" if suffix == "tokens" else "requests"
    return Family(
        Bucket(suffix or "default", unit, _SUFFIX_WINDOW_S.get(suffix)),
        limit=f"x-ratelimit-limit{tail}",
        remaining=f"x-ratelimit-remaining{tail}",
        reset=f"x-ratelimit-reset{tail}",
        reset_rule=rule,
    )


X_RATELIMIT: Final = x_ratelimit(reset_sniffed)
X_RATELIMIT_EPOCH: Final = x_ratelimit(reset_epoch)

BREVO: Final = families(
    Family(Bucket("default"), "x-sib-ratelimit-limit", "x-sib-ratelimit-remaining", reset="x-sib-ratelimit-reset")
)

PIPEDRIVE: Final = families(
    # In which unit its reset counts is not documented, so none is read; the burst window is two seconds anyway.
    Family(Bucket("burst", "tokens", 2.0, "rolling"), "x-ratelimit-limit", "x-ratelimit-remaining"),
    Family(
        Bucket("daily", "tokens", 86400.0, "calendar"),
        "x-daily-ratelimit-token-limit",
        "x-daily-ratelimit-token-remaining",
    ),
    Family(Bucket("daily-requests", "requests", 86400.0, "calendar"), remaining="x-daily-requests-left"),
)

ZOHO: Final = families(
    # Sent only once half of the credits are used: absence says nothing.
    Family(Bucket("credits", "credits", 86400.0, "rolling"), remaining="x-api-credits-remaining")
)

TWILIO: Final = families(
    Family(Bucket("concurrency", "concurrency", window_kind="fixed"), used="twilio-concurrent-requests")
)
