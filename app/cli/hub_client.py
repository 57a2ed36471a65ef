"""How commands ask a running hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from app.datadir import DataDirectory
from app.errors import UserError


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
    return address.url


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
    try:
        with (
            httpx.Client(timeout=timeout, trust_env=False, headers={"Accept-Encoding": "identity"}) as client,
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
    if answer.status_code in (408, 409):
        return UserError(str(reason), exit_code=1)
    return UserError(f"{address}: {answer.status_code} {reason}", exit_code=1)
