"""What a vendor preset is, and the answer that it judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from probes.model import Failure


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer. `headers` has lower-case keys; `json` is the parsed body, or None where it is not JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    json: object | None
    observed_at: datetime


Rule: TypeAlias = Callable[[Answer], Failure | None]
"""Judges one aspect of an answer; None = nothing to say. Never raises, whatever the body holds."""


@dataclass(frozen=True, slots=True)
class KnownLimit:
    """A limit that the vendor documents for every customer; `note` says for whom, where it is not for all."""

    bucket: str
    limit: float
    unit: str = "requests"
    window_s: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class BucketRule:
    """What the vendor's documentation says of a bucket and its answers do not.

    `time_zone` (IANA): refilled every day at `at` (HH:MM) there; None: not at a time of day that is known. `daily`: at
    a time of day, even where its zone is the account's own and has to be declared (`quota.resets`). `of_account`:
    every credential at the same address draws on it.
    """

    bucket: str
    time_zone: str | None = None
    at: str = "00:00"
    daily: bool = False
    of_account: bool = False


@dataclass(frozen=True, slots=True)
class UsageEndpoint:
    """Where the vendor tells how much of a quota is used. `path` may hold `{version}`, as the workflows' paths have it.

    `free`: asking does not itself cost a call. `note` says for whom it works, where it does not for all.
    """

    path: str
    free: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Vendor:
    """What Leadline knows of one vendor.

    `quota` names parsers in `QUOTA_PARSERS`. `verdict` says what the vendor's answer means before the step's own
    `expect` is held against it; None = fine so far. `token_rejected` is true where the answer says that the access
    token is no longer good: the authenticator should drop it. `concurrent` is how many calls of one credential the
    vendor documents to take at a time. `buckets` says how some are refilled. `experimental`: parts of the preset could
    not be verified.
    """

    name: str
    verdict: Rule
    token_rejected: Callable[[Answer], bool]
    quota: tuple[str, ...] = ()
    request_id_headers: tuple[str, ...] = ()
    concurrent: int | None = None
    limits: tuple[KnownLimit, ...] = ()
    buckets: tuple[BucketRule, ...] = ()
    usage: UsageEndpoint | None = None
    experimental: str = ""

    def request_ids(self, answer: Answer) -> dict[str, str]:
        """The vendor's own ids of this exchange, to name when asking the vendor."""
        return {name: answer.headers[name] for name in self.request_id_headers if name in answer.headers}
