"""The independent server enforces what it declares: without that, a green test against it says nothing."""

from __future__ import annotations

import ssl

import httpx
import plain_http
import pytest
from oidc_server import HOME, OidcServer, consent, enrol

slow = pytest.mark.slow
ASK = {"grant_type": "client_credentials", "scope": "leads:read"}


def test_the_lock_pins_every_hash_and_names_no_host() -> None:
    lock = (HOME / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') == lock.count('"node_modules/')


@slow
def test_a_right_secret_gives_a_token_that_the_api_takes(oidc: OidcServer) -> None:
    answer = plain_http.post(oidc.token_url, data={**ASK, "client_id": "post", "client_secret": oidc.secret}).json()
    api = plain_http.get(f"{oidc.api}/leads", headers={"Authorization": f"Bearer {answer['access_token']}"})
    assert (api.status_code, api.json()["client"]) == (200, "post")
    assert [(one["path"], one["body"]["client_id"]) for one in oidc.seen()] == [("/token", "post")]


@slow
def test_a_wrong_secret_is_refused(oidc: OidcServer) -> None:
    answer = plain_http.post(oidc.token_url, data={**ASK, "client_id": "post", "client_secret": "guess"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@slow
def test_the_api_refuses_a_made_up_token(oidc: OidcServer) -> None:
    assert plain_http.get(f"{oidc.api}/leads", headers={"Authorization": "Bearer made-up"}).status_code == 401


@slow
def test_a_bound_client_gets_nothing_without_a_proof(oidc: OidcServer) -> None:
    answer = plain_http.post(oidc.token_url, data={**ASK, "client_id": "dpop", "client_secret": oidc.secret})
    assert answer.status_code == 400


@slow
def test_a_client_of_the_other_door_needs_its_certificate(oidc: OidcServer) -> None:
    context, bare = (ssl.create_default_context(cafile=oidc.ca_file) for _ in range(2))
    context.load_cert_chain(oidc.key("tls.crt"), oidc.key("tls.key"))
    form = {**ASK, "client_id": "tls"}
    with httpx.Client(verify=context) as client, httpx.Client(verify=bare) as stranger:
        token = client.post(f"{oidc.tls_issuer}/token", data=form).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert client.get(f"{oidc.tls_api}/leads", headers=bearer).status_code == 200
        assert stranger.post(f"{oidc.tls_issuer}/token", data=form).status_code == 401
        assert stranger.get(f"{oidc.tls_api}/leads", headers=bearer).status_code == 401


@slow
@pytest.mark.parametrize("client", ["person", "public"])
def test_a_consent_gives_a_refresh_token_that_works_once(oidc: OidcServer, client: str) -> None:
    first = enrol(oidc, client)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "client_id": client}
    if client == "person":
        form["client_secret"] = oidc.secret
    second = plain_http.post(oidc.token_url, data=form).json()
    assert second["refresh_token"] != first["refresh_token"]
    again = plain_http.post(oidc.token_url, data=form)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@slow
def test_a_person_may_say_no(oidc: OidcServer) -> None:
    url = (
        f"{oidc.issuer}/auth?client_id=person&response_type=code&redirect_uri=http://127.0.0.1:9/callback"
        "&scope=leads:read"
    )
    assert httpx.URL(consent(url, answer="deny")).params["error"] == "access_denied"


@slow
def test_a_fault_is_over_after_its_times(oidc: OidcServer) -> None:
    oidc.fault(503, headers={"Retry-After": "7"})
    form = {**ASK, "client_id": "post", "client_secret": oidc.secret}
    answers = [plain_http.post(oidc.token_url, data=form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [503, 200]
    assert answers[0].headers["Retry-After"] == "7"
