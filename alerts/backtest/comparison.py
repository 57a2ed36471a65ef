"""What two rehearsals of the same history differ in. Pure.

An alert of one is that of the other when it is the same condition, or at least the same rule about the same subject
(an objective whose target changed), and they overlap in time; one to one, in order of time. A page is that of the other
when it is about the same subject, and falls into an incident that overlaps. What does not overlap is not alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.backtest.lives import Alert, Life, Page
from alerts.backtest.rehearsal import Rehearsal
from alerts.messages import duration
from alerts.model import integration_of
from metrics.model import Window


@dataclass(frozen=True, slots=True)
class Changed:
    """An alert that both have, and what differs, in words; no words when nothing does."""

    before: Alert
    after: Alert
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """How many alerts and pages there are of one kind."""

    name: str
    before: int
    after: int
    added: int
    gone: int
    changed: int
    pages_before: int
    pages_after: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Before: as the hub is configured now. After: with the change."""

    before: Rehearsal
    after: Rehearsal
    added: tuple[Alert, ...]
    gone: tuple[Alert, ...]
    both: tuple[Changed, ...]
    pages_added: tuple[Page, ...]
    pages_gone: tuple[Page, ...]
    by_rule: tuple[Row, ...]
    by_integration: tuple[Row, ...]

    @property
    def window(self) -> Window:
        """The time that was looked at."""
        return self.after.window

    @property
    def changed(self) -> tuple[Changed, ...]:
        """Those of both in which something differs."""
        return tuple(one for one in self.both if one.words)


def compare(before: Rehearsal, after: Rehearsal) -> Comparison:
    """What the change would have made of that time."""
    pairs, gone, added = _matched(before.alerts, after.alerts)
    both = tuple(Changed(a, b, tuple(_differences(a, b))) for a, b in pairs)
    pages_gone, pages_added = _unmatched_pages(before, after)
    changed = [one.after for one in both if one.words]
    names: tuple[Callable[[Alert | Page], str], ...] = (
        lambda one: str(one.rule),
        lambda one: integration_of(one.subject),
    )
    by_rule, by_integration = (_rows(before, after, (added, gone, changed), name) for name in names)
    return Comparison(
        before, after, tuple(added), tuple(gone), both, tuple(pages_added), tuple(pages_gone), by_rule, by_integration
    )


def _matched(
    before: Sequence[Alert], after: Sequence[Alert]
) -> tuple[list[tuple[Alert, Alert]], list[Alert], list[Alert]]:
    """First by the very condition, then by rule and subject."""
    pairs: list[tuple[Alert, Alert]] = []
    rest, new = list(before), list(after)
    keys: tuple[Callable[[Alert], Hashable], ...] = (
        lambda alert: (alert.subject, alert.key),
        lambda alert: (alert.subject, alert.rule),
    )
    for key in keys:
        found, rest, new = _overlapping(rest, new, key)
        pairs += found
    return sorted(pairs, key=lambda pair: (pair[1].start, pair[1].subject, pair[1].key)), rest, new


def _overlapping(
    before: Iterable[Alert], after: Iterable[Alert], key: Callable[[Alert], Hashable]
) -> tuple[list[tuple[Alert, Alert]], list[Alert], list[Alert]]:
    waiting: dict[Hashable, list[Alert]] = defaultdict(list)
    for one in before:
        waiting[key(one)].append(one)
    pairs, new = [], []
    for one in after:
        known = next((a for a in waiting[key(one)] if _overlap(a.start, a.end, one.start, one.end)), None)
        if known is None:
            new.append(one)
        else:
            waiting[key(one)].remove(known)
            pairs.append((known, one))
    rest = sorted((a for some in waiting.values() for a in some), key=lambda a: (a.start, a.subject, a.key))
    return pairs, rest, new


def _overlap(start: datetime, end: datetime | None, other: datetime, other_end: datetime | None) -> bool:
    return (other_end is None or start <= other_end) and (end is None or other <= end)


def _unmatched_pages(before: Rehearsal, after: Rehearsal) -> tuple[list[Page], list[Page]]:
    lives = {one.incident_id: one for one in before.lives}
    own = {one.incident_id: one for one in after.lives}
    rest, new = list(before.pages), []
    for page in after.pages:
        known = next((p for p in rest if _is_same(lives.get(p.incident_id), own.get(page.incident_id))), None)
        if known is None:
            new.append(page)
        else:
            rest.remove(known)
    return rest, new


def _is_same(one: Life | None, other: Life | None) -> bool:
    if one is None or other is None or one.subject != other.subject:
        return False
    return _overlap(one.start, one.end, other.start, other.end)


def _differences(before: Alert, after: Alert) -> Iterable[str]:
    if before.tier is not after.tier:
        louder = after.tier.rank > before.tier.rank
        yield f"{'louder' if louder else 'quieter'}: {after.tier} instead of {before.tier}"
    if before.start != after.start:
        yield f"opens {_shift(before.start, after.start)}"
    if before.end != after.end:
        if after.end is None or before.end is None:
            yield "is not over at the end" if after.end is None else "is over before the end"
        else:
            yield f"ends {_shift(before.end, after.end)}"
    if before.key != after.key:
        yield f"was {before.key.split('/', 2)[-1]}"


def _shift(before: datetime, after: datetime) -> str:
    return f"{duration(abs(after - before))} {'earlier' if after < before else 'later'}"


def _rows(
    before: Rehearsal, after: Rehearsal, moved: Sequence[Sequence[Alert]], name: Callable[[Alert | Page], str]
) -> tuple[Row, ...]:
    some: Sequence[Sequence[Alert | Page]] = (before.alerts, after.alerts, *moved, before.pages, after.pages)
    counts = [Counter(map(name, ones)) for ones in some]
    names = sorted(set().union(*counts))
    return tuple(Row(one, *(counter[one] for counter in counts)) for one in names)
