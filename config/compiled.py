"""A configuration as one JSON text for probers: references instead of secrets, the version kept."""

from __future__ import annotations

from config.model import Config


def dump(config: Config) -> str:
    """JSON that `parse` reads back as an equal `Config`. Holds no secret, because a `Config` holds none."""
    return config.model_dump_json(by_alias=True)


def parse(text: str | bytes) -> Config:
    """The `Config` that `dump` wrote; raises pydantic's ValidationError, a ValueError, for anything else."""
    return Config.model_validate_json(text)
