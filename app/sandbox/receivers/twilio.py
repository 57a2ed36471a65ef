"""Twilio Programmable Messaging: one SMS by form post, with Twilio's error numbers."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping
from email.utils import format_datetime
from typing import ClassVar, Final

from app.sandbox.messages import Request, Response, json_response
from app.sandbox.receiver import HttpReceiver

_E164: Final = re.compile(r"\+[1-9]\d{6,14}")
_OPTED_OUT: Final = "+15005550004"
"""Twilio's own magic number for a recipient who wrote STOP."""
_GSM_7: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_7_TWICE: Final = frozenset("^{}\\[~]|€\f")


class Twilio(HttpReceiver):
    """`/2010-04-01/Accounts/{sid}/Messages.json`, and the account itself at `/2010-04-01/Accounts/{sid}.json`."""

    name = "twilio"
    title = "Twilio SMS"
    credentials: ClassVar[Mapping[str, str]] = {
        "TWILIO_ACCOUNT_SID": "AC{hex:32}",
        "TWILIO_AUTH_TOKEN": "{hex:32}",
    }

    def environment(self, port: int) -> dict[str, str]:
        return {"TWILIO_URL": f"http://127.0.0.1:{port}"}

    def refused(self, status: int) -> Response:
        return _error(status, 20429, "Too Many Requests") if status == 429 else _error(status, 20500, "Internal error")

    def respond(self, request: Request) -> Response:
        account = self.secrets["TWILIO_ACCOUNT_SID"]
        if request.credential("Basic") != self._basic():
            return _error(401, 20003, "Authenticate")
        if request.method == "GET" and request.path == f"/2010-04-01/Accounts/{account}.json":
            return json_response(200, {"sid": account, "status": "active", "type": "Full"})
        if request.method != "POST" or request.path != f"/2010-04-01/Accounts/{account}/Messages.json":
            return _error(404, 20404, f"The requested resource {request.path} was not found")
        form = request.form()
        return _problem(form) or self._accept(request, form)

    def _accept(self, request: Request, form: dict[str, str]) -> Response:
        body, to = form["Body"], form["To"]
        count = segments(body)
        sid = f"SM{self.hex(32)}"
        content = {"sid": sid, "to": to, "from": form["From"], "body": body, "num_segments": count}
        self.inbox.keep(request.received_at, f"SMS to {to}: {body}", content)
        account = self.secrets["TWILIO_ACCOUNT_SID"]
        created = format_datetime(request.received_at)
        return json_response(
            201,
            {
                **content,
                "num_segments": str(count),
                "account_sid": account,
                "status": "queued",
                "direction": "outbound-api",
                "date_created": created,
                "date_updated": created,
                "date_sent": None,
                "error_code": None,
                "error_message": None,
                "uri": f"/2010-04-01/Accounts/{account}/Messages/{sid}.json",
            },
        )

    def _basic(self) -> str:
        pair = f"{self.secrets['TWILIO_ACCOUNT_SID']}:{self.secrets['TWILIO_AUTH_TOKEN']}"
        return base64.b64encode(pair.encode()).decode()


def segments(body: str) -> int:
    """How many messages are billed: 160 (then 153) GSM-7 characters each, or 70 (then 67) UTF-16 units."""
    if all(character in _GSM_7 or character in _GSM_7_TWICE for character in body):
        units, single, joined = sum(2 if character in _GSM_7_TWICE else 1 for character in body), 160, 153
    else:
        units, single, joined = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if units <= single else math.ceil(units / joined)


def _problem(form: dict[str, str]) -> Response | None:
    to, sender, body = form.get("To", ""), form.get("From", ""), form.get("Body", "")
    if not to:
        return _error(400, 21604, "A 'To' phone number is required.")
    if not _E164.fullmatch(to):
        return _error(400, 21211, f"Invalid 'To' Phone Number: {to}")
    if to == _OPTED_OUT:
        return _error(400, 21610, "Attempt to send to unsubscribed recipient")
    if not _E164.fullmatch(sender):
        return _error(400, 21212, f"Invalid From Number (caller ID): {sender}")
    return _body_problem(body)


def _body_problem(body: str) -> Response | None:
    if not body:
        return _error(400, 21602, "Message body is required.")
    if len(body) > 1600:
        return _error(400, 21617, "The concatenated message body exceeds the 1600 character limit")
    return None


def _error(status: int, code: int, message: str) -> Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return json_response(status, {"code": code, "message": message, "more_info": more, "status": status})
