"""How commands ask a running hub."""

from __future__ import annotations

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


def ask(url: str, path: str) -> Any:
    """GET a JSON document from the hub. `UserError` (exit 1) when it does not answer or refuses."""
    try:
        answer = httpx.get(f"{url}{path}", timeout=10, trust_env=False)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as err:
        raise UserError(f"{url}: not an address; write it as http://127.0.0.1:8050") from err
    except httpx.HTTPError as err:
        raise UserError(f"{url}: the hub does not answer ({err}); is it running?", exit_code=1) from err
    try:
        document = answer.json()
    except ValueError as err:
        raise UserError(f"{url}: not a Leadline hub (its answer is not JSON)", exit_code=1) from err
    if answer.is_error:
        reason = document.get("error", answer.reason_phrase) if isinstance(document, dict) else answer.reason_phrase
        raise UserError(f"{url}{path}: {answer.status_code} {reason}", exit_code=1)
    return document
