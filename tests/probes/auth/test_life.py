"""How old a credential is and what it needs is judged once, for terminal, page and alert alike."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from config.model import Integration
from probes.auth import TokenCache
from probes.auth.life import WORDS, CredentialState, life_of, standing
from probes.auth.oauth2_authorization_code import KIND, Options, grant_key
from probes.auth.token_file import FileTokenStore
from probes.auth.tokens import Consent
from probes.model import CredentialLife

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
S = CredentialState


def life(**more: Any) -> CredentialLife:
    return CredentialLife("acme", "probe", "bearer", **more)


@pytest.mark.parametrize(
    ("known", "state"),
    [
        pytest.param({}, S.OK, id="nothing is known"),
        pytest.param({"rotate_due_at": NOW + 15 * DAY}, S.OK, id="two weeks and a day to its rotation"),
        pytest.param({"rotate_due_at": NOW + 14 * DAY}, S.ROTATE_SOON, id="two weeks to its rotation"),
        pytest.param({"rotate_due_at": NOW}, S.OVERDUE, id="the day of its rotation has come"),
        pytest.param({"enrolled": False}, S.NOT_ENROLLED, id="nobody has consented"),
        pytest.param({"enrolled": True}, S.OK, id="somebody has"),
        pytest.param({"refused_at": NOW, "failed_at": NOW, "failure": "x"}, S.RE_CONSENT, id="the vendor refuses it"),
        pytest.param({"refresh_expires_at": NOW - DAY}, S.RE_CONSENT, id="the refresh token has expired"),
        pytest.param({"refresh_expires_at": NOW + 13 * DAY}, S.ENDS_SOON, id="the refresh token ends within two weeks"),
        pytest.param(
            {"refresh_expires_at": NOW + 7 * DAY, "refresh_obtained_at": NOW, "extended_by_use": True},
            S.OK,
            id="a refresh token of a week that each use extends",
        ),
        pytest.param(
            {"refresh_expires_at": NOW + DAY, "refresh_obtained_at": NOW - 6 * DAY, "extended_by_use": True},
            S.ENDS_SOON,
            id="and that nobody has used for six days",
        ),
        pytest.param(
            {"refresh_expires_at": NOW + 6 * DAY, "enrolled_at": NOW - DAY, "enrolled": True},
            S.OK,
            id="consent for a week, on its second day",
        ),
        pytest.param(
            {"refresh_expires_at": NOW + DAY, "enrolled_at": NOW - 6 * DAY, "enrolled": True},
            S.ENDS_SOON,
            id="consent for a week, on its last day",
        ),
        pytest.param({"certificate_expires_at": NOW + 5 * DAY}, S.ENDS_SOON, id="the client certificate ends"),
        pytest.param({"certificate_expires_at": NOW - DAY}, S.OVERDUE, id="the client certificate has ended"),
        pytest.param({"failed_at": NOW, "failure": "401"}, S.REFUSED, id="it was turned down"),
        pytest.param({"failed_at": NOW, "last_ok_at": NOW - DAY}, S.REFUSED, id="it was turned down since"),
        pytest.param({"failed_at": NOW - DAY, "last_ok_at": NOW}, S.OK, id="it was let in since"),
        pytest.param({"failure": "${env:T}: not set"}, S.UNREADABLE, id="this machine lacks it"),
        pytest.param(
            {"refused_at": NOW, "failed_at": NOW, "rotate_due_at": NOW - DAY}, S.RE_CONSENT, id="the worst counts"
        ),
    ],
)
def test_what_it_needs(known: dict[str, Any], state: CredentialState) -> None:
    found = standing(life(**known), NOW)
    assert found.state is state
    assert bool(found.remedy) is (state is not S.OK)


def test_every_state_has_words() -> None:
    assert WORDS.keys() == set(CredentialState)


def integration(**auth: Any) -> Integration:
    steps = [{"name": "s", "request": {"path": "/"}}]
    return Integration.model_validate(
        {"integration": "acme", "base_url": "https://api.example.com", "auth": auth,
         "workflows": [{"name": "w", "steps": steps}]}
    )  # fmt: skip


def known(environ: dict[str, str], tokens: TokenCache | None = None, **auth: Any) -> CredentialLife:
    return life_of(integration(**auth), environ, tokens or TokenCache(), lambda: NOW)


def test_a_declared_rotation_has_its_day() -> None:
    found = known({"T": "x"}, kind="bearer", token="${env:T}", rotated_on="2026-10-01", rotate_every="90d")
    assert found.rotated_on == date(2026, 10, 1)
    assert found.rotate_due_at == datetime(2026, 12, 30, tzinfo=UTC)


def test_a_missing_secret_is_told_and_its_age_is_known_all_the_same() -> None:
    found = known({}, kind="bearer", token="${env:ABSENT}", rotated_on="2026-10-01", rotate_every="90d")
    assert "ABSENT" in str(found.failure)
    assert found.rotate_due_at is not None
    assert standing(found, NOW).state is S.UNREADABLE


ENROLLED: dict[str, Any] = {
    "authorization_url": "https://login.example.com/a",
    "token_url": "https://login.example.com/t",
    "client_id": "app",
    "credential": "acme-account",
}


def test_a_consent_is_as_old_as_its_enrolment(tmp_path: Path) -> None:
    tokens = TokenCache(FileTokenStore(tmp_path, {}))
    assert known({}, tokens, kind=KIND, **ENROLLED).enrolled is False
    key = grant_key(Options.model_validate(ENROLLED), {}, "acme-account")
    held = Consent(SecretStr("r3fresh"), NOW - 3 * DAY, NOW + 30 * DAY, enrolled_at=NOW - 3 * DAY, account="ada")
    tokens.store.keep(key, held)
    found = known({}, tokens, kind=KIND, rotate_every="30d", **ENROLLED)
    assert (found.enrolled, found.enrolled_at, found.refresh_expires_at) == (True, NOW - 3 * DAY, NOW + 30 * DAY)
    assert found.rotate_due_at == NOW + 27 * DAY
    assert "ada" not in repr(found)
    assert "r3fresh" not in repr(found)


def test_tokens_that_cannot_be_read_are_told_with_the_file(tmp_path: Path) -> None:
    key = grant_key(Options.model_validate(ENROLLED), {}, "acme-account")
    store = FileTokenStore(tmp_path, {})
    store.keep(key, Consent(SecretStr("r3fresh")))
    store.file(key).write_bytes(b"damaged")
    found = known({}, TokenCache(store), kind=KIND, **ENROLLED)
    assert store.file(key).name in str(found.failure)
    assert standing(found, NOW).state is S.UNREADABLE
