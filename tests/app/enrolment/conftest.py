"""A monitoring directory whose integration is enrolled at the independent OIDC server, and `leadline` run on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from oidc_server import OidcServer, consent, oidc, oidc_process

__all__ = ["oidc", "oidc_process"]


@dataclass
class Installation:
    """A configuration and a data directory; commands are real processes."""

    root: Path
    server: OidcServer
    auth: dict[str, Any] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.root / "data"

    def declare(self, client: str = "person", **auth: Any) -> None:
        """`acme.yaml`, with `auth` over the usual options."""
        secret = {"client_secret": "${env:ACME_SECRET}"} if client == "person" else {}
        scopes = ["openid", "offline_access", "leads:read"]
        # The server gives a refresh token only to an explicit consent, as OpenID Connect asks of it.
        resource = {"resource": "urn:leadline:api"}
        more = {"scopes": scopes, "authorization_params": {"prompt": "consent", **resource}, "params": resource}
        self.auth = {
            "kind": "oauth2_authorization_code", "issuer": self.server.issuer, "client_id": client,
            **secret, **more, **auth,
        }  # fmt: skip
        steps = [{"name": "leads", "request": {"path": "/leads"}}]
        document = {
            "integration": "acme",
            "title": "Acme CRM",
            "base_url": self.server.api,
            "auth": {name: value for name, value in self.auth.items() if value is not None},
            "workflows": [{"name": "read", "every": "10s", "timeout": "8s", "steps": steps}],
        }
        (self.root / "monitoring").mkdir(exist_ok=True)
        (self.root / "monitoring" / "acme.yaml").write_text(json.dumps(document))

    def command(self, *words: str) -> list[str]:
        """`leadline …` on this configuration and data."""
        return [sys.executable, "-m", "app.cli", *words, str(self.root / "monitoring"), "--data", str(self.data)]

    @property
    def _environ(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
        return {**clean, "ACME_SECRET": self.server.secret, **self.environ}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        return subprocess.run(
            self.command(*words), capture_output=True, text=True, timeout=60, check=False, env=self._environ
        )

    def probe(self) -> list[dict[str, Any]]:
        """`leadline run --json`: the runs."""
        done = self.run("run", "--json")
        assert done.stdout, done.stderr
        runs: list[dict[str, Any]] = json.loads(done.stdout)["runs"]
        return runs

    def start_login(self, *more: str) -> subprocess.Popen[str]:
        """`leadline auth login acme`, up to where it waits for a person; its `address` is printed."""
        return subprocess.Popen(
            [*self.command("auth", "login", "acme"), *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environ,
        )

    def login(self, **answer: str) -> tuple[int, str, str]:
        """A whole enrolment, the person's part included; exit code, everything printed, the page that was shown."""
        process = self.start_login()
        printed, address = address_of(process)
        page = httpx.get(consent(address, **answer)).text
        out, err = process.communicate(timeout=30)
        return process.returncode, printed + out + err, page


def address_of(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What was printed up to the address, and the address."""
    assert process.stdout is not None
    printed = ""
    while line := process.stdout.readline():
        printed += line
        if line.strip().startswith("http"):
            return printed, line.strip()
    raise AssertionError(printed + process.communicate()[1])


@pytest.fixture
def installation(oidc: OidcServer, tmp_path: Path) -> Installation:
    """Declared, and not enrolled."""
    made = Installation(tmp_path, oidc)
    made.declare()
    return made
