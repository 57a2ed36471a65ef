"""Where a hub may listen."""

from __future__ import annotations

from typing import Any

import pytest

from app.errors import UserError
from app.hub.auth.exposure import refuse_exposed
from config.model import Hub


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.5.5.5"])
def test_this_machine_needs_no_sign_in(host: str) -> None:
    refuse_exposed(host, Hub())


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ({}, "declare hub.sign_in"),
        ({"sign_in": {}}, "refused without hub.public_url"),
        ({"sign_in": {}, "public_url": "http://hub.example.com"}, "hub.sign_in.plain_http: true"),
    ],
)
def test_any_other_address_is_refused_with_what_to_do(declared: dict[str, Any], told: str) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.7", "hub.example.com"):  # noqa: S104 - that is what is refused
        with pytest.raises(UserError, match=told):
            refuse_exposed(host, Hub.model_validate(declared))


def test_with_sign_in_and_a_name_to_reach_it_by_a_hub_may_listen_anywhere() -> None:
    refuse_exposed("0.0.0.0", Hub.model_validate({"sign_in": {}, "public_url": "https://hub.example.com"}))  # noqa: S104
    plain = {"sign_in": {"plain_http": True}, "public_url": "http://hub.lan:8050"}
    refuse_exposed("0.0.0.0", Hub.model_validate(plain))  # noqa: S104
