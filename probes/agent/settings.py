"""What a prober process needs to know before it has heard from a hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr, TypeAdapter, ValidationError

from config.scalars import Name


class AgentError(Exception):
    """The prober cannot start, or cannot go on; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """Where the hub is, which region this is, and where the files go. `environ` resolves `${env:…}` references."""

    hub_url: str
    region: str
    token: SecretStr
    data: Path
    environ: Mapping[str, str]
    concurrency: int = 50
    """Runs at the same time, over all integrations."""

    def __post_init__(self) -> None:
        try:
            TypeAdapter(Name).validate_python(self.region)
        except ValidationError as err:
            raise AgentError(f"--region: {err.errors()[0]['msg']}") from None
        if not self.hub_url.startswith(("http://", "https://")):
            raise AgentError("--hub: write the hub's address as http://… or https://…")

    def file(self, suffix: str) -> Path:
        """This region's own file in the data directory."""
        return self.data / f"prober-{self.region}.{suffix}"
