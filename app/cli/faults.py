"""How `leadline demo fault` talks to the running sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from app.datadir import DataDirectory
from app.errors import UserError
from app.sandbox import find
from app.sandbox.faults import FaultError, parse


def _admin(data: Path) -> str:
    running = find(DataDirectory(data).sandbox)
    if running is None:
        raise UserError(f"no sandbox is running on {data}; start one with `leadline demo`", exit_code=1)
    return running.admin_url


def show(data: Path, vendor: str | None) -> None:
    """Print what is set for that vendor, or for all."""
    faults = _call("GET", f"{_admin(data)}/faults")
    for name, active in faults.items():
        if vendor in (None, name):
            print(f"{name}: {_sentence(active)}")
    if vendor is not None and vendor not in faults:
        raise UserError(f"{vendor}: no such vendor; there are {', '.join(faults)}")


def change(data: Path, vendor: str, words: list[str]) -> None:
    """Set faults, or end all of them with `clear`."""
    address = f"{_admin(data)}/faults/{vendor}"
    if words == ["clear"]:
        _call("DELETE", address)
        print(f"{vendor}: no fault")
        return
    try:
        faults = parse(words)
    except FaultError as err:
        raise UserError(str(err)) from err
    print(f"{vendor}: {_sentence(_call('PUT', address, faults))}")


def _sentence(active: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in active.items()) or "no fault"


def _call(method: str, url: str, body: Any = None) -> Any:
    try:
        answer = httpx.request(method, url, json=body, timeout=10, trust_env=False)
    except httpx.HTTPError as err:
        raise UserError(f"{url}: the sandbox does not answer ({err})", exit_code=1) from err
    document = answer.json() if answer.content else {}
    if answer.is_error:
        raise UserError(document.get("error", f"the sandbox answered {answer.status_code}"))
    return document
