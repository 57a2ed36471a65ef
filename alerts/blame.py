"""Whose fault it looks like, from the kind of failure, the other regions and the other integrations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from alerts.model import Blame
from alerts.scene import NETWORK_KINDS
from metrics.model import RegionVerdict
from probes.model import FailureKind

_BY_KIND: Final[dict[FailureKind, tuple[Blame, str]]] = {
    FailureKind.AUTH: (Blame.CREDENTIAL, "the vendor refuses our credential"),
    FailureKind.THROTTLED: (Blame.QUOTA, "the vendor limits us: our quota is used up"),
    FailureKind.SCHEMA: (Blame.VENDOR_CHANGE, "the answer no longer has the agreed shape"),
    FailureKind.ASSERTION: (Blame.VENDOR_CHANGE, "the vendor answers, but not what was agreed"),
    FailureKind.CAPTURE: (Blame.VENDOR_CHANGE, "the answer lacks a value that later steps need"),
    FailureKind.STATUS_4XX: (Blame.OURS, "the vendor finds fault with our request"),
    FailureKind.STATUS_5XX: (Blame.VENDOR, "the vendor's servers report an error of their own"),
    FailureKind.VENDOR_ERROR: (Blame.VENDOR, "the vendor reports a failure inside a success answer"),
    FailureKind.BODY: (Blame.VENDOR, "the vendor's answer is unreadable or cut short"),
    FailureKind.PROTOCOL: (Blame.VENDOR, "the vendor's answer is not valid HTTP"),
    FailureKind.TLS: (Blame.VENDOR, "the vendor's TLS is refused (certificate or handshake)"),
    FailureKind.DNS: (Blame.VENDOR, "the vendor's name does not resolve"),
    FailureKind.CONNECT: (Blame.VENDOR, "the vendor's address does not accept connections"),
    FailureKind.PROXY: (Blame.OURS, "our own proxy cannot be reached, or refuses"),
    FailureKind.TIMEOUT: (Blame.VENDOR, "the vendor does not answer in time"),
    FailureKind.DEADLINE: (Blame.VENDOR, "the vendor is too slow for the workflow's time limit"),
    FailureKind.INTERNAL: (Blame.PROBER, "the prober itself failed"),
    FailureKind.DEPENDENCY: (Blame.UNKNOWN, "an earlier step failed"),
}


def blame(
    failing: Sequence[RegionVerdict], fine: Sequence[RegionVerdict], *, others_answer: bool = False
) -> tuple[Blame, str]:
    """Whose fault, and a sentence that says why. `fine` are the regions where the same workflow works;
    `others_answer`: other integrations answer from the failing regions."""
    kinds = Counter(r.kind for r in failing if r.kind is not None)
    if not kinds:
        return Blame.UNKNOWN, "the failure was not classified"
    kind = min(kinds, key=lambda k: (-kinds[k], k))
    where = ", ".join(sorted(r.region for r in failing))
    if kind in NETWORK_KINDS and fine:
        works = ", ".join(sorted(r.region for r in fine))
        return Blame.NETWORK, f"{kind} fails from {where} only; it works from {works}"
    whose, why = _BY_KIND[kind]
    return whose, why + _support(kind, whose, failing, others_answer)


def _support(kind: FailureKind, whose: Blame, failing: Sequence[RegionVerdict], others_answer: bool) -> str:
    if whose is not Blame.VENDOR:
        return ""
    if kind in NETWORK_KINDS and others_answer:
        return ", while other integrations answer from there"
    return f", seen from {', '.join(sorted(r.region for r in failing))}"
