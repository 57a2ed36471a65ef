"""Prometheus Alertmanager, API v2: an alert per incident, posted to every instance of the cluster.

Prometheus repeats an alert every minute, and Alertmanager takes silence for its end. Here every message says itself
when the alert ends: far ahead (`ends_after`) while the incident is open, now when it is over. So nothing has to be
repeated, an alert outlives a hub that is away, and it ends by the resolve, which the outbox never loses.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import httpx
from pydantic import Field, SecretStr, field_validator, model_validator

from alerts.channels.base import ChannelKind, Proof, Receipt, TransportError, tell_each
from alerts.channels.http import ask, require_private
from alerts.messages import facts, headline, links, one_line
from alerts.model import Action, Notification, Tier
from config.model import Declared
from config.rate import Rate
from config.scalars import Duration
from config.secrets import SecretRef, resolve

_PATH: Final = "/api/v2/alerts"
_STATUS_PATH: Final = "/api/v2/status"
_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_OURS: Final = frozenset({"alertname", "severity", "source", "subject", "incident", "integration", "owner", "flows"})
_KINDS: Final = frozenset({"changes", "flow", "region", "prober", "channel", "storm", "hub"})


class Options(Declared):
    """Options of an `alertmanager` channel."""

    urls: Annotated[tuple[str, ...], Field(min_length=1)]
    username: str | None = None
    password: SecretRef | None = None
    bearer_token: SecretRef | None = None
    labels: dict[str, str] = Field({}, description="More labels for every alert, for Alertmanager's routes.")
    ends_after: Duration = Field("365d", validate_default=True, description="When an alert ends that nobody resolves.")

    @field_validator("labels")
    @classmethod
    def _sendable(cls, labels: dict[str, str]) -> dict[str, str]:
        bad = [name for name in labels if not _LABEL.fullmatch(name)]
        taken = sorted(_OURS & set(labels))
        if bad:
            raise ValueError(f"{bad[0]!r} is no name of a label: letters, digits and _ only, no digit first")
        if taken:
            raise ValueError(f"{taken[0]} is a label that Leadline gives itself; choose another name")
        return labels

    @model_validator(mode="after")
    def _one_way_in(self) -> Options:
        if self.bearer_token is not None and self.password is not None:
            raise ValueError("give either bearer_token, or username and password")
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        return self


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """Tells every instance; each one's acceptance is remembered, so that a retry tells only the others."""

    urls: tuple[str, ...]
    authorization: SecretStr | None
    labels: Mapping[str, str]
    ends_after: timedelta
    client: httpx.AsyncClient

    async def send(self, notification: Notification) -> Receipt:
        """An alert for what is open or over; there is nothing to tell of reports and changes."""
        if notification.tier is Tier.REPORT or notification.action is Action.CHANGE:
            return Receipt(None, "not sent: Alertmanager holds alerts only")
        now = notification.sent_at or notification.created_at
        body = alerts(notification, self.labels, self.ends_after)
        urls = {_receipt_key(notification, url): url for url in self.urls}
        accepted = await tell_each(
            urls, notification.receipt, lambda url: self._ask("POST", url + _PATH, now, json=body)
        )
        return Receipt(200, f"accepted by {len(self.urls)} instance{'s' if len(self.urls) > 1 else ''}", accepted)

    async def test(self, now: datetime) -> Proof:
        """Asks every instance for its status."""
        urls = {url: url for url in self.urls}
        await tell_each(urls, {}, lambda url: self._ask("GET", url + _STATUS_PATH, now))
        return Proof(200, f"{len(self.urls)} of {len(self.urls)} instances tell their status")

    async def _ask(self, method: str, url: str, now: datetime, **request: Any) -> TransportError | None:
        """What went wrong, with the instance it happened at, or None."""
        secret = self.authorization.get_secret_value() if self.authorization else ""
        headers = {"Authorization": secret} if secret else {}
        try:
            await ask(
                self.client,
                method,
                url,
                now=now,
                secrets=(secret, secret.partition(" ")[2]),
                headers=headers,
                **request,
            )
        except TransportError as err:
            message = f"{urlsplit(url).netloc}: {err}"
            return TransportError(message, permanent=err.permanent, retry_after_s=err.retry_after_s, status=err.status)
        return None


