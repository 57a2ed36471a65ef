"""What is done to incidents at the receivers of our messages flows back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog
from pydantic import ValidationError

from alerts.channels import CHANNELS
from alerts.inbound import pagerduty, slack
from alerts.inbound.base import Act, ActKind, Ear, EarKind, Forged, Heard, Unreadable
from config.model import Config
from config.secrets import UnresolvedReference

__all__ = ["EARS", "Act", "ActKind", "Ear", "Forged", "Heard", "Unreadable", "build_ears"]

log = structlog.get_logger(__name__)

EARS: Final[dict[str, EarKind]] = {"pagerduty": pagerduty.EAR, "slack": slack.EAR}
"""By kind of channel."""


def build_ears(config: Config, environ: Mapping[str, str]) -> dict[tuple[str, str], Ear]:
    """(kind, name) of every channel that listens → what understands its receiver. One whose secret is not to be had
    here is left out, and the log says so."""
    found: dict[tuple[str, str], Ear] = {}
    for channel in config.alerting.channels:
        kind = EARS.get(channel.kind)
        if kind is None:
            continue
        try:
            secret = kind.secret_of(CHANNELS[channel.kind].Options.model_validate(channel.options))
            if secret is not None:
                found[channel.kind, channel.name] = kind.build(secret.reveal(environ))
        except (ValidationError, UnresolvedReference) as err:
            log.warning("inbound.deaf", channel=channel.name, problem=type(err).__name__)
    return found
