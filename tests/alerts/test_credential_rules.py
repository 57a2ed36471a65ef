"""What is due is told once a step, what is dead belongs to its outage, and both are over when they are mended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.model import Blame, IncidentState, Rule, Tier, TransitionKind
from metrics.lifetimes import HostCertificate, TrackedCredential
from metrics.model import Evaluation
from probes.model import CredentialLife, FailureKind

DAY = timedelta(days=1)


@pytest.fixture
def day(world: Any) -> Any:
    """Looks at the world on a day, with what is known of its credentials and certificates."""
    ledger = world.ledger()

    class Days:
        at = world.T0

        def look(self, *found: CredentialLife | HostCertificate, days: float = 0, seen: tuple[Any, ...] = ()) -> Any:
            minutes = days * 1440
            evaluation: Evaluation = replace(
                world.seen(minutes, *(seen or (world.workflow(world.region(minutes)),))),
                credentials=tuple(
                    TrackedCredential("local", world.T0, one) for one in found if isinstance(one, CredentialLife)
                ),
                certificates=tuple(one for one in found if isinstance(one, HostCertificate)),
            )
            return ledger.apply(evaluation, world.config())

        def open(self, subject: str = "changes:hubspot") -> Any:
            return ledger.open.get(subject)

    return Days()


def life(world: Any, **more: Any) -> CredentialLife:
    return CredentialLife("hubspot", "probe-account", "bearer", **more)


def rotation(world: Any, days: float) -> CredentialLife:
    return life(world, rotate_due_at=world.T0 + days * DAY)


def test_nothing_is_said_of_a_credential_with_weeks_to_go(world: Any, day: Any) -> None:
    assert day.look(rotation(world, 15), life(world)) == []


def test_a_rotation_is_told_when_it_comes_near_and_again_when_it_is_overdue(world: Any, day: Any) -> None:
    due = rotation(world, 20)
    assert day.look(due, days=0) == []
    (opened,) = day.look(due, days=7)
    assert (opened.kind, opened.incident.tier) == (TransitionKind.OPENED, Tier.DEGRADED)
    assert "probe-account: its rotation is due (2026-12-12, in 13 d)" in opened.note
    assert "make a new secret at the vendor" in opened.note
    assert [day.look(due, days=at) for at in (7.1, 8, 15, 19.9)] == [[]] * 4
    (overdue,) = day.look(due, days=21)
    assert "credential OVERDUE" in overdue.note
    assert overdue.incident.tier is Tier.DEGRADED
    assert day.open().conditions[0].blame is Blame.CREDENTIAL


def test_a_new_secret_ends_it(world: Any, day: Any) -> None:
    day.look(rotation(world, 3))
    (resolved,) = day.look(rotation(world, 90), days=0.1)
    assert (resolved.kind, day.open()) == (TransitionKind.RESOLVED, None)


def test_silence_of_the_prober_ends_nothing(world: Any, day: Any) -> None:
    day.look(rotation(world, 3))
    assert day.look(rotation(world, 3), days=1, seen=(world.prober(silent=True),))[0].incident.subject == "prober:p1"
    assert day.open().state is IncidentState.OPEN


def refused(world: Any) -> CredentialLife:
    return life(world, refused_at=world.T0, failed_at=world.T0, failure="no token (HTTP 400): invalid_grant")


def auth_failures(world: Any, streak: int, minute: float, **more: Any) -> Any:
    failed = world.region(
        minute, failing=streak, kind=FailureKind.AUTH, status=400, message="re-consent needed", **more
    )
    return world.workflow(failed)


def test_a_dead_credential_that_fails_nothing_can_wait_till_morning(world: Any, day: Any) -> None:
    (opened,) = day.look(refused(world))
    assert (opened.incident.subject, opened.incident.tier) == ("changes:hubspot", Tier.DEGRADED)
    assert "credential RE-CONSENT NEEDED" in opened.incident.title


def test_a_dead_credential_joins_the_outage_that_it_causes(world: Any, day: Any) -> None:
    assert day.look(refused(world), seen=(auth_failures(world, 1, 0),)) == []
    (opened,) = day.look(refused(world), days=1 / 1440, seen=(auth_failures(world, 2, 1),))
    assert (opened.incident.subject, opened.incident.tier) == ("hubspot", Tier.URGENT)
    found = {c.rule: c for c in opened.incident.conditions}
    assert found.keys() == {Rule.WORKFLOW_DOWN, Rule.CREDENTIAL_DUE}
    assert opened.incident.title == "HubSpot roundtrip DOWN"
    assert "invalid_grant" in found[Rule.CREDENTIAL_DUE].summary
    assert day.open() is None


def test_consent_and_good_runs_end_the_outage_without_a_word_more(world: Any, day: Any) -> None:
    day.look(refused(world), seen=(auth_failures(world, 2, 0),))
    good = world.workflow(world.region(2, good=2))
    (resolved,) = day.look(life(world), days=2 / 1440, seen=(good,))
    assert (resolved.kind, resolved.incident.subject) == (TransitionKind.RESOLVED, "hubspot")
    assert day.open() is None


def test_a_credential_that_is_dead_in_one_region_of_three_is_told_quietly(world: Any, day: Any) -> None:
    ledger = world.ledger()
    config = world.config(world.hubspot(regions=("local", "eu", "us")))
    regions = [world.region(0, region="eu", failing=5, kind=FailureKind.AUTH)]
    regions += [world.region(0, region=name) for name in ("local", "us")]
    seen = replace(
        world.seen(0, world.workflow(*regions)), credentials=(TrackedCredential("eu", world.T0, refused(world)),)
    )
    (opened,) = ledger.apply(seen, config)
    assert (opened.incident.subject, opened.incident.tier) == ("changes:hubspot", Tier.DEGRADED)
    assert "(from eu)" in opened.note


def test_an_outage_of_the_vendors_own_stays_the_vendors(world: Any, day: Any) -> None:
    down = world.workflow(world.region(0, failing=3))
    changes = day.look(rotation(world, 3), seen=(down,))
    assert sorted((c.incident.subject, c.incident.tier) for c in changes) == [
        ("changes:hubspot", Tier.DEGRADED),
        ("hubspot", Tier.URGENT),
    ]


def test_what_has_rules_of_its_own_is_not_told_twice(world: Any, day: Any) -> None:
    assert day.look(life(world, failed_at=world.T0, failure="401 Unauthorized")) == []
    assert day.look(life(world, failure="${env:ABSENT}: not set")) == []


def test_nobody_hears_of_what_is_no_longer_declared(world: Any, day: Any) -> None:
    assert day.look(replace(rotation(world, 1), integration="gone")) == []


def certificate(world: Any, days: float, host: str = "api.hubapi.com", **more: Any) -> HostCertificate:
    return HostCertificate("hubspot", "local", host, world.T0 + days * DAY, world.T0 - DAY, world.T0, **more)


def test_a_certificate_is_told_of_three_times_and_never_pages(world: Any, day: Any) -> None:
    shown = certificate(world, 30)
    told = {at: day.look(shown, days=at) for at in (0, 8, 10, 20, 27.5, 29, 30.5, 33)}
    assert [at for at, changes in told.items() if changes] == [10, 27.5, 30.5]
    assert day.open().tier is Tier.DEGRADED
    assert "api.hubapi.com: its certificate expired (2026-12-22, 3 d ago)" in day.open().conditions[0].summary


def test_a_renewed_certificate_ends_it_and_a_second_host_is_a_second_condition(world: Any, day: Any) -> None:
    day.look(certificate(world, 5), certificate(world, 6, "login.hubapi.com"))
    assert len(day.open().conditions) == 2
    (updated,) = day.look(certificate(world, 90), certificate(world, 6, "login.hubapi.com"), days=0.1)
    assert "over: HubSpot certificate EXPIRES" in updated.note
    (resolved,) = day.look(certificate(world, 90), days=0.2)
    assert resolved.kind is TransitionKind.RESOLVED


def test_a_certificate_that_is_renewed_every_week_is_no_news(world: Any, day: Any) -> None:
    assert day.look(certificate(world, 4, lived=6 * DAY)) == []
