"""The configuration from the hub, kept on disk so that a prober can start while the hub is away."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from config.compiled import parse
from config.model import Config
from probes.agent.hub import Denied, Good, HubClient, Later, Refused, TooLarge, Unchanged, Unreachable
from probes.agent.problems import Problems

log = structlog.get_logger(__name__)


class ConfigClient:
    """Asks the hub for the region's configuration. `current` is the last good one, from the hub or from the disk."""

    def __init__(self, hub: HubClient, cache: Path, problems: Problems) -> None:
        self._hub, self._cache, self._problems = hub, cache, problems
        self.current: Config | None = None

    @property
    def version(self) -> str | None:
        """Of `current`."""
        return self.current.version if self.current else None

    def load_cached(self) -> Config | None:
        """What the hub said last time, or None; a damaged file is as good as none."""
        try:
            document = json.loads(self._cache.read_bytes())
            self.current = _config(document)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as err:
            log.warning("cached_config_unusable", file=str(self._cache), reason=type(err).__name__)
            return None
        return self.current

    async def refresh(self) -> Config | None:
        """Ask once → the new configuration, or None when there is nothing new. Never raises for the hub."""
        answer = await self._hub.config(self.version)
        match answer:
            case Good(content):
                return await self._take(content)
            case Unchanged():
                self._well()
            case Unreachable():
                pass
            case Later(reason):
                self._problems.say("config", f"configuration not updated: {reason}")
            case Denied(reason):
                self._problems.say("token", reason)
            case Refused() | TooLarge():
                self._problems.say("config", "the hub does not understand the request for a configuration")
        return None

    async def _take(self, document: Mapping[str, Any]) -> Config | None:
        try:
            # Off the loop: hundreds of integrations take half a second, which every run under way would measure.
            config = await asyncio.to_thread(_config, document)
        except ValueError:
            self._problems.say(
                "config", "the hub's configuration cannot be read here; is this prober an older version?"
            )
            return None
        self._well()
        if config.version == self.version:
            return None
        self.current = config
        await asyncio.to_thread(self._save, document)
        return config

    def _well(self) -> None:
        self._problems.over("config")
        self._problems.over("token")

    def _save(self, document: Mapping[str, Any]) -> None:
        partial = self._cache.with_suffix(".partial")
        try:
            with partial.open("w", encoding="utf-8") as file:
                json.dump(document, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._cache)
        except OSError as err:
            log.warning("config_not_cached", file=str(self._cache), reason=str(err))


def _config(document: object) -> Config:
    """Raises ValueError."""
    content = document.get("config") if isinstance(document, Mapping) else None
    return parse(json.dumps(content))
