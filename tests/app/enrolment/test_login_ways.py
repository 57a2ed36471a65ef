"""Enrolment of clients that show who they are without a secret, and of tokens that are bound to a key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from oidc_server import OidcServer

pytestmark = pytest.mark.slow
GOOD = [("token", "passed", 200), ("leads", "passed", 200)]


def told(installation: Any) -> list[tuple[str, str, int | None]]:
    (run,) = installation.probe()
    return [(step["name"], step["outcome"], step["status"]) for step in run["steps"]]


def test_a_client_with_a_key_enrols_and_goes_on_with_it(installation: Any, oidc: OidcServer) -> None:
    installation.declare("person-jwt", assertion={"key": f"${{file:{oidc.key('es256.pem')}}}", "kid": "es"})
    code, printed, _ = installation.login()
    assert code == 0, printed
    assert told(installation) == GOOD
    assert [seen["body"]["grant_type"] for seen in oidc.seen()] == ["authorization_code", "refresh_token"]
    assert all(seen["body"]["client_assertion_type"].endswith("jwt-bearer") for seen in oidc.seen())


def test_a_consent_bound_to_a_key_is_refreshed_with_that_key(installation: Any, oidc: OidcServer) -> None:
    key = f"${{file:{oidc.key('es256.pem')}}}"
    installation.declare("public-dpop", dpop=True, dpop_key=key)
    code, printed, _ = installation.login()
    assert code == 0, printed
    # Each command is a process of its own, and the server binds a public client's refresh token to the key.
    assert told(installation) == [("nonce", "passed", 400), *GOOD]


def test_a_consent_bound_to_a_key_is_worth_nothing_without_it(installation: Any, oidc: OidcServer) -> None:
    installation.declare("public-dpop", dpop=True, dpop_key=f"${{file:{oidc.key('es256.pem')}}}")
    assert installation.login()[0] == 0
    installation.declare("public-dpop", dpop=True, dpop_key=f"${{file:{oidc.key('eddsa.pem')}}}")
    (run,) = installation.probe()
    assert (run["outcome"], run["failed_step"]) == ("failed", "token"), json.dumps(run, indent=1)
    assert "invalid_grant" in run["failure"]["message"]
