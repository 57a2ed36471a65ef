"""Credentials and certificates: how old, until when, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.changes import changes_mark
from app.dashboard.elements import ago, integration_link, mark, panel, table
from app.dashboard.view import View
from metrics.lifetimes import HostCertificate, TrackedCredential
from metrics.model import State
from probes.auth.life import DEAD, WORDS, CredentialState, Standing

LOOKS: Final = {
    CredentialState.NOT_ENROLLED: State.DOWN,
    CredentialState.RE_CONSENT: State.DOWN,
    CredentialState.REFUSED: State.DOWN,
    CredentialState.UNREADABLE: State.DOWN,
    CredentialState.OVERDUE: State.DEGRADED,
    CredentialState.ENDS_SOON: State.DEGRADED,
    CredentialState.ROTATE_SOON: State.UNSTABLE,
    CredentialState.OK: State.UP,
}
"""Worst first."""
_WORST_FIRST: Final = tuple(LOOKS)
_DAYS: Final = timedelta(days=3)

Judged = tuple[TrackedCredential, Standing]


def credentials_panel(view: View) -> Component:
    """Every credential in use, the worst first; regions in which one stands the same share a row."""
    now = view.now()
    rows = [_row(group, now) for group in _grouped(judged(view))]
    head = ("state", "integration", "credential", "age", "until", "token until", "let in", "why", "what to do")
    none = "No prober has told of a credential yet. Integrations with auth none have none to tell of."
    note = f"{wording.plural(len(rows), 'credential')} · UTC · as the probers told last" if rows else ""
    return panel("Credentials", table(head, rows, empty=none), note=note)


def certificates_panel(view: View) -> Component:
    """The certificate of every host that a step reached by TLS, soonest end first."""
    now, shown = view.now(), view.hub.evaluation.certificates if view.hub.evaluation else ()
    groups: dict[tuple[str, str, datetime], list[HostCertificate]] = {}
    for one in shown:
        groups.setdefault((one.integration, one.host, one.expires_at), []).append(one)
    rows = [_certificate_row(group, now) for group in groups.values()]
    head = ("state", "integration", "host", "expires", "seen from", "last seen")
    none = "No step has reached a host by TLS yet."
    note = f"{wording.plural(len(rows), 'certificate')} · UTC · of several that a host shows, the first to end"
    return panel("Certificates", table(head, rows, empty=none), note=note if rows else "")


def judged(view: View) -> list[Judged]:
    """Every credential of a declared integration with how it stands now, the worst first."""
    now, told = view.now(), view.hub.evaluation.credentials if view.hub.evaluation else ()
    found = [(one, one.standing(now)) for one in told if view.config.integration(one.integration) is not None]
    return sorted(found, key=_rank)


def headline(view: View) -> list[Component]:
    """How many credentials, certificates and versions need something, and what."""
    standings = [standing for _, standing in judged(view)]
    certificates = view.hub.evaluation.certificates if view.hub.evaluation else ()
    late = sum(one.is_late(view.now()) for one in certificates)
    dead = sum(LOOKS[one.state] is State.DOWN for one in standings)
    due = sum(LOOKS[one.state] in (State.DEGRADED, State.UNSTABLE) for one in standings)
    found = ((State.DOWN, dead, "not working"), (State.DEGRADED, due, "due"), (State.DEGRADED, late, "to be renewed"))
    marks = [*(mark(state, f"{count} {words}") for state, count, words in found if count), *changes_mark(view)]
    return marks or ([mark(State.UP, "nothing is due")] if standings or certificates else [])


def _rank(one: Judged) -> tuple[int, float, str, str]:
    tracked, standing = one
    until = standing.at.timestamp() if standing.at is not None else float("inf")
    return _WORST_FIRST.index(standing.state), until, tracked.integration, tracked.region


def _grouped(found: Sequence[Judged]) -> list[list[Judged]]:
    groups: dict[tuple[Any, ...], list[Judged]] = {}
    for tracked, standing in found:
        life = tracked.life
        key = (life.integration, life.credential, standing.state, standing.reason, standing.at, life.enrolled_at)
        groups.setdefault(key, []).append((tracked, standing))
    return list(groups.values())


def _row(group: Sequence[Judged], now: datetime) -> tuple[Any, ...]:
    tracked, standing = group[0]
    life, regions = tracked.life, ", ".join(sorted(one.region for one, _ in group))
    let_in = max((one.life.last_ok_at for one, _ in group if one.life.last_ok_at is not None), default=None)
    since = standing.state in DEAD or standing.state is CredentialState.REFUSED
    return (
        mark(LOOKS[standing.state], WORDS[standing.state]),
        integration_link(life.integration),
        html.Span([html.Span(life.credential, className="mono wrap"), f" {_kind(tracked)}{regions}"]),
        _age(tracked, now),
        wording.NONE if since else _until(standing.at, now),
        _until(life.access_expires_at, now),
        ago(let_in),
        html.Span(_why(standing, told_since=since), className="wrap"),
        html.Span(_remedy(standing), className="wrap"),
    )


def _why(standing: Standing, *, told_since: bool) -> Any:
    if told_since and standing.at is not None:
        return [standing.reason, " · ", ago(standing.at)]
    return standing.reason or wording.NONE


def _kind(tracked: TrackedCredential) -> str:
    """Left out where the label says it already."""
    life = tracked.life
    return "" if life.credential.startswith(f"{life.kind}:") else f"{wording.spoken(life.kind)} · "


def _remedy(standing: Standing) -> Any:
    if standing.remedy.startswith("leadline "):
        return html.Code(standing.remedy)
    return standing.remedy or wording.NONE


def _age(tracked: TrackedCredential, now: datetime) -> str:
    life = tracked.life
    if life.enrolled_at is not None:
        return f"{_distance(now - life.enrolled_at)} since consent"
    if life.rotated_on is None:
        return wording.NONE
    return f"{_distance(now - datetime.combine(life.rotated_on, time(), UTC))} since rotation"


def _until(end: datetime | None, now: datetime) -> Any:
    if end is None:
        return wording.NONE
    distance = f"in {_distance(end - now)}" if end > now else f"{_distance(now - end)} ago"
    return html.Span(f"{end.astimezone(UTC):%Y-%m-%d} ({distance})", title=wording.moment(end))


def _distance(length: timedelta) -> str:
    """Nobody plans a rotation by the hour."""
    return f"{length.days} d" if length >= _DAYS else wording.lasting(length)


def _certificate_row(group: Sequence[HostCertificate], now: datetime) -> tuple[Any, ...]:
    one = group[0]
    if one.expires_at <= now:
        state = mark(State.DOWN, "expired")
    else:
        state = mark(State.DEGRADED, "renew") if one.is_late(now) else mark(State.UP, "ok")
    return (
        state,
        integration_link(one.integration),
        html.Span(one.host, className="mono wrap"),
        _until(one.expires_at, now),
        ", ".join(sorted(each.region for each in group)),
        ago(max(each.seen_at for each in group)),
    )
