"""The ways of telling people, one file each."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

import httpx
from pydantic import ValidationError

from alerts.channels import alertmanager, apprise, email, pagerduty, slack, teams, twilio_sms, webhook
from alerts.channels.base import ChannelKind, Charted, ChartOf, Receipt, Sender, TransportError, Unavailable
from config.model import Channel, Config
from config.rate import Rate
from config.secrets import UnresolvedReference

__all__ = [
    "CHANNELS",
    "ChannelKind",
    "Receipt",
    "Sender",
    "TransportError",
    "build_sender",
    "build_senders",
    "rates_of",
]

CHANNELS: Final[dict[str, ChannelKind]] = {
    "pagerduty": pagerduty.CHANNEL,
    "twilio_sms": twilio_sms.CHANNEL,
    "slack": slack.CHANNEL,
    "email": email.CHANNEL,
    "webhook": webhook.CHANNEL,
    "teams": teams.CHANNEL,
    "alertmanager": alertmanager.CHANNEL,
    "apprise": apprise.CHANNEL,
}


def build_senders(
    config: Config, environ: Mapping[str, str], client: httpx.AsyncClient, charts: ChartOf | None = None
) -> dict[str, Sender]:
    """A sender for every configured channel. One that cannot be built here refuses every message with the reason.

    `charts` is where channels that can show a chart get it from.
    """
    # httpx logs the address of every request at INFO, and a Slack webhook's address is its secret.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return {channel.name: build_sender(channel, environ, client, charts) for channel in config.alerting.channels}


def rates_of(config: Config) -> dict[str, Rate]:
    """How often each configured channel may be used: as declared, or as its service takes."""
    kinds = {channel.name: CHANNELS.get(channel.kind) for channel in config.alerting.channels}
    declared = {channel.name: channel.rate for channel in config.alerting.channels}
    return {name: rate for name, kind in kinds.items() if (rate := declared[name] or (kind and kind.rate))}


def build_sender(
    channel: Channel, environ: Mapping[str, str], client: httpx.AsyncClient, charts: ChartOf | None = None
) -> Sender:
    """The channel, ready to send, or one that says why it is not."""
    kind = CHANNELS.get(channel.kind)
    if kind is None:
        return Unavailable(f"channel {channel.name}: unknown kind {channel.kind}")
    try:
        made = kind.build(kind.Options.model_validate(channel.options), environ, client)
    except ValidationError as err:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in err.errors(include_input=False))
        return Unavailable(f"channel {channel.name}: {problems}")
    except (UnresolvedReference, ValueError) as err:
        return Unavailable(f"channel {channel.name}: {err}")
    return made.with_charts(charts) if charts is not None and isinstance(made, Charted) else made
