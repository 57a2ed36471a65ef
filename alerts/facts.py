"""What belongs on an incident's timeline beside its transitions: pure functions from before and after to events.

The transitions themselves (opened, escalated, updated, resolved) are the engine's; what people do is `audit`'s; who was
told is in the ledger. The kinds are listed in docs/incidents.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Final

from alerts.model import Condition, Incident, IncidentEvent, IncidentState, Rule
from alerts.scene import NOT_CONFIRMED
from alerts.status_pages.standing import VendorStatus

FIRST_FAILURE: Final = "first_failure"
CONFIRMED: Final = "confirmed"
EVIDENCE: Final = "evidence"
RECOVERING: Final = "recovering"
RELAPSED: Final = "relapsed"
VENDOR_STATUS: Final = "vendor_status"
CONFIG_CHANGED: Final = "config_changed"

_OUTAGES: Final = frozenset({Rule.WORKFLOW_DOWN, Rule.REGION_DOWN})
_MOST_NAMED: Final = 5


def facts(before: Incident | None, after: Incident, at: datetime, status: VendorStatus | None) -> list[IncidentEvent]:
    """What is new in `after`. `before` is the incident as it was stored, None when it opens; `status` what the vendor
    says of itself, if it was asked."""
    known = {c.key: c for c in before.conditions} if before and before.state is not IncidentState.RESOLVED else {}
    events: list[IncidentEvent] = []
    if after.state is not IncidentState.RESOLVED:
        for place, condition in enumerate(after.conditions):
            told = {name for worse in after.conditions[:place] for name in worse.evidence_ids}
            events += _of_condition(known.get(condition.key), condition, after.incident_id, at)
            events += _evidence(known.get(condition.key), condition, after.incident_id, at, told)
        if not known and status is not None:
            began = min((c.since for c in after.conditions), default=at)
            events.append(IncidentEvent(after.incident_id, at, VENDOR_STATUS, said(status, at, began)))
    return events


def said(status: VendorStatus, at: datetime, began: datetime) -> str:
    """What the vendor says at that instant of what began at another one, as a sentence."""
    if status.read_at is None or not status.is_fresh(at):
        return f"the vendor's status page cannot be read: {status.problem or 'it was not asked lately'}"
    if status.admits:
        return f"the vendor's status page admits {status.words()}"
    verb, since = ("says", "") if status.read_at >= began else ("said", ", before it began")
    return f"the vendor's status page {verb} {status.words()}{since}"


def config_note(before: str, now: str, was: Mapping[str, str], is_: Mapping[str, str], subject: str) -> str:
    """What a new configuration changes, from the hashes of its parts; first of all whether it is about `subject`."""
    changed = sorted(name for name in {*was, *is_} if was.get(name) != is_.get(name))
    own = subject in changed
    named = [subject] * own + [name for name in changed if name != subject]
    more = len(named) - _MOST_NAMED
    listed = ", ".join(named[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    about = f"changed: {listed}" if named else "nothing that is judged by has changed"
    rest = f"; {subject} as before" if named and not own else ""
    return f"configuration {now} in use (was {before}); {about}{rest}"


def _of_condition(was: Condition | None, now: Condition, incident_id: str, at: datetime) -> Iterator[IncidentEvent]:
    outage = now.rule in _OUTAGES
    if was is None and outage:
        yield IncidentEvent(incident_id, now.since, FIRST_FAILURE, f"{_place(now)}: {now.summary}")
        yield IncidentEvent(incident_id, at, CONFIRMED, _confirmed(now))
    if was is not None and outage and now.note != was.note and NOT_CONFIRMED in (now.note, was.note):
        begins = now.note == NOT_CONFIRMED
        kind, words = (RECOVERING, "good runs again, not yet confirmed") if begins else (RELAPSED, "fails again")
        yield IncidentEvent(incident_id, at, kind, f"{_place(now)}: {words}")


def _evidence(
    was: Condition | None, now: Condition, incident_id: str, at: datetime, told: Collection[str]
) -> Iterator[IncidentEvent]:
    """What a failure left behind; `told` is what a worse condition names already."""
    outage = now.rule in _OUTAGES
    # Words of other rules hold figures, which are others at every evaluation: that is no news.
    if was is None or (outage and _what(was) != _what(now)):
        ids = [name for name in now.evidence_ids if name not in told]
        what = now.summary.split(": ")[0] if outage else now.title
        if ids:
            yield IncidentEvent(incident_id, at, EVIDENCE, f"{what}: {', '.join(ids[:_MOST_NAMED])}")


def _place(condition: Condition) -> str:
    named = f"{condition.seen_by}/{condition.workflow}" if condition.seen_by else condition.workflow
    regions = f" from {', '.join(condition.regions)}" if condition.regions else ""
    return f"{named or condition.subject.replace(':', ' ')}{regions}"


def _confirmed(condition: Condition) -> str:
    regions = f" in {condition.region_count} regions" if condition.region_count else ""
    return f"{_place(condition)}: failed often enough in a row to be believed{regions}"


def _what(condition: Condition) -> tuple[str | None, str]:
    """What fails, without the figures that differ from run to run."""
    return condition.step, condition.summary.split(": ")[0]
