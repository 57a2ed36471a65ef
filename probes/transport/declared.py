"""The transport that an integration declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from pydantic import SecretStr

from config.model import Integration, Tls
from config.proxy import ProxyAddress, resolve_proxy
from config.secrets import written
from probes.http import origin_of
from probes.transport.connecting import Resolver, resolve
from probes.transport.limits import Limits
from probes.transport.probe import ProbeTransport
from probes.transport.trust import Trust


def transports(
    integration: Integration,
    environ: Mapping[str, str],
    limits: Limits | None = None,
    resolver: Resolver = resolve,
) -> Callable[[], ProbeTransport]:
    """Makes transports as the integration wants them; `integration` has its references resolved.

    Raises ValueError for a proxy's address that is none; its text holds nothing of it.
    """
    trust = trust_of(integration.tls, origin_of(integration.base_url)[1])
    proxy = _proxy(integration, environ)
    return partial(ProbeTransport, trust=trust, http=integration.http, proxy=proxy, limits=limits, resolver=resolver)


def trust_of(tls: Tls, host: str) -> Trust:
    """For requests whose own host is `host`: `server_name` is for that one alone."""
    password = tls.client_key_password
    return Trust(
        ca_file=tls.ca_file,
        client_certificate=tls.client_certificate,
        client_key=tls.client_key,
        # str() first: what remembers its reference would show it, but need not be kept.
        client_key_password=SecretStr(str(password)) if password is not None else None,
        names=((host, tls.server_name),) if tls.server_name is not None else (),
    )


def _proxy(integration: Integration, environ: Mapping[str, str]) -> ProxyAddress | None:
    if integration.proxy is None:
        return None
    try:
        return resolve_proxy(written(integration.proxy), environ)
    except ValueError as err:
        raise ValueError(f"proxy: {err}") from None
