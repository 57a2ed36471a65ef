"""Which buckets there are, who draws on each, and what is known of its reset.

A vendor counts per credential, or per account where its preset says so (`of_account`): readings of the same vendor,
account and bucket are one bucket, whichever integration or credential they were read with.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from config.model import Config, Integration
from config.scalars import parse_probe_budget
from metrics.quota.model import Bucket, ClockReset, QuotaLevel
from probes.vendors import VENDORS
from probes.vendors.model import BucketRule

Key: TypeAlias = tuple[str, str, str]
"""Vendor, account and bucket."""

_ORIGIN: Final = re.compile(r"[^/?#]+://[^/?#]*", re.ASCII)
_NO_RULE: Final = BucketRule("")


def gathered(levels: Iterable[QuotaLevel], config: Config) -> dict[Key, list[QuotaLevel]]:
    """The levels of declared integrations by the bucket that they are about, each newest first."""
    declared = {one.name: one for one in config.integrations}
    groups: dict[Key, list[QuotaLevel]] = defaultdict(list)
    for level in levels:
        if level.integration in declared:
            groups[_key(level, declared[level.integration])].append(level)
    return {
        key: sorted(group, key=lambda level: (level.observed_at, level.integration), reverse=True)
        for key, group in groups.items()
    }


def bucket_of(key: Key, group: Sequence[QuotaLevel]) -> Bucket:
    """The bucket as its newest reading has it."""
    newest = group[0]
    limit = newest.limit if newest.limit is not None else next((one.limit for one in group if one.limit), None)
    remaining = newest.remaining
    if remaining is None and limit is not None and newest.used is not None:
        remaining = max(0.0, limit - newest.used)
    return Bucket(
        key=":".join(key),
        vendor=newest.vendor,
        bucket=newest.bucket,
        unit=newest.unit,
        integrations=tuple(sorted({level.integration for level in group})),
        credentials=tuple(sorted({level.credential for level in group})),
        window_kind=newest.window_kind,
        window_s=newest.window_s,
        limit=limit,
        used=newest.used,
        remaining=remaining,
        left=newest.left,
        reset_at=newest.reset_at,
        timezone=newest.timezone,
        restore_rate=newest.restore_rate,
        observed_at=newest.observed_at,
        simulated=newest.simulated,
    )


def silent(config: Config, groups: Mapping[Key, Sequence[QuotaLevel]]) -> Iterator[tuple[Key, str]]:
    """(bucket, integration) for what a vendor is known to count, or must be counting, and has not reported: the days'
    buckets that its preset names; of one that reports nothing at all its known limits, or one without a name."""
    reported = {(level.integration, key[2]) for key, group in groups.items() for level in group}
    speaking = {integration for integration, _ in reported}
    for integration in config.integrations:
        for bucket in _expected(integration, speaks=integration.name in speaking):
            key = (integration.vendor, _account(integration, bucket, integration.name), bucket)
            if key not in groups and (integration.name, bucket) not in reported:
                yield key, integration.name


def configured_reset(bucket: Bucket, drawing: Iterable[Integration]) -> ClockReset | None:
    """What `quota.resets` of an integration that draws on it says."""
    for integration in drawing:
        declared = integration.quota.resets.get(bucket.bucket)
        if declared is not None:
            return ClockReset(declared.at, declared.time_zone)
    return None


def preset_reset(bucket: Bucket) -> ClockReset | None:
    """What the vendor's documentation says."""
    rule = rule_of(bucket.vendor, bucket.bucket)
    return ClockReset(rule.at, rule.time_zone) if rule.time_zone is not None else None


def probe_budget(bucket: Bucket, drawing: Iterable[Integration]) -> str | None:
    """What the probes may use of it, as declared."""
    budgets = (integration.quota.probe_budget for integration in drawing)
    return next((one for one in budgets if one and parse_probe_budget(one)[1] == bucket.bucket), None)


def rule_of(vendor: str, bucket: str) -> BucketRule:
    """What the vendor's preset says of that bucket."""
    known = VENDORS.get(vendor)
    return next((rule for rule in (known.buckets if known else ()) if rule.bucket == bucket), _NO_RULE)


def _key(level: QuotaLevel, integration: Integration) -> Key:
    # Simulated history has one credential for everybody.
    credential = integration.name if level.simulated else level.credential
    return level.vendor, _account(integration, level.bucket, credential), level.bucket


def _account(integration: Integration, bucket: str, credential: str) -> str:
    """Whom the vendor counts: the credential, or everybody at that address."""
    if not rule_of(integration.vendor, bucket).of_account and integration.auth.kind != "none":
        return credential
    # An address that is a reference is the same text wherever it is the same address.
    found = _ORIGIN.match(integration.base_url)
    return (found[0] if found else integration.base_url).lower()


def _expected(integration: Integration, *, speaks: bool) -> Iterator[str]:
    vendor = VENDORS.get(integration.vendor)
    daily = [rule.bucket for rule in (vendor.buckets if vendor else ()) if rule.daily]
    yield from daily
    if not daily and not speaks:
        yield from [limit.bucket for limit in (vendor.limits if vendor else ())] or [""]
