"""A comparison as a JSON document, as Markdown for a pull request, and as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from alerts.backtest.comparison import Changed, Comparison, Row
from alerts.backtest.lives import Alert, Page
from alerts.messages import duration, instant, one_line, shortened
from alerts.reports.markdown import text

_MOST: Final = 50
"""Lines of one table: a comment of a pull request holds 65,536 characters."""
_AT_A_GLANCE: Final = 10
_LONGEST: Final = 160


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a back-test found."""

    comparison: Comparison
    notes: tuple[str, ...]
    allowed: int
    """So many more pages are accepted."""
    versions: tuple[str, str]
    """Of both configurations."""

    @property
    def refused(self) -> bool:
        """Whether more pages are added than allowed."""
        return len(self.comparison.pages_added) > self.allowed


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Instants in ISO 8601, UTC; `end` null where it goes on."""
    found = outcome.comparison
    return {
        "since": found.window.start.isoformat(),
        "until": found.window.end.isoformat(),
        "versions": dict(zip(("now", "changed"), outcome.versions, strict=True)),
        "max_new_pages": outcome.allowed,
        "refused": outcome.refused,
        "pages": {
            "now": len(found.before.pages),
            "changed": len(found.after.pages),
            "added": [_page(one) for one in found.pages_added],
            "gone": [_page(one) for one in found.pages_gone],
        },
        "alerts": {
            "now": len(found.before.alerts),
            "changed": len(found.after.alerts),
            "added": [_alert(one) for one in found.added],
            "gone": [_alert(one) for one in found.gone],
            "different": [
                {"now": _alert(one.before), "changed": _alert(one.after), "differences": list(one.words)}
                for one in found.changed
            ],
            "same": len(found.both) - len(found.changed),
        },
        "by_rule": [_row(one) for one in found.by_rule],
        "by_integration": [_row(one) for one in found.by_integration],
        "not_judged": list(outcome.notes),
    }


def _alert(one: Alert) -> dict[str, Any]:
    return {
        "rule": str(one.rule),
        "subject": one.subject,
        "tier": str(one.tier),
        "start": one.start.isoformat(),
        "end": one.end.isoformat() if one.end else None,
        "title": one.title,
        "reason": one.reason,
        "key": one.key,
        "incident": one.incident_id,
    }


def _page(one: Page) -> dict[str, Any]:
    return {
        "at": one.at.isoformat(),
        "rule": str(one.rule),
        "subject": one.subject,
        "title": one.title,
        "reason": one.reason,
        "channels": list(one.channels),
    }


def _row(one: Row) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Row.__slots__}


def headline(outcome: Outcome) -> str:
    """`2 pages added, 1 gone; alerts: 4 added, 3 gone, 2 different, 61 the same`."""
    found = outcome.comparison
    pages = f"{_count(len(found.pages_added), 'page')} added, {len(found.pages_gone)} gone"
    if not found.pages_added and not found.pages_gone:
        pages = "the same pages"
    same = len(found.both) - len(found.changed)
    return (
        f"{pages}; alerts: {len(found.added)} added, {len(found.gone)} gone, {len(found.changed)} different, "
        f"{same} the same"
    )


def as_markdown(outcome: Outcome) -> str:
    """A comment for a pull request: what matters first, long lists folded. Vendors' words are escaped."""
    return "\n".join(_markdown(outcome)) + "\n"


def _markdown(outcome: Outcome) -> Iterator[str]:
    found = outcome.comparison
    yield f"### Leadline back-test: {text(headline(outcome))}"
    yield ""
    span = f"{instant(found.window.start)} to {instant(found.window.end)}"
    yield f"What this change would have made of the time from {span}, against what the hub runs now."
    yield ""
    if outcome.refused:
        added = _count(len(found.pages_added), "page")
        yield f"**Refused: {added} added, {outcome.allowed} allowed** (`--max-new-pages`)."
        yield ""
    yield from _pages("Pages added", found.pages_added)
    yield from _pages("Pages gone", found.pages_gone)
    yield from _folded("Alerts added", _ALERT, [_cells(one) for one in found.added])
    yield from _folded("Alerts gone", _ALERT, [_cells(one) for one in found.gone])
    yield from _folded(
        "Alerts that differ", (*_ALERT[:3], "what", "difference"), [_differs(one) for one in found.changed]
    )
    yield from _table(_ROW_NAMES, [_numbers(one) for one in found.by_rule], "rule")
    yield from _folded("By integration", ("integration", *_ROW_NAMES), [_numbers(one) for one in found.by_integration])
    yield from _notes(outcome.notes)


