"""Finding a sandbox that runs on a directory, and standing in for one that does not."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import httpx

from app.sandbox import credentials, status_pages
from app.sandbox.receivers import RECEIVERS
from app.sandbox.running import ANNOUNCEMENT, SandboxInfo, variables
from app.sandbox.vendors import VENDOR_SIMULATORS


def find(directory: Path) -> SandboxInfo | None:
    """The sandbox that announced itself there and still answers, or None."""
    try:
        info = SandboxInfo(**json.loads((directory / ANNOUNCEMENT).read_text()))
        answer = httpx.get(f"{info.admin_url}/health", timeout=2.0, trust_env=False)
        # Its port may belong to somebody else by now.
        return info if answer.json().get("instance") == info.instance else None
    except (OSError, ValueError, TypeError, AttributeError, httpx.HTTPError):
        return None


def placeholder_environment() -> dict[str, str]:
    """Stand-ins for every variable that a running sandbox gives, for checking a configuration without one."""
    given = {variable: credentials.make(shape) for variable, shape in variables().items()}
    random = Random(0)  # noqa: S311 - only their addresses are asked for
    values = {**given, "SANDBOX_CA": "sandbox/ca.pem"}
    for name in VENDOR_SIMULATORS:
        values[f"{name.upper()}_URL"] = "https://127.0.0.1:1"
    values[status_pages.VARIABLE] = "http://127.0.0.1:1"
    for kind in RECEIVERS.values():
        values.update(kind(given, random).environment(1))
    return values
