"""A monitoring directory whose integration is enrolled at the independent OIDC server; `leadline` as processes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import plain_http
from leadline_processes import ROOT, Process, running
from oidc_server import OidcServer, consent
from short_commands import Started, to_its_end

from probes.auth.oauth2_authorization_code import Options, grant_key
from probes.auth.token_file import FileTokenStore
from probes.auth.tokens import Consent


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
        own: dict[str, Any] = {
            "person": {"client_secret": "${env:ACME_SECRET}"},
            "person-jwt": {"assertion": {"key": f"${{file:{self.server.key('rs256.pem')}}}", "kid": "rs"}},
            "public-dpop": {"dpop": True, "dpop_key": f"${{file:{self.server.key('es256.pem')}}}"},
        }.get(client, {})
        scopes = ["openid", "offline_access", "leads:read"]
        # The server gives a refresh token only to an explicit consent, as OpenID Connect asks of it.
        resource = {"resource": "urn:leadline:api"}
        more = {"scopes": scopes, "authorization_params": {"prompt": "consent", **resource}, "params": resource}
        self.auth = {
            "kind": "oauth2_authorization_code", "issuer": self.server.issuer, "client_id": client,
            "credential": "acme-account", **own, **more, **auth,
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

    def words(self, *words: str) -> list[str]:
        """Of a command, on this configuration and data."""
        return [*words, str(self.root / "monitoring"), "--data", str(self.data)]

    @property
    def _environ(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
        return {**clean, "ACME_SECRET": self.server.secret, **self.environ}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        return to_its_end(*self.words(*words), cwd=ROOT, environ=self._environ, timeout_s=60)

    def probe(self) -> list[dict[str, Any]]:
        """`leadline run --json`: the runs."""
        done = self.run("run", "--json")
        assert done.stdout, done.stderr
        runs: list[dict[str, Any]] = json.loads(done.stdout)["runs"]
        return runs

    def kept(self) -> Consent | None:
        """What the data directory holds of it, by the store's own reading."""
        options = Options.model_validate({name: value for name, value in self.auth.items() if name != "kind"})
        store = FileTokenStore(self.data / "tokens", self.environ)
        return store.read(grant_key(options, self._environ, "acme-account"))

    def secrets(self) -> set[str]:
        """Everything that was a secret so far: what went to the token endpoint, and what is kept."""
        sent = {
            one["body"].get(name) for one in self.server.seen() for name in ("code", "code_verifier", "refresh_token")
        }
        kept = self.kept()
        if kept is not None and kept.refresh_token is not None:
            sent.add(kept.refresh_token.get_secret_value())
            sent |= {token.value.get_secret_value() for token in kept.access.values()}
        return {secret for secret in sent if secret}

    @contextmanager
    def up(self) -> Iterator[str]:
        """`leadline up`, as long as it lasts; the hub's address."""
        arguments = ("up", str(self.root / "monitoring"), "--data", str(self.data), "--port", "0")
        with running(Process(arguments, self.root / "up.log", self._environ)) as process:
            yield process.said(r"dashboard: (http\S+)")

    def start_login(self, *more: str) -> Started:
        """`leadline auth login acme`, up to where it waits for a person; its `address` is printed."""
        return Started((*self.words("auth", "login", "acme"), *more), self._environ, ROOT)

    def login(self, **answer: str) -> tuple[int, str, str]:
        """A whole enrolment, the person's part included; exit code, everything printed, the page that was shown."""
        process = self.start_login()
        printed, address = address_of(process)
        page = plain_http.get(consent(address, **answer)).text
        out, err = process.communicate(timeout=30)
        return process.returncode, printed + out + err, page


def address_of(process: Started) -> tuple[str, str]:
    """What was printed up to the address, and the address."""
    printed = ""
    while line := process.stdout.readline():
        printed += line
        if line.strip().startswith("http"):
            return printed, line.strip()
    raise AssertionError(printed + process.communicate(timeout=30)[1])
