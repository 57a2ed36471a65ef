"""Enrolment against a server that is not ours: consent by browser, rotation over restarts, and how it ends."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import plain_http
import pytest
from chromium import chromium
from enrolment_world import address_of
from leadline_processes import eventually
from oidc_server import consent

pytestmark = pytest.mark.slow


def outcomes(installation: Any) -> list[tuple[str, str | None]]:
    """How a run ended, and why it did not pass."""
    return [(run["outcome"], (run["failure"] or {}).get("message")) for run in installation.probe()]


def status(installation: Any) -> dict[str, Any]:
    """The one line of `leadline auth status`, with its exit code."""
    done = installation.run("auth", "status", "--json")
    assert done.stdout, done.stderr
    (line,) = json.loads(done.stdout)
    return {**line, "exit": done.returncode}


def refreshes(installation: Any) -> list[str]:
    """The refresh tokens that were spent, in order."""
    bodies = (one["body"] for one in installation.server.seen())
    return [body["refresh_token"] for body in bodies if body.get("grant_type") == "refresh_token"]


def until_expired(installation: Any) -> None:
    """Wait for the access token of a few seconds to end."""
    ends = [token.expires_at for token in installation.kept().access.values()]
    eventually(lambda: all(end < datetime.now(UTC) for end in ends), what="the access token ends")


@pytest.mark.parametrize("client", ["person", "public", "person-jwt", "public-dpop"])
def test_consent_is_asked_for_kept_and_used(installation: Any, client: str) -> None:
    installation.declare(client)
    code, printed, page = installation.login()
    assert code == 0, printed
    assert "acme: enrolled as ada;" in printed
    assert "Acme CRM is enrolled" in page
    assert outcomes(installation) == [("passed", None)]
    asked = parse_qs(urlsplit(next(word for word in printed.split() if word.startswith("http"))).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 43
    assert len(asked["nonce"][0]) >= 43


def test_a_person_in_a_real_browser_sees_that_it_is_done(installation: Any) -> None:
    process = installation.start_login()
    _, address = address_of(process)
    with chromium() as browser:
        page = browser.new_page()
        page.goto(address)
        page.fill("input[name=login]", "ada")
        page.click("button[value=allow]")
        for _ in range(3):
            if page.url.startswith(installation.server.issuer) and page.locator("button[value=allow]").count():
                page.click("button[value=allow]")
        page.wait_for_selector("h1:has-text('Done')")
        assert "Acme CRM is enrolled" in page.inner_text("body")
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, "acme: enrolled as ada" in out) == (0, True)


def test_no_token_is_printed_or_lies_open_on_the_disk(installation: Any) -> None:
    _, printed, page = installation.login()
    shown = printed + page + json.dumps(installation.probe()) + installation.run("auth", "status").stdout
    written = b"".join(path.read_bytes() for path in installation.data.rglob("*") if path.is_file())
    secrets = installation.secrets()
    assert len(secrets) >= 4
    assert [secret for secret in secrets if secret in shown or secret.encode() in written] == []


def test_tokens_rotate_over_restarts_and_none_is_spent_twice(installation: Any) -> None:
    installation.declare("public-hasty")
    installation.login()
    for _ in range(4):
        assert outcomes(installation) == [("passed", None)]
        until_expired(installation)
    spent = refreshes(installation)
    assert len(spent) >= 4
    assert len(set(spent)) == len(spent)


def test_processes_at_once_spend_each_refresh_token_once(installation: Any) -> None:
    installation.declare("public-hasty")
    installation.login()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(2):
            ended = list(pool.map(lambda _: outcomes(installation), range(4)))
            assert ended == [[("passed", None)]] * 4
            until_expired(installation)
    spent = refreshes(installation)
    assert len(set(spent)) == len(spent) >= 2


def test_an_old_backup_is_refused_by_the_vendor_and_a_new_consent_mends_it(installation: Any) -> None:
    installation.declare("public-hasty")
    installation.login()
    shutil.copytree(installation.data, installation.root / "backup")
    assert outcomes(installation) == [("passed", None)]
    until_expired(installation)
    assert outcomes(installation) == [("passed", None)]
    shutil.rmtree(installation.data)
    (installation.root / "backup").rename(installation.data)
    ((outcome, why),) = outcomes(installation)
    assert outcome == "failed"
    assert "invalid_grant" in str(why)
    assert "re-consent needed" in str(why)
    told = status(installation)
    assert (told["state"], told["remedy"], told["exit"]) == ("re_consent", "leadline auth login acme", 1)
    assert installation.login()[0] == 0
    assert outcomes(installation) == [("passed", None)]
    assert (status(installation)["state"], status(installation)["exit"]) == ("ok", 0)


def test_before_anybody_consented_run_and_status_say_what_to_do(installation: Any) -> None:
    assert outcomes(installation) == [("failed", "not enrolled: run `leadline auth login acme`")]
    told = status(installation)
    assert (told["state"], told["exit"], told["account"]) == ("not_enrolled", 1, None)


def test_status_knows_whose_it_is_and_until_when(installation: Any) -> None:
    installation.login()
    told = status(installation)
    assert (told["account"], told["exit"]) == ("ada", 0)
    assert told["enrolled_at"] is not None
    outcomes(installation)
    assert status(installation)["access_expires_at"] is not None


def test_a_denied_consent_changes_nothing(installation: Any) -> None:
    installation.login()
    before = installation.kept()
    code, printed, page = installation.login(answer="deny")
    assert code == 1
    assert "consent was denied (access_denied" in printed
    assert "It did not work" in page
    assert installation.kept() == before


def test_the_answer_to_another_log_in_is_refused(installation: Any) -> None:
    process = installation.start_login()
    _, address = address_of(process)
    back = httpx.URL(consent(address))
    page = plain_http.get(back.copy_set_param("state", "of-another-log-in"))
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "its state differs" in err
    assert "It did not work" in page.text
    assert [one for one in installation.server.seen() if "code" in one["body"]] == []


def test_a_code_of_another_log_in_is_of_no_use(installation: Any) -> None:
    """PKCE and the redirect's port bind a code to the process that asked for it."""
    first, second = installation.start_login(), installation.start_login()
    stolen = httpx.URL(consent(address_of(first)[1])).params["code"]
    own = httpx.URL(consent(address_of(second)[1]))
    plain_http.get(own.copy_set_param("code", stolen))
    _, err = second.communicate(timeout=30)
    first.kill()
    first.communicate()
    assert second.returncode == 1
    assert "invalid_grant" in err
    assert stolen not in err


