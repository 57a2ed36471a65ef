"""What the store knows of credentials and certificates is what was told or seen last."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from metrics.lifetimes import HostCertificate
from metrics.store.credentials import certificates, credentials, note_certificates, record_credentials
from metrics.store.database import Store
from probes.model import CredentialLife

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LIFE = CredentialLife(
    integration="acme",
    credential="probe",
    kind="oauth2_authorization_code",
    rotated_on=date(2026, 10, 1),
    rotate_due_at=NOW + 20 * DAY,
    enrolled=True,
    enrolled_at=NOW - 9 * DAY,
    access_expires_at=NOW + timedelta(hours=1),
    refresh_obtained_at=NOW - timedelta(minutes=3),
    refresh_expires_at=NOW + 30 * DAY,
    extended_by_use=True,
    certificate_expires_at=NOW + 300 * DAY,
    refused_at=NOW - DAY,
    last_ok_at=NOW - 2 * DAY,
    failed_at=NOW - DAY,
    failure="no token (HTTP 400): invalid_grant",
)


def tell(store: Store, region: str, *lives: CredentialLife, at: datetime = NOW) -> None:
    record_credentials(store, region, lives, at).result()


def test_everything_that_was_told_is_read_again(store: Store) -> None:
    bare = CredentialLife("bare", "bearer:1", "bearer")
    tell(store, "local", LIFE, bare)
    found = store.read(credentials)
    assert [(one.region, one.told_at, one.life) for one in found] == [("local", NOW, LIFE), ("local", NOW, bare)]


def test_a_region_tells_all_it_has_and_nothing_of_another(store: Store) -> None:
    tell(store, "local", LIFE, replace(LIFE, integration="gone"))
    tell(store, "eu", replace(LIFE, credential="eu-account"))
    tell(store, "local", replace(LIFE, refused_at=None), at=NOW + DAY)
    found = {(one.integration, one.region): one for one in store.read(credentials)}
    assert found.keys() == {("acme", "local"), ("acme", "eu")}
    assert found["acme", "local"].life.refused_at is None
    assert found["acme", "eu"].life.refused_at is not None


def step(store: Store, host: str, expires_at: datetime | None, at: datetime, **more: Any) -> None:
    row = {
        "run_id": "00000000-0000-0000-0000-000000000000", "integration": "acme", "workflow": "w", "region": "local",
        "position": 1, "step": "s", "attempt": 1, "cleanup": False, "counted": True, "timed": True, "started_at": at,
        "outcome": "passed", "method": "GET", "url": f"https://{host}/v1?x=1", "simulated": False,
        "certificate_expires_at": expires_at, **more,
    }  # fmt: skip
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    statement = f"INSERT INTO hot_steps ({names}) VALUES ({marks})"  # noqa: S608 - names of ours
    store.write(lambda con: con.execute(statement, list(row.values()))).result()


def look(store: Store, now: datetime) -> dict[str, HostCertificate]:
    store.write(lambda con: note_certificates(con, now)).result()
    return {one.host: one for one in store.read(certificates)}


def test_each_host_that_was_reached_by_tls_has_its_certificate(store: Store) -> None:
    step(store, "api.example.com", NOW + 60 * DAY, NOW)
    step(store, "login.example.com:8443", NOW + 9 * DAY, NOW)
    step(store, "plain.example.com", None, NOW)
    step(store, "made-up.example.com", NOW, NOW, simulated=True)
    found = look(store, NOW)
    assert {host: one.expires_at for host, one in found.items()} == {
        "login.example.com:8443": NOW + 9 * DAY,
        "api.example.com": NOW + 60 * DAY,
    }
    assert next(one.host for one in store.read(certificates)) == "login.example.com:8443"
    assert found["api.example.com"].lived is None


def test_a_host_is_one_row_however_many_addresses_were_asked_there_and_however_often(store: Store) -> None:
    for minute in range(4):
        for path in ("v1", "v2", "v3"):
            at = NOW + timedelta(minutes=minute)
            step(store, "a.example.com", NOW + 9 * DAY, at, url=f"https://a.example.com/{path}/{minute}")
        look(store, NOW + timedelta(minutes=minute, seconds=1))
    assert len(store.read(certificates)) == 1


def test_a_host_that_shows_two_in_turn_has_the_one_that_ends_first(store: Store) -> None:
    for minute in range(6):
        step(store, "api.example.com", NOW + (60 if minute % 2 else 3) * DAY, NOW + timedelta(minutes=minute))
        assert look(store, NOW + timedelta(minutes=minute))["api.example.com"].expires_at == NOW + 3 * DAY


def test_a_certificate_that_vouches_for_it_counts_when_it_ends_first(store: Store) -> None:
    step(store, "api.example.com", NOW + 60 * DAY, NOW, chain_expires_at=NOW + 9 * DAY)
    step(store, "api.example.com", NOW + 60 * DAY, NOW + timedelta(seconds=1))
    assert look(store, NOW + timedelta(minutes=1))["api.example.com"].expires_at == NOW + 9 * DAY


def test_a_renewal_is_known_once_the_old_one_was_not_seen_for_an_hour(store: Store) -> None:
    step(store, "api.example.com", NOW + 3 * DAY, NOW)
    look(store, NOW)
    for minutes in (10, 50, 70):
        step(store, "api.example.com", NOW + 80 * DAY, NOW + timedelta(minutes=minutes))
    assert look(store, NOW + timedelta(minutes=50))["api.example.com"].expires_at == NOW + 3 * DAY
    renewed_at = NOW + timedelta(minutes=70)
    renewed = look(store, renewed_at)["api.example.com"]
    assert (renewed.expires_at, renewed.since) == (NOW + 80 * DAY, renewed_at)
    assert renewed.lived == NOW + 80 * DAY - renewed_at
    assert renewed == look(store, renewed_at + timedelta(minutes=5))["api.example.com"]


def test_a_host_that_is_seldom_reached_keeps_what_it_showed(store: Store) -> None:
    step(store, "api.example.com", NOW + 60 * DAY, NOW)
    first = look(store, NOW)
    assert look(store, NOW + 20 * DAY) == first
    assert look(store, NOW + 36 * DAY) == {}


@pytest.mark.parametrize(
    ("lived", "left", "late"),
    [
        pytest.param(None, 22, False, id="three weeks and a day are left"),
        pytest.param(None, 21, True, id="three weeks are left"),
        pytest.param(90, 21, True, id="ninety days of life, three weeks left"),
        pytest.param(47, 13, False, id="a life of forty-seven days has twelve days' notice"),
        pytest.param(47, 11, True, id="and is late after that"),
        pytest.param(6, 3, False, id="a life of six days is renewed often, and is not late at its half"),
        pytest.param(6, 1, True, id="but is on its last day"),
    ],
)
def test_a_certificate_is_late_by_its_own_habit(lived: int | None, left: int, late: bool) -> None:
    life = lived * DAY if lived is not None else None
    assert HostCertificate("acme", "local", "h", NOW + left * DAY, NOW, NOW, life).is_late(NOW) is late
