"""GitHub: a 403 with nothing remaining, or with Retry-After (the secondary limit), is quota and not permission."""

from __future__ import annotations

from typing import Final

from probes.model import Failure
from probes.vendors.model import Answer, Vendor
from probes.vendors.rules import number, retry_after, throttled, token_refused, verdict


def judge(answer: Answer) -> Failure | None:
    """Primary limit: wait until the reset. Secondary limit: wait as told."""
    if answer.status not in {403, 429}:
        return None
    if answer.headers.get("x-ratelimit-remaining", "").strip() == "0":
        resource = answer.headers.get("x-ratelimit-resource", "core").strip()[:40]
        reset = number(answer.headers.get("x-ratelimit-reset"))
        wait = None if reset is None else reset - answer.observed_at.timestamp()
        return throttled(answer, f"the hourly quota of {resource} is used up", retry_after_s=wait)
    if answer.status == 429 or retry_after(answer) is not None:
        return throttled(answer, "secondary rate limit")
    return None


VENDOR: Final = Vendor(
    name="github",
    verdict=verdict(judge),
    token_rejected=token_refused,
    quota=("github",),
    request_id_headers=("x-github-request-id",),
)
