"""Slack: an incoming webhook (plain-text answers) and the Web API methods that an alert channel uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from app.sandbox.messages import Request, Response, json_response, text_response
from app.sandbox.receiver import HttpReceiver
from app.sandbox.receivers.slack_blocks import too_long, valid_blocks
from app.sandbox.telling_back import ActError, Webhook, hmac_sha256

CHANNEL: Final = "C0LEADLINE"


class Slack(HttpReceiver):
    """One workspace with one channel, `#integrations`."""

    name = "slack"
    title = "Slack"
    credentials: ClassVar[Mapping[str, str]] = {
        "SLACK_BOT_TOKEN": "xoxb-{digits:12}-{digits:12}-{alnum:24}",
        "SLACK_WEBHOOK_PATH": "T{upper:8}/B{upper:8}/{alnum:24}",
        "SLACK_SIGNING_SECRET": "{hex:32}",
    }
    acts = ("acknowledge", "resolve", "silence_1h")

    def __init__(self, secrets: Mapping[str, str], random: Random) -> None:
        super().__init__(secrets, random)
        self.messages: dict[str, dict[str, Any]] = {}

    def environment(self, port: int) -> dict[str, str]:
        base = f"http://127.0.0.1:{port}"
        webhook = f"{base}/services/{self.secrets['SLACK_WEBHOOK_PATH']}"
        return {"SLACK_URL": base, "SLACK_WEBHOOK_URL": webhook, "SLACK_CHANNEL": CHANNEL}

    def board(self) -> list[dict[str, Any]]:
        """The channel as it reads now, newest first: edits applied, threads marked."""
        return list(reversed(self.messages.values()))

    def act(self, act: str, key: str, who: str, at: datetime) -> Webhook:
        """Presses a button of the message with that `ts`, and tells of it as interactivity does."""
        message = self.messages.get(key, {})
        pressed = [one for one in _buttons(message) if str(one.get("action_id", "")).endswith(f".{act}")]
        if not pressed:
            raise ActError(f"no message {key!r} with a button to {act}")
        payload = {
            "type": "block_actions",
            "user": {"id": "UADA", "username": who, "name": who, "team_id": "T0LEADLINE"},
            "channel": {"id": CHANNEL, "name": "integrations"},
            "message": {"type": "message", "ts": key, "text": message.get("text", "")},
            "actions": [{**pressed[0], "action_ts": f"{at.timestamp():.6f}"}],
        }
        body, stamp = urlencode({"payload": json.dumps(payload)}).encode(), str(int(at.timestamp()))
        signature = hmac_sha256(self.secrets["SLACK_SIGNING_SECRET"], b"v0:" + stamp.encode() + b":" + body)
        return Webhook(
            body,
            {
                "X-Slack-Signature": f"v0={signature}",
                "X-Slack-Request-Timestamp": stamp,
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )

    def empty(self) -> None:
        super().empty()
        self.messages.clear()

    def refused(self, status: int) -> Response:
        return text_response(status, "rate_limited" if status == 429 else "internal_error")

    def respond(self, request: Request) -> Response:
        if request.path.startswith("/services/"):
            return self._webhook(request)
        methods = {
            "/api/chat.postMessage": self._post_message,
            "/api/chat.update": self._update,
            "/api/auth.test": self._auth_test,
        }
        method = methods.get(request.path)
        if method is None:
            return _failed("unknown_method")
        if request.credential() is None:
            return _failed("not_authed")
        if request.credential() != self.secrets["SLACK_BOT_TOKEN"]:
            return _failed("invalid_auth")
        return method(request, _arguments(request))

    def _webhook(self, request: Request) -> Response:
        if request.path != f"/services/{self.secrets['SLACK_WEBHOOK_PATH']}":
            return text_response(404, "no_service")
        message = request.fields()
        if not message:
            return text_response(400, "invalid_payload")
        problem = _problem(message)
        if problem:
            return text_response(400, problem)
        self._put(request, self._timestamp(request), message, "webhook")
        return text_response(200, "ok")

    def _post_message(self, request: Request, message: dict[str, Any]) -> Response:
        if message.get("channel") not in (CHANNEL, "#integrations"):
            return _failed("channel_not_found")
        problem = _problem(message)
        if problem:
            return _failed(problem)
        timestamp = self._timestamp(request)
        self._put(request, timestamp, message, "chat.postMessage")
        shown = {"type": "message", "text": message.get("text", ""), "ts": timestamp, "bot_id": "B0LEADLINE"}
        return json_response(200, {"ok": True, "channel": CHANNEL, "ts": timestamp, "message": shown})

    def _update(self, request: Request, message: dict[str, Any]) -> Response:
        timestamp = str(message.get("ts"))
        if message.get("channel") != CHANNEL:
            return _failed("channel_not_found")
        if timestamp not in self.messages:
            return _failed("message_not_found")
        problem = _problem(message)
        if problem:
            return _failed(problem)
        self._put(request, timestamp, message, "chat.update")
        return json_response(200, {"ok": True, "channel": CHANNEL, "ts": timestamp, "text": message.get("text", "")})

    def _auth_test(self, request: Request, _arguments: dict[str, Any]) -> Response:
        return json_response(
            200,
            {
                "ok": True,
                "url": "https://leadline-demo.slack.com/",
                "team": "Leadline Demo",
                "user": "leadline",
                "team_id": "T0LEADLINE",
                "user_id": "U0LEADLINE",
                "bot_id": "B0LEADLINE",
            },
        )

    def _put(self, request: Request, timestamp: str, message: dict[str, Any], method: str) -> None:
        text = str(message.get("text", ""))
        content: dict[str, Any] = {
            name: message[name] for name in ("text", "blocks", "attachments", "thread_ts") if name in message
        }
        self.inbox.keep(request.received_at, text, {"method": method, "ts": timestamp, **content})
        before = self.messages.get(timestamp, {"edits": -1})
        at = request.received_at.isoformat()
        self.messages[timestamp] = {"ts": timestamp, "at": at, **content, "edits": before["edits"] + 1}
        while len(self.messages) > 500:
            del self.messages[next(iter(self.messages))]

    def _timestamp(self, request: Request) -> str:
        # Slack's `ts` is unique in a channel, and so identifies the message.
        micros = int(request.received_at.timestamp() * 1_000_000)
        while (text := f"{micros // 1_000_000}.{micros % 1_000_000:06d}") in self.messages:
            micros += 1
        return text


def _buttons(message: dict[str, Any]) -> list[dict[str, Any]]:
    blocks = [block for block in message.get("blocks", []) if block.get("type") == "actions"]
    return [element for block in blocks for element in block.get("elements", []) if element.get("type") == "button"]


def _arguments(request: Request) -> dict[str, Any]:
    return request.fields() or dict(request.form())


def _problem(message: dict[str, Any]) -> str | None:
    if not any(message.get(name) for name in ("text", "blocks", "attachments")):
        return "no_text"
    if not valid_blocks(message.get("blocks", [])):
        return "invalid_blocks"
    return "msg_blocks_too_long" if too_long(message) else None


def _failed(error: str) -> Response:
    return json_response(200, {"ok": False, "error": error})
