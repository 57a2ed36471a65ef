"""Slack: by incoming webhook (a message per change), or by bot (one message per incident, edited, with a thread)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
from pydantic import Field, SecretStr, model_validator

from alerts.channels.base import ChannelKind, Proof, Receipt, TransportError
from alerts.channels.http import parts_of, post, require_private, retry_after, shown
from alerts.channels.slack_blocks import MAX_TEXT, PLAIN, body_of, cut, escape
from alerts.messages import headline
from alerts.model import Action, Notification, Tier
from config.model import Declared
from config.rate import Rate
from config.secrets import SecretRef, resolve

_TRY_AGAIN: Final = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
_EMPTY: Final = frozenset({"invalid_payload", "no_text"})
"""How a webhook that works answers a message without content."""
_GONE: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


class Options(Declared):
    """Options of a `slack` channel: `webhook_url`, or `bot_token` with `channel`."""

    webhook_url: SecretRef | None = None
    bot_token: SecretRef | None = None
    channel: str | None = Field(None, min_length=1)
    url: str = Field("https://slack.com", description="Base of the Web API, for `bot_token`.")
    signing_secret: SecretRef | None = Field(
        None, description="Of the Slack app whose interactivity points at the hub: messages get buttons."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Options:
        if (self.webhook_url is None) == (self.bot_token is None):
            raise ValueError("give either webhook_url, or bot_token and channel")
        if self.bot_token is not None and self.channel is None:
            raise ValueError("bot_token needs a channel to post to")
        return self


@dataclass(frozen=True, slots=True)
class SlackWebhook:
    """Posts a new message for each change, because a webhook cannot edit."""

    webhook_url: SecretStr
    client: httpx.AsyncClient
    buttons: bool = False

    async def send(self, notification: Notification) -> Receipt:
        """Slack answers a webhook in plain text: `ok`, or the name of the error."""
        url = self.webhook_url.get_secret_value()
        now = notification.sent_at or notification.created_at
        secrets, body = parts_of(url), body_of(notification, buttons=self.buttons)
        answer = await post(self.client, url, now=now, secrets=secrets, json=body)
        return Receipt(answer.status_code, shown(answer, secrets))

    async def test(self, now: datetime) -> Proof:
        """Posts nothing: a webhook that works refuses an empty message as empty, one that is gone refuses otherwise."""
        url = self.webhook_url.get_secret_value()
        try:
            await post(self.client, url, now=now, secrets=parts_of(url), json={})
        except TransportError as err:
            if err.status != 400 or str(err).removeprefix("HTTP 400: ") not in _EMPTY:
                raise
        return Proof(400, "the webhook exists (an empty message was refused as empty)")


@dataclass(frozen=True, slots=True)
class SlackBot:
    """Keeps one message per incident up to date; each change is a reply in its thread."""

    bot_token: SecretStr
    channel: str
    url: str
    client: httpx.AsyncClient
    buttons: bool = False

    async def send(self, notification: Notification) -> Receipt:
        """A first message, or an edit of it and a reply. A retry repeats neither."""
        if notification.tier is Tier.REPORT:
            answer = await self._call(
                "chat.postMessage", _sent_at(notification), {"channel": self.channel, **self._body(notification)}
            )
            return Receipt(200, f"reported as {answer.get('ts', '?')}")
        posted = f"slack:posted:{notification.notification_id}"
        known = notification.receipt
        if known.get("slack:ts") and (notification.action is not Action.TRIGGER or posted in known):
            return await self._edit(notification, known["slack:ts"], known.get("slack:channel", self.channel))
        return await self._post(notification, posted)

    async def _post(self, notification: Notification, posted: str) -> Receipt:
        body = {"channel": self.channel, **self._body(notification)}
        answer = await self._call("chat.postMessage", _sent_at(notification), body)
        ts, channel = str(answer.get("ts", "")), str(answer.get("channel", self.channel))
        # The thread is addressed by the channel's id, which Slack answers with; a name would do only for posting.
        return Receipt(200, f"posted as {ts}", {"slack:ts": ts, "slack:channel": channel, posted: "1"})

    async def _edit(self, notification: Notification, ts: str, channel: str) -> Receipt:
        try:
            body = {"channel": channel, "ts": ts, **self._body(notification)}
            await self._call("chat.update", _sent_at(notification), body)
        except TransportError as err:
            if str(err).removeprefix("slack: ") not in _GONE:
                raise
            return await self._post(notification, f"slack:posted:{notification.notification_id}")
        text = cut(escape(headline(notification)), MAX_TEXT)
        reply = {"channel": channel, "thread_ts": ts, "text": text, "mrkdwn": False, **PLAIN}
        await self._call("chat.postMessage", _sent_at(notification), reply)
        return Receipt(200, f"updated {ts}")

    async def test(self, now: datetime) -> Proof:
        """`auth.test`: the token is good. Nobody sees anything."""
        answer = await self._call("auth.test", now, {})
        return Proof(200, f"the token is good for {answer.get('team', 'its workspace')}"[:200])

    def _body(self, notification: Notification) -> dict[str, Any]:
        return body_of(notification, buttons=self.buttons)

    async def _call(self, method: str, now: datetime, body: dict[str, Any]) -> dict[str, Any]:
        token = self.bot_token.get_secret_value()
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.url}/api/{method}"
        answer = await post(self.client, url, now=now, secrets=(token,), json=body, headers=headers)
        try:
            found = answer.json()
        except ValueError as err:
            raise TransportError("slack: the answer is not JSON", permanent=False, status=answer.status_code) from err
        if isinstance(found, dict) and found.get("ok") is True:
            return found
        error = str(found.get("error", "unknown_error")) if isinstance(found, dict) else "unknown_error"
        raise TransportError(
            f"slack: {error}",
            permanent=error not in _TRY_AGAIN,
            retry_after_s=retry_after(answer.headers, now),
            status=answer.status_code,
        )


def _sent_at(notification: Notification) -> datetime:
    return notification.sent_at or notification.created_at


def build(options: Options, environ: Mapping[str, str], client: httpx.AsyncClient) -> SlackWebhook | SlackBot:
    """Raises UnresolvedReference, or ValueError for an address that would show the secret."""
    buttons = options.signing_secret is not None
    if options.webhook_url is not None:
        secret = options.webhook_url.reveal(environ)
        require_private(secret.get_secret_value())
        return SlackWebhook(secret, client, buttons)
    if options.bot_token is None or options.channel is None:
        raise ValueError("give either webhook_url, or bot_token and channel")
    url = require_private(resolve(options.url, environ)).rstrip("/").removesuffix("/api")
    return SlackBot(options.bot_token.reveal(environ), resolve(options.channel, environ), url, client, buttons)


CHANNEL: Final = ChannelKind(Options, build, Rate(1, timedelta(seconds=1)))
