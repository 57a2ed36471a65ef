"""How commands ask a running hub."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from app.datadir import DataDirectory
from app.errors import UserError

TOKEN: Final = "LEADLINE_TOKEN"  # noqa: S105 - the name of the variable
_KEYS: Final[dict[str, str]] = {}
"""Address of a hub of this machine → its key, known with the address."""


def hub_url(hub: str | None, data: Path) -> str:
    """The address given, or the one that the hub of this data directory wrote down."""
    if hub:
        return hub.rstrip("/")
    address = DataDirectory(data).hub()
    if address is None:
        raise UserError(
            f"no hub is running on {data}; start one with `leadline up` (or `leadline demo`), "
            "or name it with --hub URL or --data DIR",
            exit_code=1,
        )
    key = DataDirectory(data).hub_key()
    if key is not None:
        _KEYS[address.url] = key
    return address.url


def credentials(address: str) -> dict[str, str]:
    """The headers that say to the hub at that address who asks: by LEADLINE_TOKEN, or by the key of a hub of ours."""
    key = next((key for url, key in _KEYS.items() if address == url or address.startswith(f"{url}/")), None)
    token = os.environ.get(TOKEN, "").strip() or key
    return {"Authorization": f"Bearer {token}"} if token else {}


def ask(url: str, path: str, params: Mapping[str, Any] | None = None) -> Any:
    """GET a JSON document from the hub. `UserError` as of `answered`."""
    with answered("GET", f"{url}{path}", params=params) as answer:
        answer.read()
        return document(answer, url)


def tell(url: str, path: str, body: Mapping[str, Any]) -> Any:
    """POST a JSON document to the hub, for the one that it answers with. `UserError` as of `answered`."""
    with answered("POST", f"{url}{path}", body=body) as answer:
        answer.read()
        return document(answer, url)


@contextmanager
def answered(
    method: str,
    address: str,
    *,
    params: Mapping[str, Any] | None = None,
    body: Any = None,
    timeout: float = 10,
) -> Iterator[httpx.Response]:
    """The hub's good answer, its body not read yet. `UserError` with exit 2 for a mistake in what was asked (400,
    422), with exit 1 when the hub is away, or refuses for another reason."""
    headers = {"Accept-Encoding": "identity", **credentials(address)}
    try:
        with (
            httpx.Client(timeout=timeout, trust_env=False, headers=headers) as client,
            client.stream(method, address, params=params, json=body) as answer,
        ):
            if answer.is_error:
                answer.read()
                raise _refusal(answer, address)
            yield answer
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as err:
        raise UserError(f"{address}: not an address; write it as http://127.0.0.1:8050") from err
    except httpx.ReadTimeout as err:
        raise UserError(f"{address}: no answer within {timeout:g} s", exit_code=1) from err
    except httpx.HTTPError as err:
        raise UserError(f"{address}: the hub does not answer ({err}); is it running?", exit_code=1) from err


def document(answer: httpx.Response, address: str) -> Any:
    """What a read answer holds. `UserError` (exit 1) when that is not JSON."""
    try:
        return answer.json()
    except ValueError as err:
        raise UserError(f"{address}: not a Leadline hub (its answer is not JSON)", exit_code=1) from err


def _refusal(answer: httpx.Response, address: str) -> UserError:
    told = document(answer, address)
    reason = told.get("error", answer.reason_phrase) if isinstance(told, dict) else answer.reason_phrase
    if answer.status_code in (400, 422):
        return UserError(str(reason))
    if answer.status_code in (403, 408, 409):
        return UserError(str(reason), exit_code=1)
    if answer.status_code == 401:
        return UserError(f"{address}: {_unknown()}", exit_code=1)
    return UserError(f"{address}: {answer.status_code} {reason}", exit_code=1)


def _unknown() -> str:
    if os.environ.get(TOKEN, "").strip():
        return f"the hub does not know the token in {TOKEN}: it was revoked, has expired, or is another hub's"
    return (
        "people sign in at this hub; an admin makes a token with `leadline token add NAME --role responder`: "
        f"set it as {TOKEN}"
    )
