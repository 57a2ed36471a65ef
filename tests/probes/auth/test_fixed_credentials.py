"""Credentials that are the same on every request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from config.secrets import UnresolvedReference

NewRequest = Callable[[], httpx.Request]


@pytest.mark.parametrize(
    ("kind", "options", "header", "value"),
    [
        pytest.param(
            "basic",
            {"username": "Aladdin", "password": "${env:OPEN}"},
            "authorization",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            id="basic, with RFC 7617's own example",
        ),
        pytest.param("bearer", {"token": "${env:KEY}"}, "authorization", "Bearer key-material-77", id="bearer"),
        pytest.param(
            "bearer",
            {"token": "${env:KEY}", "scheme": "Zoho-oauthtoken"},
            "authorization",
            "Zoho-oauthtoken key-material-77",
            id="bearer with a vendor's own word",
        ),
        pytest.param("api_key", {"key": "${env:KEY}"}, "x-api-key", "key-material-77", id="a key in the usual header"),
        pytest.param(
            "api_key",
            {"key": "${env:KEY}", "name": "Authorization", "prefix": "Klaviyo-API-Key "},
            "authorization",
            "Klaviyo-API-Key key-material-77",
            id="a key with a prefix in a header of the vendor's choice",
        ),
    ],
)
def test_the_credential_is_sent_in_its_header_and_nowhere_else(
    bench: Any, request_to_api: NewRequest, kind: str, options: dict[str, Any], header: str, value: str
) -> None:
    bench.environ["OPEN"] = "open sesame"
    plain = request_to_api()
    flow = bench.build(kind, **options).auth_flow(request_to_api())
    sent = next(flow)
    assert sent.headers[header] == value
    assert sent.url == plain.url
    assert set(sent.headers) - set(plain.headers) == {header}
    with pytest.raises(StopIteration):
        flow.send(httpx.Response(401, request=sent))


def test_none_sends_the_request_as_it_is(bench: Any, request_to_api: NewRequest) -> None:
    sent = next(bench.build("none").auth_flow(request_to_api()))
    assert "authorization" not in sent.headers


def test_a_key_in_the_query_is_refused_with_the_reason(bench: Any) -> None:
    with pytest.raises(ValidationError, match=r"ends up in the logs of every proxy.*force: true"):
        bench.build("api_key", key="${env:KEY}", name="key", **{"in": "query"})


def test_a_key_in_the_query_is_sent_once_where_the_operator_insists(bench: Any, request_to_api: NewRequest) -> None:
    auth = bench.build("api_key", key="${env:KEY}", name="limit", force=True, **{"in": "query"})
    sent = next(auth.auth_flow(request_to_api()))
    assert sent.url.params.multi_items() == [("limit", "key-material-77")]


def test_a_key_is_known_to_redaction_also_as_an_address_spells_it(bench: Any) -> None:
    bench.environ["KEY"] = "a b/c"
    auth = bench.build("api_key", key="${env:KEY}", name="key", force=True, **{"in": "query"})
    assert {"a b/c", "a+b%2Fc"} <= auth.secret_texts()


def test_a_fixed_credential_has_nothing_to_renew(bench: Any) -> None:
    assert bench.build("bearer", token="${env:KEY}").invalidate() is False


def test_a_missing_secret_is_named_by_its_reference(bench: Any) -> None:
    with pytest.raises(UnresolvedReference, match="ABSENT"):
        bench.build("bearer", token="${env:ABSENT}")
