"""Whose fault it looks like: from the kind of failure, the other regions, the other integrations, and the vendor's own
status page. A verdict always comes with its reason in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from alerts.model import Blame
from alerts.scene import NETWORK_KINDS, Scene
from alerts.status_pages.standing import VendorStatus
from config.model import Integration
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
_OUR_MACHINES: Final = frozenset({FailureKind.PROXY, FailureKind.INTERNAL})
"""What no vendor can have done, whatever it admits."""


_NO_VENDOR: Final = "generic"
"""Two integrations of it need not be of one vendor."""


@dataclass(frozen=True, slots=True)
class Witnesses:
    """What else there is to go by. `status` is the vendor's own word, where it is recent enough to be evidence."""

    others_answer: bool = False
    """Other integrations answer from the failing regions."""
    siblings: tuple[str, ...] = ()
    """Other integrations of the same vendor that answer from the failing regions."""
    status: VendorStatus | None = None


def blame(
    failing: Sequence[RegionVerdict],
    fine: Sequence[RegionVerdict],
    seen: Witnesses = Witnesses(),
) -> tuple[Blame, str]:
    """Whose fault, and a sentence that says why. `fine` are the regions where the same workflow works."""
    kinds = Counter(r.kind for r in failing if r.kind is not None)
    if not kinds:
        return _with_status(Blame.UNKNOWN, "the failure was not classified", seen.status, None)
    kind = min(kinds, key=lambda k: (-kinds[k], k))
    if kind in NETWORK_KINDS and fine:
        whose, why = Blame.NETWORK, f"{kind} fails from {_regions(failing)} only; it works from {_regions(fine)}"
    else:
        whose, why = _BY_KIND[kind]
        why += _support(kind, whose, failing, fine, seen)
    return _with_status(whose, why, seen.status, kind)


def usual_blame(kind: FailureKind) -> Blame:
    """Whose fault a failure of that kind is where nothing else is known of it."""
    return _BY_KIND[kind][0]


def witnesses(scene: Scene, own: Integration, failing: Sequence[RegionVerdict]) -> Witnesses:
    """What else speaks for or against the vendor of an integration that fails from these regions."""
    there = (scene.answering(region) for region in {r.region for r in failing})
    answering = frozenset[str]().union(*there) - {own.name}
    kin = answering if own.vendor != _NO_VENDOR else ()
    named = ((name, scene.config.integration(name)) for name in kin)
    siblings = sorted(name for name, one in named if one is not None and one.vendor == own.vendor)
    return Witnesses(bool(answering), tuple(siblings), _word(scene, own.name, failing))


def _word(scene: Scene, name: str, failing: Sequence[RegionVerdict]) -> VendorStatus | None:
    """What the vendor says of itself. That all was well before it began to fail says nothing of this."""
    status = scene.vendor_status(name)
    if status is None or status.admits or status.read_at is None:
        return status
    began = min((r.failing_since or r.last_run_at for r in failing), default=scene.at)
    return status if status.read_at >= began else None


def _support(
    kind: FailureKind, whose: Blame, failing: Sequence[RegionVerdict], fine: Sequence[RegionVerdict], seen: Witnesses
) -> str:
    if whose is Blame.CREDENTIAL and seen.siblings:
        return f", and takes that of {', '.join(seen.siblings[:3])}"
    if whose is not Blame.VENDOR:
        return ""
    if kind in NETWORK_KINDS and seen.others_answer:
        return ", while other integrations answer from there"
    works = f"; it works from {_regions(fine)}" if fine else ""
    return f", seen from {_regions(failing)}{works}"


def _with_status(whose: Blame, why: str, status: VendorStatus | None, kind: FailureKind | None) -> tuple[Blame, str]:
    """An outage that the vendor admits is the vendor's. What it admits about anything on its page clears nobody else
    of what points at them; what it admits about the very components that are used does."""
    if status is None:
        return whose, why
    if not status.admits:
        return whose, f"{why}; the vendor's status page says {status.words()}" if _is_said(whose, status) else why
    admitted = f"the vendor's status page admits {status.words()}"
    believed = whose in (Blame.VENDOR, Blame.UNKNOWN) or status.is_exact
    if kind in _OUR_MACHINES or not believed:
        return whose, f"{why}; still, {admitted}"
    return Blame.VENDOR, f"{admitted}; {why}"


def _is_said(whose: Blame, status: VendorStatus) -> bool:
    """That all is well is only worth a word against the vendor; that nothing could be read never is."""
    return whose in (Blame.VENDOR, Blame.VENDOR_CHANGE, Blame.UNKNOWN) and status.indicator.rank >= 0


def _regions(verdicts: Sequence[RegionVerdict]) -> str:
    return ", ".join(sorted({r.region for r in verdicts}))
