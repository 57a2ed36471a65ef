"""What every auth method keeps to, those that are added tomorrow too."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from pydantic import ValidationError

from config.secrets import UnresolvedReference
from probes.auth import AUTH_METHODS, REFUSED_AUTH_KINDS

SECRET: Final = "Hunter2-hunter2"
CLIENT: Final = {
    "token_url": "https://auth.example.com/token",
    "client_id": "client-1",
    "client_secret": "${env:SECRET}",
}
SAMPLES: Final[dict[str, dict[str, Any]]] = {
    "none": {},
    "basic": {"username": "u", "password": "${env:SECRET}"},
    "bearer": {"token": "${env:SECRET}"},
    "api_key": {"key": "${env:SECRET}"},
    "oauth2_client_credentials": CLIENT,
    "oauth2_refresh_token": {**CLIENT, "refresh_token": "${env:SECRET}"},
    "oauth2_authorization_code": {**CLIENT, "authorization_url": "https://auth.example.com/authorize"},
    "mtls": {},
    "aws_sigv4": {
        "region": "eu-central-1",
        "service": "execute-api",
        "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": "${env:SECRET}",
        "session_token": "${env:SECRET}",
    },
    "hmac_signature": {"key": "${env:SECRET}", "canonical": "{{method}} {{target}} {{timestamp}} {{body_sha256}}"},
}
SECRET_FIELDS: Final = [(kind, name) for kind, options in SAMPLES.items() for name in options if "${" in options[name]]
EVERY_KIND = pytest.mark.parametrize("kind", AUTH_METHODS)


@pytest.fixture
def secretive(bench: Any) -> Any:
    bench.environ["SECRET"] = SECRET
    return bench


def test_every_kind_has_a_sample_here() -> None:
    assert SAMPLES.keys() == AUTH_METHODS.keys()


@EVERY_KIND
def test_an_unknown_option_is_refused(kind: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        AUTH_METHODS[kind].Options.model_validate({**SAMPLES[kind], "secrt": "x"})


@pytest.mark.parametrize(("kind", "name"), SECRET_FIELDS)
def test_a_secret_in_plain_text_is_refused_and_not_repeated(kind: str, name: str) -> None:
    with pytest.raises(ValidationError, match="a secret in plain text") as caught:
        AUTH_METHODS[kind].Options.model_validate({**SAMPLES[kind], name: SECRET})
    assert SECRET not in str(caught.value)


@EVERY_KIND
def test_every_kind_says_when_it_was_rotated_and_how_often_it_must_be(kind: str) -> None:
    given = {**SAMPLES[kind], "rotate_every": "90d", "rotated_on": "2026-10-01"}
    options = AUTH_METHODS[kind].Options.model_validate(given)
    assert options.rotate_every is not None
    assert (options.rotate_every.days, str(options.rotated_on)) == (90, "2026-10-01")


@EVERY_KIND
def test_no_secret_is_seen_in_options_or_authenticator(secretive: Any, kind: str) -> None:
    options = AUTH_METHODS[kind].Options.model_validate(SAMPLES[kind])
    auth = secretive.build(kind, **SAMPLES[kind])
    shown = [repr(options), str(options), options.model_dump_json(), repr(auth), str(auth), auth.credential]
    shown += [repr({name: value for name, value in vars(auth).items() if name != "_secrets"})]
    assert [text for text in shown if SECRET in text] == []


@EVERY_KIND
def test_redaction_is_told_every_secret(secretive: Any, kind: str) -> None:
    known = secretive.build(kind, **SAMPLES[kind]).secret_texts()
    assert (SECRET in known) is ("${env:SECRET}" in SAMPLES[kind].values())


@EVERY_KIND
def test_the_credentials_label_is_stable_over_a_rotation(secretive: Any, kind: str) -> None:
    before = secretive.build(kind, **SAMPLES[kind]).credential
    secretive.environ["SECRET"] = "rotated"
    assert secretive.build(kind, **SAMPLES[kind]).credential == before
    assert before.startswith(f"{kind}:")
    assert len(before) == len(kind) + 9


@EVERY_KIND
def test_the_operator_may_name_the_credential(secretive: Any, kind: str) -> None:
    assert secretive.build(kind, **SAMPLES[kind], credential="probe-account").credential == "probe-account"


@pytest.mark.parametrize("kind", [kind for kind in AUTH_METHODS if kind != "oauth2_authorization_code"])
def test_the_first_request_goes_where_it_was_meant_to_or_to_the_token_endpoint(secretive: Any, kind: str) -> None:
    request = httpx.Request("GET", "https://api.example.com/")
    first = next(secretive.build(kind, **SAMPLES[kind]).auth_flow(request))
    assert first.url.host == ("auth.example.com" if kind.startswith("oauth2") else "api.example.com")
    assert SECRET not in str(first.url)


OAUTH: Final = [kind for kind in AUTH_METHODS if kind.startswith("oauth2")]
KEY: Final = {"key": "${env:SECRET}"}


@pytest.mark.parametrize("kind", OAUTH)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_auth": "private_key_jwt"}, "takes no `client_secret`; leave it out"),
        ({"client_auth": "tls_client_auth"}, "takes no `client_secret`; leave it out"),
        ({"client_auth": "none"}, "takes no `client_secret`; leave it out"),
        ({"client_secret": None, "client_auth": "basic"}, "needs a `client_secret`"),
        ({"client_secret": None, "client_auth": "private_key_jwt"}, "needs an `assertion` with its key"),
        ({"assertion": KEY}, "takes no `client_secret`"),
        ({"client_secret": None, "client_auth": "none", "assertion": KEY}, "takes no `assertion`; leave it out"),
        ({"client_secret": None, "assertion": {"key": SECRET}}, "a secret in plain text"),
        ({"client_secret": None, "assertion": {**KEY, "lifetime": "1h"}}, "between 5s and 10m"),
        ({"dpop_key": "${env:SECRET}"}, "`dpop_key` without `dpop: true`"),
    ],
)
def test_halves_of_a_client_authentication_are_refused(kind: str, change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        AUTH_METHODS[kind].Options.model_validate({**SAMPLES[kind], **change})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("kind", OAUTH)
def test_what_a_client_has_says_how_it_shows_who_it_is(kind: str) -> None:
    options = AUTH_METHODS[kind].Options
    bare = {name: value for name, value in SAMPLES[kind].items() if name != "client_secret"}
    assert options.model_validate(SAMPLES[kind]).authentication == "post"  # type: ignore[attr-defined]
    assert options.model_validate({**bare, "assertion": KEY}).authentication == "private_key_jwt"  # type: ignore[attr-defined]


def test_client_credentials_need_a_proof_of_who_asks() -> None:
    with pytest.raises(ValidationError, match="nothing proves who the client is"):
        AUTH_METHODS["oauth2_client_credentials"].Options.model_validate({**CLIENT, "client_secret": None})


@pytest.mark.parametrize("kind", ["oauth2_refresh_token", "oauth2_authorization_code"])
def test_what_outlives_a_start_is_bound_to_a_key_that_does_too(kind: str) -> None:
    with pytest.raises(ValidationError, match="needs a `dpop_key` here"):
        AUTH_METHODS[kind].Options.model_validate({**SAMPLES[kind], "dpop": True})


@pytest.mark.parametrize("kind", ["oauth2_client_credentials", "oauth2_refresh_token"])
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://auth.example.com/token", "must not travel unencrypted"),
        ("ftp://auth.example.com/token", "not a web address"),
        ("auth.example.com/token", "not a web address"),
    ],
)
def test_a_client_secret_is_only_sent_encrypted(kind: str, url: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        AUTH_METHODS[kind].Options.model_validate({**SAMPLES[kind], "token_url": url})


@pytest.mark.parametrize("host", ["127.0.0.1:8051", "localhost:8051", "[::1]:8051"])
def test_a_simulator_on_this_machine_needs_no_encryption(host: str) -> None:
    options = {**CLIENT, "token_url": f"http://{host}/token"}
    AUTH_METHODS["oauth2_client_credentials"].Options.model_validate(options)


def test_an_address_behind_a_reference_is_checked_when_it_is_known(secretive: Any) -> None:
    secretive.environ["PLAIN"] = "http://auth.example.com"
    options = {**CLIENT, "token_url": "${env:PLAIN}/token"}
    AUTH_METHODS["oauth2_client_credentials"].Options.model_validate(options)
    with pytest.raises(UnresolvedReference, match="must not travel unencrypted"):
        secretive.build("oauth2_client_credentials", **options)


def test_a_get_with_basic_is_refused() -> None:
    with pytest.raises(ValidationError, match="leave out `client_auth: basic`"):
        AUTH_METHODS["oauth2_client_credentials"].Options.model_validate(
            {**CLIENT, "method": "get", "client_auth": "basic"}
        )


def test_grants_that_are_gone_are_refused_with_the_reason() -> None:
    reasons = [REFUSED_AUTH_KINDS[kind] for kind in ("oauth2_password", "oauth2_implicit")]
    assert all("gone from OAuth 2.1" in reason for reason in reasons)


@pytest.mark.parametrize("kind", REFUSED_AUTH_KINDS)
def test_a_refused_kind_says_what_to_use_instead(kind: str) -> None:
    assert kind not in AUTH_METHODS
    assert any(other in REFUSED_AUTH_KINDS[kind] for other in AUTH_METHODS)


def test_every_kind_and_every_option_stands_in_the_docs() -> None:
    text = (Path(__file__).parents[3] / "docs" / "auth.md").read_text()
    options = {
        field.alias or name for method in AUTH_METHODS.values() for name, field in method.Options.model_fields.items()
    }
    names = [*AUTH_METHODS, *REFUSED_AUTH_KINDS, *sorted(options)]
    assert [name for name in names if f"`{name}`" not in text] == []


@EVERY_KIND
def test_one_that_reads_no_answers_has_nothing_more_to_send_after_any_answer(secretive: Any, kind: str) -> None:
    auth = secretive.build(kind, **SAMPLES[kind])
    if auth.reads_answers:
        return
    request = httpx.Request("GET", "https://api.example.com/")
    flow = auth.auth_flow(request)
    assert next(flow) is request
    with pytest.raises(StopIteration):
        flow.send(httpx.Response(401, headers={"WWW-Authenticate": "Bearer"}, request=request))
