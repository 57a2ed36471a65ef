"""Something of a vendor's API that we use ends, is deprecated, or is answered by another version: announced trouble.

Told up to 90 days ahead, again in the last week, and again when the day has passed. Never a page: it has been known
for weeks, and if it breaks something, that pages by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from alerts.model import Blame, Condition, Rule, Tier, changes_subject
from alerts.scene import RuleKind, Scene
from config.lifecycle import LifecycleDate, accepted
from config.model import Integration
from metrics.changing import VendorSignal
from probes.model import ChangeKind

AHEAD: Final = timedelta(days=90)
LAST_WEEK: Final = timedelta(days=7)
QUIET: Final = {
    ChangeKind.DEPRECATION: timedelta(hours=6),
    ChangeKind.SUNSET: timedelta(hours=6),
    # Every answer names its version, so an hour without is enough.
    ChangeKind.FALL_FORWARD: timedelta(hours=1),
}
"""A signal is over when its step has been asked for so long without it."""
MOST_STEPS: Final = 3
_DAY: Final = timedelta(days=1)


def _holds(scene: Scene) -> Iterator[Condition]:
    for integration in scene.config.integrations:
        for declared in integration.lifecycle:
            if scene.at >= _end_of(declared.ends) - declared.warn:
                yield _declared(scene, integration, declared)
        found = [one for one in scene.evaluation.signals if one.api == integration.name]
        current = [one for one in found if _is_current(scene, one) and not _is_accepted(integration, one, scene.at)]
        yield from _announced(scene, integration, current)


def _announced(scene: Scene, integration: Integration, signals: list[VendorSignal]) -> Iterator[Condition]:
    ends = [one for one in signals if one.kind is ChangeKind.SUNSET]
    dated = {(one.workflow, one.step) for one in ends}
    # Where the end is known, that date is the one that counts.
    deprecated = [s for s in signals if s.kind is ChangeKind.DEPRECATION and (s.workflow, s.step) not in dated]
    other = [one for one in signals if one.kind is ChangeKind.FALL_FORWARD]
    for kind, group in ((ChangeKind.SUNSET, ends), (ChangeKind.DEPRECATION, deprecated)):
        near = [one for one in group if one.at is None or one.at - scene.at <= AHEAD]
        if near:
            yield _condition(scene, integration, kind, near)
    if other:
        yield _condition(scene, integration, ChangeKind.FALL_FORWARD, other)


def _condition(scene: Scene, integration: Integration, kind: ChangeKind, signals: list[VendorSignal]) -> Condition:
    first = min(signals, key=lambda one: (one.at or one.first_seen, one.workflow, one.step))
    title = {
        ChangeKind.SUNSET: "API END ANNOUNCED",
        ChangeKind.DEPRECATION: "API DEPRECATED",
        ChangeKind.FALL_FORWARD: "answers with ANOTHER API VERSION",
    }[kind]
    phase = phase_of(first.at, scene.at) if kind is ChangeKind.SUNSET else "noted"
    words = {
        ChangeKind.SUNSET: f"ends {_on(first.at, scene.at)}",
        ChangeKind.DEPRECATION: f"deprecated {_on(first.at, scene.at)}",
        ChangeKind.FALL_FORWARD: first.what,
    }[kind]
    more = first.what if kind is not ChangeKind.FALL_FORWARD else ""
    said = f"the {first.source} header of {_steps(signals)}"
    return Condition(
        key=f"{integration.name}/{Rule.API_LIFECYCLE}/{kind}:{phase}",
        rule=Rule.API_LIFECYCLE,
        tier=Tier.DEGRADED,
        subject=changes_subject(integration.name),
        since=min(one.first_seen for one in signals),
        summary="; ".join(part for part in (words + _warning(phase), more, said, first.link or "") if part),
        blame=Blame.VENDOR_CHANGE,
        blame_reason="the vendor says so in its answers",
        workflow=first.workflow,
        step=first.step,
        run_ids=(first.run_id,),
        title=f"{integration.label} {title}",
    )


def _declared(scene: Scene, integration: Integration, declared: LifecycleDate) -> Condition:
    end = _end_of(declared.ends)
    phase = phase_of(end, scene.at)
    instead = f"use {declared.replace_with} instead" if declared.replace_with else ""
    words = f"{declared.what} ends {when(declared.ends, scene.at)}{_warning(phase)}"
    return Condition(
        key=f"{integration.name}/{Rule.API_LIFECYCLE}/declared:{declared.what}:{phase}",
        rule=Rule.API_LIFECYCLE,
        tier=Tier.DEGRADED,
        subject=changes_subject(integration.name),
        since=scene.at,
        summary="; ".join(part for part in (words, instead, declared.link or "") if part),
        blame=Blame.VENDOR_CHANGE,
        blame_reason="declared in the configuration",
        title=f"{integration.label} API END ANNOUNCED",
    )


def _lingers(_condition: Condition, _scene: Scene) -> None:
    """The store remembers what was said, so that what is not found is over, accepted or in another phase."""
    return


def _is_current(scene: Scene, signal: VendorSignal) -> bool:
    """Whether the vendor still says so, as far as it was asked. A workflow that is no longer declared is not asked."""
    owner = scene.config.integration(signal.integration)
    workflow = next((one for one in owner.workflows if one.name == signal.workflow), None) if owner else None
    if workflow is None:
        return False
    verdict = scene.verdict(signal.integration, signal.workflow)
    latest = max((region.last_run_at for region in verdict.regions), default=None) if verdict else None
    return latest is None or latest - signal.last_seen < max(QUIET[signal.kind], 3 * workflow.every)


def _is_accepted(integration: Integration, signal: VendorSignal, at: datetime) -> bool:
    known = integration.accepted_changes
    return accepted(known, signal.kind.value, at.astimezone(UTC).date(), step=signal.step) is not None


def phase_of(end: datetime | None, at: datetime) -> str:
    """`ahead`, `last-week` or `over`: people are told anew with each."""
    if end is None or end - at > LAST_WEEK:
        return "ahead"
    return "last-week" if end > at else "over"


def when(day: date, at: datetime) -> str:
    """`2026-12-01, in 8 d`, `2026-11-01, 22 d ago`, `2026-11-22, today`."""
    days = (day - at.astimezone(UTC).date()).days
    distance = "today" if days == 0 else f"in {days} d" if days > 0 else f"{-days} d ago"
    return f"{day.isoformat()}, {distance}"


def _on(day: datetime | None, at: datetime) -> str:
    return when(day.astimezone(UTC).date(), at) if day is not None else "without a date"


def _warning(phase: str) -> str:
    return ": IT MAY STOP WORKING AT ANY MOMENT" if phase == "over" else ""


def _end_of(day: date) -> datetime:
    """The instant after the last one of that day."""
    return datetime.combine(day, time.min, UTC) + _DAY


def _steps(signals: Iterable[VendorSignal]) -> str:
    named = sorted({f"{one.workflow}/{one.step}" for one in signals})
    more = f" and {len(named) - MOST_STEPS} more" if len(named) > MOST_STEPS else ""
    return ", ".join(named[:MOST_STEPS]) + more


RULE = RuleKind(_holds, _lingers)
