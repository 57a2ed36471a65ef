"""What the vendors share: how a verdict is put together, and what an HTTP status means on its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from probes.model import Failure, FailureKind
from probes.vendors.model import Answer, Rule
from probes.vendors.retry_after import LONGEST_S, parse_retry_after

LARGEST: Final = 1e15
"""What is above is no count but nonsense."""
_NUMBER: Final = re.compile(r"\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_NEVER_BETTER: Final = frozenset({501, 505})


def verdict(*rules: Rule) -> Rule:
    """The vendor's own rules first, the status last: a body that says "throttled" beats its HTTP status."""

    def judge(answer: Answer) -> Failure | None:
        for rule in rules:
            failure = rule(answer)
            if failure is not None:
                return failure
        return by_status(answer)

    return judge


def by_status(answer: Answer) -> Failure | None:
    """429 and quota's 403 are throttling, 401 is the credential's, the rest of 4xx and 5xx as they are.

    A 503 with Retry-After stays a 5xx: a vendor that is down for everybody is not limiting us.
    """
    status = answer.status
    if status == 429:
        return throttled(answer, "429 Too Many Requests")
    if status == 403 and _says_limit(answer):
        return throttled(answer, "403 with its quota used up")
    if status == 401:
        return Failure(FailureKind.AUTH, "401 Unauthorized: the credential was rejected")
    if status >= 500:
        message = f"HTTP {status}"
        return Failure(FailureKind.STATUS_5XX, message, status not in _NEVER_BETTER, retry_after(answer))
    if status >= 400:
        return Failure(FailureKind.STATUS_4XX, f"HTTP {status}")
    return None


def _says_limit(answer: Answer) -> bool:
    remaining = (answer.headers.get(name, "").strip() for name in ("x-ratelimit-remaining", "ratelimit-remaining"))
    return "0" in remaining or retry_after(answer) is not None


def throttled(answer: Answer, message: str, *, retryable: bool = True, retry_after_s: float | None = None) -> Failure:
    """The vendor limits us. Retry-After wins over what the vendor says elsewhere."""
    header = retry_after(answer)
    wait = header if header is not None else retry_after_s
    capped = None if wait is None else min(max(wait, 0.0), LONGEST_S)
    return Failure(FailureKind.THROTTLED, f"throttled: {message}", retryable, capped)


def vendor_error(message: str, *, retryable: bool = False) -> Failure:
    """A failure that the vendor reports inside a 2xx answer."""
    return Failure(FailureKind.VENDOR_ERROR, message, retryable)


def succeeded(answer: Answer) -> bool:
    """Whether the HTTP status claims success, so that only the body can say otherwise."""
    return 200 <= answer.status < 300


def retry_after(answer: Answer) -> float | None:
    """Seconds of the answer's Retry-After, or None."""
    return parse_retry_after(answer.headers.get("retry-after", ""), answer.observed_at)


def token_refused(answer: Answer) -> bool:
    """What a dead access token looks like at most vendors."""
    return answer.status == 401


def mapping(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one: bodies are not to be trusted."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> Iterator[dict[str, Any]]:
    """The objects in a JSON list; nothing for anything else."""
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def number(value: object) -> float | None:
    """A JSON number from 0 to 10¹⁵, also where it came as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if not isinstance(value, str):
        return float(value) if 0 <= value <= LARGEST else None
    found = _NUMBER.fullmatch(value.strip())
    return None if found is None else float(found[0])


def code(value: object) -> int | None:
    """An error code as a number, also where it came as text."""
    found = number(value)
    return None if found is None else int(found)


def words(value: object) -> str:
    """A vendor's own words on one line, at most 200 characters; empty for anything but text and numbers."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", str(value)[:400])[:200].strip()
