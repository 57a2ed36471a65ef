"""A plain HTTP target: takes whatever is posted to it. The other end of webhooks, and of Apprise's `json://`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from app.sandbox.messages import Request, Response, json_response, text_response
from app.sandbox.receiver import HttpReceiver


class HttpTarget(HttpReceiver):
    """One secret path."""

    name = "http"
    title = "HTTP target"
    credentials: ClassVar[Mapping[str, str]] = {"HTTP_TARGET_TOKEN": "{alnum:32}"}

    def environment(self, port: int) -> dict[str, str]:
        place = f"127.0.0.1:{port}/{self.secrets['HTTP_TARGET_TOKEN']}"
        return {"HTTP_TARGET_URL": f"http://{place}", "APPRISE_URL": f"json://{place}"}

    def refused(self, status: int) -> Response:
        return text_response(status, "refused")

    def respond(self, request: Request) -> Response:
        if request.path.strip("/") != self.secrets["HTTP_TARGET_TOKEN"]:
            return text_response(404, "not found")
        if request.method not in ("POST", "PUT"):
            return text_response(405, "POST or PUT")
        body = request.fields() or {"text": request.body.decode("utf-8", "replace")}
        line = str(body.get("title") or body.get("headline") or body.get("text") or "(no title)")
        headers = {name: value for name, value in request.headers.items() if name.startswith("x-leadline-")}
        self.inbox.keep(request.received_at, line, {**body, **({"headers": headers} if headers else {})})
        return json_response(200, {"ok": True})