_ALERT: Final = ("from", "for", "tier", "what", "why")
_ROW_NAMES: Final = ("pages now", "pages changed", "alerts now", "alerts changed", "added", "gone", "different")


def _pages(title: str, pages: Sequence[Page]) -> Iterator[str]:
    rows = [[_at(one), one.title, one.reason, ", ".join(one.channels) or "no route"] for one in pages]
    names = ("at", "what", "why", "wakes")
    if len(rows) > _AT_A_GLANCE:
        yield from _folded(title, names, rows)
    elif rows:
        yield f"**{title} ({len(pages)})**"
        yield ""
        yield from _lines(names, rows)
        yield ""


def _folded(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        return
    yield f"<details><summary>{title} ({len(rows)})</summary>"
    yield ""
    yield from _lines(names, rows)
    yield ""
    yield "</details>"
    yield ""


def _table(names: Sequence[str], rows: Sequence[Sequence[str]], first: str) -> Iterator[str]:
    if rows:
        yield from _lines((first, *names), rows)
        yield ""


def _lines(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(names) + " |"
    yield "|" + "---|" * len(names)
    for row in rows[:_MOST]:
        yield "| " + " | ".join(text(shortened(one_line(cell), _LONGEST)) for cell in row) + " |"
    if len(rows) > _MOST:
        yield ""
        yield f"and {len(rows) - _MOST} more: `--format json` has all of them"


def _notes(notes: Iterable[str]) -> Iterator[str]:
    yield "<details><summary>What this does not say</summary>"
    yield ""
    for note in notes:
        yield f"- {text(note)}"
    yield ""
    yield "</details>"


def _cells(one: Alert) -> list[str]:
    return [_at(one), _length(one), str(one.tier), one.title, one.reason]


def _differs(one: Changed) -> list[str]:
    return [*_cells(one.after)[:4], "; ".join(one.words)]


def _numbers(one: Row) -> list[str]:
    figures = (one.pages_before, one.pages_after, one.before, one.after, one.added, one.gone, one.changed)
    return [one.name, *map(str, figures)]


def _at(one: Alert | Page) -> str:
    return instant(one.start if isinstance(one, Alert) else one.at)


def _length(one: Alert) -> str:
    return duration(one.end - one.start) if one.end else "goes on"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def as_text(outcome: Outcome) -> str:
    """For a terminal: a line each, first what is added."""
    return "\n".join(_text(outcome)) + "\n"


def _text(outcome: Outcome) -> Iterator[str]:
    found = outcome.comparison
    yield f"{instant(found.window.start)} to {instant(found.window.end)}: {headline(outcome)}"
    signs: tuple[tuple[str, Sequence[Alert]], ...] = (("+", found.added), ("-", found.gone))
    for sign, pages in (("+", found.pages_added), ("-", found.pages_gone)):
        yield from (f"{sign} PAGE  {_at(one)}  {_plain(one.title, one.reason)}" for one in pages)
    for sign, alerts in signs:
        yield from (
            f"{sign} {one.tier:8} {_at(one)}  {_length(one):>9}  {_plain(one.title, one.reason)}" for one in alerts
        )
    for one in found.changed:
        words = "; ".join(one.words)
        yield f"~ {one.after.tier:8} {_at(one.after)}  {_length(one.after):>9}  {one.after.title}: {words}"
    width = max((len(row.name) for row in found.by_rule), default=0)
    for row in found.by_rule:
        yield (
            f"  {row.name:{width}}  pages {row.pages_before} → {row.pages_after}, alerts {row.before} → {row.after}"
            f" (+{row.added} −{row.gone} ~{row.changed})"
        )
    yield from (f"note: {note}" for note in outcome.notes)


def _plain(title: str, reason: str) -> str:
    return shortened(one_line(f"{title}: {reason}"), _LONGEST)
