"""Plugins as small as they get, and a directory that loads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from config.load import load
from config.model import Config, Integration
from config.plugins import Plugins
from config.secrets import SecretRef

ENVIRON = {"TOKEN": "t0ken-from-the-environment", "EMPTY": "", "ADDRESS": "ftp://api.example.com"}


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class NoAuth(Options):
    pass


class Bearer(Options):
    token: SecretRef
    header: str = "Authorization"


class Client(Options):
    id: str
    secret: SecretRef | None = None


class OAuth2(Options):
    token_url: str
    client: Client
    scopes: tuple[str, ...] = ()


class Slack(Options):
    webhook_url: SecretRef
    channel: str = "#alerts"


class Log(Options):
    pass


def owner_is_somebody(integration: Integration) -> Iterator[tuple[str, str]]:
    """A check as another package would add it."""
    if integration.owner == "nobody":
        yield "owner", "nobody cannot be paged; name a team"


@pytest.fixture
def plugins() -> Plugins:
    return Plugins(
        auth={"none": NoAuth, "bearer": Bearer, "oauth2": OAuth2},
        refused_auth={"password": "it cannot do a second factor; use oauth2"},
        channels={"slack": Slack, "log": Log},
        vendors=("generic", "hubspot", "salesforce"),
        status_pages=("statuspage", "statusio", "atom"),
        checks=(owner_is_somebody,),
    )


@pytest.fixture
def environ() -> dict[str, str]:
    return dict(ENVIRON)


SHOP = """\
integration: shop
base_url: https://api.example.com
workflows:
  - name: read
    steps:
      - name: get
        request: {path: /x}
"""

Loader = Callable[..., Config]


@pytest.fixture
def load_files(tmp_path: Path, plugins: Plugins, environ: dict[str, str]) -> Loader:
    """Writes files (name → text) into a directory and loads it."""

    def loaded(files: dict[str, str], *, root: Path = tmp_path, require_secrets: bool = True) -> Config:
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return load(root, environ, plugins=plugins, require_secrets=require_secrets)

    return loaded
