"""Drills with real processes in real time: something breaks, is told of, is mended, and that is told, too."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, Final

from tests.drills.installation import DrillError, Installation, until
from tests.drills.outcome import Outcome

TOLD_WITHIN_S: Final = 90.0
CALM_WITHIN_S: Final = 150.0


def one_vendor_down(found: Installation) -> tuple[str, ...]:
    """Every answer of one vendor is a 5xx."""
    return _breaks(found, "hubspot", error_rate=1)


def credential_revoked(found: Installation) -> tuple[str, ...]:
    """The vendor denies the credential, and gives no new token."""
    return _breaks(found, "salesforce", token_revoked=True)


def corrupt_bodies(found: Installation) -> tuple[str, ...]:
    """Status and length stay, the JSON is broken."""
    return _breaks(found, "shopify", corrupt_body=True)


def throttled(found: Installation) -> tuple[str, ...]:
    """The vendor limits us: nobody is woken, Slack is told."""
    found.fault("hubspot", throttle=True)
    until(lambda: found.receivers.told().slack_messages, within=TOLD_WITHIN_S, what="Slack told of throttling")
    found.clear("hubspot")
    return ()


def region_cut_off(found: Installation) -> tuple[str, ...]:
    """One of two regions loses its network: one page about the region, none about five vendors."""
    found.network.cut()
    until(lambda: found.receivers.told().pages, within=TOLD_WITHIN_S, what="the page about the region")
    found.network.mend()
    return ("region:eu",)


def prober_killed(found: Installation) -> tuple[str, ...]:
    """`kill -9` of one prober of two: nobody is woken, Slack is told."""
    found.probers["eu"].kill()
    until(lambda: found.receivers.told().slack_messages, within=TOLD_WITHIN_S, what="Slack told of the silence")
    found.probers["eu"].start()
    return ()


def receivers_in_trouble(found: Installation) -> tuple[str, ...]:
    """The pager answers 500, Slack 429 with Retry-After, and nothing listens for mail, until after the vendor's end."""
    found.fault("pagerduty", status=500)
    found.fault("slack", throttle=6)
    found.fault("smtp", down=True)
    found.fault("github", error_rate=1)
    until(lambda: found.receivers.told().texts, within=TOLD_WITHIN_S, what="the text")
    until(lambda: _failed(found) >= 4, within=60, what="failed attempts")
    found.clear("github")
    until(lambda: found.state_of("github") == "up", within=60, what="github up")
    for name in ("pagerduty", "slack", "smtp"):
        found.clear(name)
    until(lambda: found.receivers.told().pages, within=TOLD_WITHIN_S, what="the late page")
    return ("github",)


def hub_killed(found: Installation, kills: int, random_of: random.Random) -> tuple[str, ...]:
    """`kill -9` of the hub again and again, while vendors break and mend."""
    victims = ("hubspot", "salesforce", "shopify", "github")
    lifetimes = [random_of.uniform(0.2, 5.0) for _ in range(kills)]
    for number, lifetime in enumerate(lifetimes):
        victim = victims[number * len(victims) // kills]
        first = -(-kills * victims.index(victim) // len(victims))
        if number == first:
            found.fault(victim, error_rate=1)
        if number == first + kills // len(victims) // 2:
            found.clear(victim)
        time.sleep(lifetime)
        found.hub.kill()
        found.start_hub()
        if number == first + kills // len(victims) // 2 - 1:
            # So that there is an incident's whole life to be killed in.
            until(lambda v=victim: _pages_of(found, v), within=TOLD_WITHIN_S, what=f"the page of {victim}")  # type: ignore[misc]
    return victims


DRILLS: Final[dict[str, Callable[[Installation], tuple[str, ...]]]] = {
    "outage of one vendor": one_vendor_down,
    "credential revoked": credential_revoked,
    "corrupt bodies": corrupt_bodies,
    "throttling": throttled,
    "one region's network cut": region_cut_off,
    "prober killed": prober_killed,
    "pager 500, Slack 429, SMTP down": receivers_in_trouble,
}


def run(found: Installation, name: str, drill: Callable[[Installation], tuple[str, ...]], repeats: int = 0) -> Outcome:
    """One drill from calm to calm; what people were told between."""
    started, note, before, subjects = time.monotonic(), "", 0, ()
    try:
        found.wait_for_calm(CALM_WITHIN_S)
        found.receivers.forget()
        before = found.rows("SELECT coalesce(max(event_id), 0) AS n FROM incident_events")[0]["n"]
        subjects = drill(found)
        found.wait_for_calm(CALM_WITHIN_S)
    except DrillError as err:
        note = " ".join(str(err).split()).replace("|", "/")
        if found.hub.popen is not None and found.hub.popen.poll() is not None:
            found.start_hub()
    return _outcome(found, name, subjects, before, repeats, time.monotonic() - started, note)


def _outcome(
    found: Installation, name: str, subjects: tuple[str, ...], after: int, repeats: int, took: float, note: str
) -> Outcome:
    told = found.receivers.told()
    opened = found.rows(
        "SELECT i.subject, i.state, i.incident_id FROM incidents AS i JOIN incident_events AS e USING (incident_id) "  # noqa: S608 - a number
        f"WHERE e.kind IN ('opened', 'reopened') AND e.event_id > {after} ORDER BY e.event_id"
    )
    paged = sorted(key.split("/")[1] for key in told.pages)
    if not note and paged != sorted(subjects):
        note = f"expected {sorted(subjects)}, paged {paged}; opened {[one['subject'] for one in opened]}"
    dead = found.rows("SELECT count(*) AS n FROM outbox WHERE state NOT IN ('sent', 'superseded')")[0]["n"]
    untold = max(0, len(opened) - len(told.slack_messages))
    repeated = told.repeated()
    extra_slack = max(0, len(told.slack_messages) - len(opened))
    return Outcome(
        drill=name,
        expected=len(subjects),
        pages=len(told.pages),
        repeated=sum(repeated.values()) + extra_slack,
        resolved=not told.still_open and all(one["state"] == "resolved" for one in opened),
        lost=dead + untold,
        seconds=took,
        note=note or f"{len(told.slack_messages)} Slack, {len(told.texts)} texts, {len(told.mails)} mails",
        repeats_allowed=repeats,
    )


def _breaks(found: Installation, vendor: str, **faults: Any) -> tuple[str, ...]:
    found.fault(vendor, **faults)
    until(lambda: _pages_of(found, vendor), within=TOLD_WITHIN_S, what="the page")
    found.clear(vendor)
    return (vendor,)


def _pages_of(found: Installation, vendor: str) -> list[str]:
    return [key for key in found.receivers.told().pages if f"/{vendor}/" in key]


def _failed(found: Installation) -> int:
    return int(found.rows("SELECT count(*) AS n FROM delivery_attempts WHERE NOT ok")[0]["n"])
