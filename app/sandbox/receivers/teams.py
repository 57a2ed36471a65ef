"""Microsoft Teams: the webhook of a Workflow that posts Adaptive Cards to a channel.

The real one answers 202 as soon as its workflow has begun, and a card that cannot be posted fails in its run history.
This one tells at once, with the same words, so that a test sees it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, ClassVar, Final

from app.sandbox.messages import Request, Response, json_response
from app.sandbox.receiver import HttpReceiver
from app.sandbox.receivers.adaptive_card import card_problem, texts

MAX_BYTES: Final = 28_672
_CARD: Final = "application/vnd.microsoft.card.adaptive"


class Teams(HttpReceiver):
    """One team with one channel."""

    name = "teams"
    title = "Microsoft Teams"
    credentials: ClassVar[Mapping[str, str]] = {"TEAMS_WORKFLOW": "{hex:32}", "TEAMS_SIGNATURE": "{alnum:43}"}

    def __init__(self, secrets: Mapping[str, str], random: Random) -> None:
        super().__init__(secrets, random)
        self.cards: list[dict[str, Any]] = []

    def environment(self, port: int) -> dict[str, str]:
        path = f"/workflows/{self.secrets['TEAMS_WORKFLOW']}/triggers/manual/paths/invoke"
        query = f"api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={self.secrets['TEAMS_SIGNATURE']}"
        return {"TEAMS_WEBHOOK_URL": f"http://127.0.0.1:{port}{path}?{query}"}

    def board(self) -> list[dict[str, Any]]:
        """The channel as it reads, newest first."""
        return list(reversed(self.cards))

    def empty(self) -> None:
        super().empty()
        self.cards.clear()

    def refused(self, status: int) -> Response:
        if status == 429:
            return _error(
                429, "WorkflowTriggerIsThrottled", "The number of requests is over the limit. Try again later."
            )
        return _error(status, "ServiceUnavailable", "The service is temporarily unavailable.")

    def respond(self, request: Request) -> Response:
        if request.path != f"/workflows/{self.secrets['TEAMS_WORKFLOW']}/triggers/manual/paths/invoke":
            return _error(404, "WorkflowNotFound", "The workflow could not be found.")
        if request.query.get("sig") != self.secrets["TEAMS_SIGNATURE"]:
            return _error(401, "DirectApiInvalidAuthorizationScheme", "The request has no valid signature.")
        if request.method != "POST":
            return _error(405, "MethodNotAllowed", "The trigger takes POST.")
        message = request.fields()
        problem = _problem(message)
        if problem is not None:
            return _error(400, *problem)
        self._keep(request, message)
        return Response(202)

    def _keep(self, request: Request, message: dict[str, Any]) -> None:
        for card in _cards(message):
            lines = texts(card["body"])
            self.cards.append({"at": request.received_at.isoformat(), "lines": lines})
            del self.cards[:-200]
        summary = str(message.get("summary") or "Card")
        self.inbox.keep(request.received_at, summary, message)


def _problem(message: dict[str, Any]) -> tuple[str, str] | None:
    attachments = message.get("attachments")
    if message.get("type") != "message" or not isinstance(attachments, list) or not attachments:
        return "TriggerInputSchemaMismatch", "Required property 'attachments' expects a value but got null."
    for attachment in attachments:
        if not isinstance(attachment, dict) or attachment.get("contentType") != _CARD:
            return "TriggerInputSchemaMismatch", f"'contentType' must be '{_CARD}'."
        problem = card_problem(attachment.get("content"))
        if problem is not None:
            return "BadRequest", f"AdaptiveCards.AdaptiveSerializationException: {problem}"
    size = len(json.dumps(json.dumps(message, ensure_ascii=False), ensure_ascii=False).encode())
    if size > MAX_BYTES:
        words = f"Actual message properties size: {size} bytes, whereas max allowed size is {MAX_BYTES} bytes"
        return "BadRequest", f"MessageSizeExceeded-Message properties size exceeded. {words}"
    return None


def _cards(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for attachment in message["attachments"]:
        yield attachment["content"]


def _error(status: int, code: str, message: str) -> Response:
    return json_response(status, {"error": {"code": code, "message": message}})