def test_nobody_comes(installation: Any) -> None:
    process = installation.start_login("--wait", "1")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "nobody consented within 1 s" in err


def test_a_port_that_is_taken_is_named(installation: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        installation.declare(redirect_uri=f"http://127.0.0.1:{port}/callback")
        done = installation.run("auth", "login", "acme")
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_cannot_be_read_is_not_overwritten(installation: Any) -> None:
    installation.login()
    (installation.data / "tokens" / "key").unlink()
    before = {path.name: path.read_bytes() for path in (installation.data / "tokens").iterdir()}
    done = installation.run("auth", "login", "acme")
    assert done.returncode == 1
    assert "the token key is missing" in done.stderr
    assert {path.name: path.read_bytes() for path in (installation.data / "tokens").iterdir()} == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["auth", "login", "nobody"], "nobody: no such integration; there are acme", id="unknown"),
        pytest.param(["auth", "login", "plain"], "its auth is bearer, which needs no enrolment", id="another method"),
    ],
)
def test_a_mistake_is_a_sentence_and_exit_2(installation: Any, words: list[str], said: str) -> None:
    document = json.loads((installation.root / "monitoring" / "acme.yaml").read_text())
    if words[-1] == "plain":
        other = {**document, "integration": "plain", "auth": {"kind": "bearer", "token": "${env:T}"}}
        (installation.root / "monitoring" / "plain.yaml").write_text(json.dumps(other))
    done: subprocess.CompletedProcess[str] = installation.run(*words)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_a_wrong_issuer_is_noticed_before_anybody_consents(installation: Any) -> None:
    installation.declare(issuer=installation.server.issuer + "/")
    done = installation.run("auth", "login", "acme")
    assert done.returncode == 1
    assert "write `issuer` exactly as it does" in done.stderr


def test_the_hub_hears_that_consent_is_needed_and_that_it_was_given(installation: Any) -> None:
    installation.declare("public-hasty")
    installation.login()
    with installation.up() as url:

        def hub() -> dict[str, Any]:
            found: dict[str, Any] = plain_http.get(f"{url}/api/v1/status", timeout=30).json()
            return found

        def told(state: str) -> bool:
            return [one["state"] for one in hub().get("credentials", [])] == [state]

        eventually(lambda: told("ok"), what="the hub knows the credential")
        kept = installation.kept()
        installation.server.revoke(kept.refresh_token.get_secret_value(), client="public-hasty")
        eventually(lambda: told("re_consent"), what="the hub hears that consent is needed")

        def paged() -> Any:
            return [one for one in hub()["incidents"] if one["subject"] == "acme" and one["tier"] == "urgent"]

        (incident,) = eventually(paged, what="somebody is paged for it")
        found = {one["rule"]: one for one in incident["conditions"]}
        assert "leadline auth login acme" in found["credential_due"]["summary"]
        assert {one["blame"] for one in incident["conditions"]} == {"credential"}
        assert installation.login()[0] == 0
        eventually(lambda: told("ok") and not hub()["incidents"], what="a new consent ends it")
