"""Credentials and certificates: how old, until when, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.changes import changes_mark
from app.dashboard.elements import ago, aria, integration_link, mark, panel, table
from app.dashboard.narrowing import Narrowed
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
NEEDS: Final = {
    "repair": (State.DOWN, "not working", {State.DOWN}),
    "renewal": (State.DEGRADED, "due", {State.DEGRADED, State.UNSTABLE}),
    "nothing": (State.UP, "ok", {State.UP}),
}
"""What an address calls a choice → how it is marked, and which looks it stands for."""
_WORST_FIRST: Final = tuple(LOOKS)
_DAYS: Final = timedelta(days=3)

Judged = tuple[TrackedCredential, Standing]


def credentials_panel(view: View, narrowed: Narrowed) -> Component:
    """Every credential in use that the address asks for, the worst first; regions in which one stands the same share a
    row."""
    now = view.now()
    everything = _grouped(judged(view))
    groups = [group for group in everything if _is_meant(group, narrowed)]
    rows = [_row(group, now) for group in narrowed.cut("page", groups)]
    head = ("state", "integration", "credential", "age", "until", "token until", "let in", "why", "what to do")
    none = "No prober has told of a credential yet. Integrations with auth none have none to tell of."
    note = f"{_of(groups, everything, 'credential')} · UTC · as the probers told last" if everything else ""
    shown = table(head, rows, empty="None of this kind." if everything else none)
    return panel("Credentials", shown, narrowed.turning("page", len(groups)), note=note)


def certificates_panel(view: View, narrowed: Narrowed) -> Component:
    """The certificate of every host that a step reached by TLS, as far as it is asked for, soonest end first."""
    now, shown = view.now(), view.hub.evaluation.certificates if view.hub.evaluation else ()
    groups: dict[tuple[str, str, datetime], list[HostCertificate]] = {}
    for one in shown:
        groups.setdefault((one.integration, one.host, one.expires_at), []).append(one)
    meant = [one for one in groups.values() if narrowed.holds(one[0].integration, one[0].host)]
    rows = [_certificate_row(group, now) for group in narrowed.cut("certificates", meant)]
    head = ("state", "integration", "host", "expires", "seen from", "last seen")
    none = "No step has reached a host by TLS yet."
    told = _of(meant, list(groups), "certificate")
    note = f"{told} · UTC · of several that a host shows, the first to end" if groups else ""
    shown_rows = table(head, rows, empty="None of this kind." if groups else none)
    return panel("Certificates", shown_rows, narrowed.turning("certificates", len(meant)), note=note)


def choices(view: View, narrowed: Narrowed) -> Component:
    """What the lists can be narrowed to, each with how many credentials it leaves."""
    groups = [one for one in _grouped(judged(view)) if _is_named(one, narrowed)]
    chips = [narrowed.chip("all", "", len(groups))]
    for name, (state, words, _) in NEEDS.items():
        count = sum(_needs(group) == name for group in groups)
        chips.append(narrowed.chip(mark(state, words), name, count))
    field = narrowed.field("Search integration, credential or host")
    # Refreshed beside the field, in which something may be half typed.
    group = html.Div(chips, id="live-needs", className="chips", role="group", **aria(label="State"))
    return html.Div([field, group], className="filters")


def _is_meant(group: Sequence[Judged], narrowed: Narrowed) -> bool:
    return narrowed.choice in ("", _needs(group)) and _is_named(group, narrowed)


def _is_named(group: Sequence[Judged], narrowed: Narrowed) -> bool:
    life = group[0][0].life
    return narrowed.holds(life.integration, life.credential, wording.spoken(life.kind))


def _needs(group: Sequence[Judged]) -> str:
    looks = LOOKS[group[0][1].state]
    return next(name for name, (_, _, states) in NEEDS.items() if looks in states)


def _of(shown: Sequence[object], everything: Sequence[object], noun: str) -> str:
    if len(shown) == len(everything):
        return wording.plural(len(everything), noun)
    return f"{len(shown):,} of {wording.plural(len(everything), noun)}"


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