def alerts(notification: Notification, more: Mapping[str, str], ends_after: timedelta) -> list[dict[str, Any]]:
    """The incident's alert. Labels are its identity, and so never change while it is open; one that got louder is
    another alert for Alertmanager, and the quieter one ends with the same message."""
    incident = notification.incident
    now = notification.sent_at or notification.created_at
    begin = min((c.since for c in incident.conditions), default=incident.opened_at)
    over = notification.action is Action.RESOLVE or incident.resolved_at is not None
    end = max(begin, incident.resolved_at or notification.created_at) if over else now + ends_after
    found = [_alert(notification, more, incident.tier, begin, end)]
    if incident.tier is Tier.URGENT:
        found.append(_alert(notification, more, Tier.DEGRADED, begin, end if over else max(begin, now)))
    return found


def _alert(
    notification: Notification, more: Mapping[str, str], tier: Tier, begin: datetime, end: datetime
) -> dict[str, Any]:
    known = dict(facts(notification))
    annotations = {
        "summary": headline(notification),
        "description": "\n".join(f"{label}: {text}" for label, text in known.items()),
        **{f"{label.lower().replace(' ', '_')}_url": url for label, url in links(notification)},
    }
    return {
        "labels": {**more, **_labels(notification, tier)},
        "annotations": annotations,
        "startsAt": begin.isoformat(),
        "endsAt": end.isoformat(),
        "generatorURL": notification.address,
    }


def _labels(notification: Notification, tier: Tier) -> dict[str, str]:
    incident = notification.incident
    prefix = incident.subject.partition(":")[0]
    kind = prefix if ":" in incident.subject and prefix in _KINDS else "integration"
    found = {
        "alertname": f"Leadline{kind.capitalize()}",
        "severity": "critical" if tier is Tier.URGENT else "warning",
        "source": "leadline",
        "subject": incident.subject,
        "incident": incident.incident_id,
        "integration": incident.integration if ":" not in incident.integration else "",
        "owner": incident.owner,
        "flows": ",".join(incident.flows),
    }
    cleaned = {name: one_line(value) for name, value in found.items()}
    return {name: value for name, value in cleaned.items() if value}


def _receipt_key(notification: Notification, url: str) -> str:
    return f"alertmanager:{notification.notification_id}:{hashlib.sha256(url.encode()).hexdigest()[:16]}"


def build(options: Options, environ: Mapping[str, str], client: httpx.AsyncClient) -> Alertmanager:
    """Raises UnresolvedReference, or ValueError for an address that would show the credential."""
    authorization = _authorization(options, environ)
    urls = tuple(_endpoint(resolve(url, environ), secret=authorization is not None) for url in options.urls)
    labels = {name: resolve(value, environ) for name, value in options.labels.items()}
    return Alertmanager(urls, authorization, labels, options.ends_after, client)


def _authorization(options: Options, environ: Mapping[str, str]) -> SecretStr | None:
    if options.bearer_token is not None:
        return SecretStr(f"Bearer {options.bearer_token.reveal(environ).get_secret_value()}")
    if options.password is None:
        return None
    pair = f"{resolve(options.username or '', environ)}:{options.password.reveal(environ).get_secret_value()}"
    return SecretStr(f"Basic {base64.b64encode(pair.encode()).decode()}")


def _endpoint(url: str, *, secret: bool) -> str:
    if secret:
        require_private(url)
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise ValueError("one of its urls is no URL") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("its urls are addresses of Alertmanager, http://host:9093")
    if parsed.userinfo:
        raise ValueError("its urls hold a password; give it as username and password")
    return url.rstrip("/").removesuffix(_PATH)


CHANNEL: Final = ChannelKind(Options, build, Rate(10, timedelta(seconds=1)))
