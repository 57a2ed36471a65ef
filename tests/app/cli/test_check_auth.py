"""`leadline check` on credentials: what cannot work is a problem, what had better not be needed a warning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli.check import check
from app.errors import UserError

STEP = "workflows: [{name: ping, steps: [{name: ping, request: {path: /}}]}]\n"
QUERY_KEY = "auth: {kind: api_key, name: hapikey, key: '${env:KEY}', in: query, force: true}\n"


def write(directory: Path, auth: str) -> Path:
    (directory / "acme.yaml").write_text(f"integration: acme\nbase_url: https://api.example.com\n{auth}{STEP}")
    return directory


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "key-material")


def test_a_forced_key_in_the_query_is_warned_of_and_goes_on_working(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(write(tmp_path, QUERY_KEY))
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("warning: acme: auth.in: the key stands in every address, as `hapikey`")
    assert "no problem" in last


def test_warnings_are_in_the_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(write(tmp_path, QUERY_KEY), as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["problems"], len(told["warnings"])) == (True, [], 1)


def test_a_fine_configuration_has_no_warnings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(write(tmp_path, "auth: {kind: api_key, key: '${env:KEY}'}\n"), as_json=True)
    assert json.loads(capsys.readouterr().out)["warnings"] == []


@pytest.mark.parametrize(
    "auth",
    [
        "auth: {kind: mtls}\n",
        "auth: {kind: oauth2_client_credentials, token_url: 'https://a.example/t', client_id: x, "
        "client_auth: tls_client_auth}\n",
    ],
)
def test_a_certificate_that_is_not_there_is_a_problem(tmp_path: Path, auth: str) -> None:
    with pytest.raises(UserError, match=r"acme\.yaml:3: auth: .*`client_certificate` and `client_key` under `tls`"):
        check(write(tmp_path, auth))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("oauth2_password", "gone from OAuth 2.1"),
        ("oauth2_implicit", "gone from OAuth 2.1"),
        ("private_key_jwt", "with `client_auth: private_key_jwt`"),
        ("dpop", "with `dpop: true`"),
    ],
)
def test_a_kind_that_is_not_to_be_had_says_what_is(tmp_path: Path, kind: str, words: str) -> None:
    with pytest.raises(UserError, match=f"auth.kind: {kind} is refused: .*{words}"):
        check(write(tmp_path, f"auth: {{kind: {kind}}}\n"))
