"""The composition root: joins what the packages offer, and knows nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.errors import UserError
from config.load import ConfigError, Plugins, load
from config.model import Config


def plugins() -> Plugins:
    """Everything that a configuration may name, so that `config` can check it without importing any of it."""
    from alerts.channels import CHANNELS
    from alerts.status_pages import STATUS_PAGES
    from metrics.slo import unreachable_alerts, unreachable_flow_alerts
    from probes.auth import AUTH_METHODS, REFUSED_AUTH_KINDS
    from probes.auth.checks import auth_findings
    from probes.vendors import VENDORS
    from probes.vendors.usage import usage_findings

    return Plugins(
        auth={kind: method.Options for kind, method in AUTH_METHODS.items()},
        refused_auth=REFUSED_AUTH_KINDS,
        channels={kind: channel.Options for kind, channel in CHANNELS.items()},
        vendors=tuple(VENDORS),
        status_pages=tuple(STATUS_PAGES),
        checks=(auth_findings, unreachable_alerts, usage_findings),
        settings_checks=(unreachable_flow_alerts,),
    )


def load_config(directory: Path, environ: Mapping[str, str], *, require_secrets: bool = True) -> Config:
    """The configuration of that directory; a `UserError` lists every problem at once."""
    try:
        return load(directory, environ, plugins=plugins(), require_secrets=require_secrets)
    except ConfigError as err:
        count = len(err.problems)
        raise UserError(f"{err}\n{count} problem{'s' if count > 1 else ''} in {directory}") from err


def warnings_of(config: Config) -> tuple[str, ...]:
    """What works and had better not be needed: `integration: dotted path: why`."""
    from probes.auth.checks import auth_warnings

    return tuple(f"{one.name}: {path}: {why}" for one in config.integrations for path, why in auth_warnings(one))
