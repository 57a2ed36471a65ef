"""The admin endpoint: fault switches, what the receivers got, and a page with both."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from app.sandbox.faults import FaultError
from app.sandbox.messages import Delivery, Request, Response, html_response, json_response
from app.sandbox.pages import VendorRow, front_page, received_page
from app.sandbox.receiver import Receiver
from app.sandbox.simulator import Simulator
from app.sandbox.targets import Target
from app.sandbox.telling_back import ActError, checked, send

_FORM: Final = "application/x-www-form-urlencoded"
_LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost"})


class Admin:
    """`/`, `/health`, `/faults[/TARGET[/FAULT]]`, `/received[/RECEIVER]`."""

    def __init__(
        self,
        instance: str,
        targets: Mapping[str, Target],
        vendors: Mapping[str, Simulator],
        receivers: Mapping[str, Receiver],
    ) -> None:
        self._instance = instance
        self._targets = targets
        self._vendors = vendors
        self._receivers = receivers

    async def answer(self, request: Request) -> Delivery:
        """One request."""
        # A page that resolves a foreign name to loopback must not reach this (DNS rebinding).
        if request.headers.get("host", "").rsplit(":", 1)[0] not in _LOOPBACK_NAMES:
            return Delivery(_error(403, "the sandbox answers to 127.0.0.1 and localhost only"))
        head, *rest = [part for part in request.path.split("/") if part] or [""]
        sections: dict[str, Callable[[Request, list[str]], Awaitable[Response]]] = {
            "": self._front,
            "health": self._health,
            "faults": self._faults,
            "received": self._received,
        }
        section = sections.get(head)
        response = _error(404, f"no such page: {request.path}") if section is None else await section(request, rest)
        return Delivery(response)

    async def _front(self, request: Request, rest: list[str]) -> Response:
        rows = [
            VendorRow(
                name,
                vendor.title,
                f"https://127.0.0.1:{self._targets[name].listener.port}",
                vendor.profile.usual_ms(request.received_at),
                self._targets[name].faults.active(),
            )
            for name, vendor in self._vendors.items()
        ]
        return html_response(200, front_page(rows, self._receivers.values()))

    async def _health(self, request: Request, rest: list[str]) -> Response:
        return json_response(200, {"instance": self._instance})

    async def _faults(self, request: Request, rest: list[str]) -> Response:
        if not rest:
            if request.method != "GET":
                return _error(405, "name a vendor or receiver: PUT or DELETE /faults/NAME")
            return json_response(200, {name: target.faults.active() for name, target in self._targets.items()})
        target = self._targets.get(rest[0])
        if target is None:
            return _error(404, f"unknown vendor or receiver {rest[0]!r}; valid: {', '.join(self._targets)}")
        try:
            refused = await self._change(request, target, rest[1:])
        except FaultError as err:
            return _error(400, str(err))
        return refused or json_response(200, target.faults.active())

    async def _change(self, request: Request, target: Target, rest: list[str]) -> Response | None:
        if request.method == "DELETE" and len(rest) <= 1:
            await target.clear_faults(rest[0] if rest else None)
        elif request.method == "PUT" and not rest:
            await target.set_faults(_object(request))
        elif request.method != "GET" or rest:
            return _error(405, 'use GET, PUT {"FAULT": VALUE} or DELETE on /faults/NAME, DELETE on /faults/NAME/FAULT')
        return None

    async def _received(self, request: Request, rest: list[str]) -> Response:
        if not rest:
            return json_response(200, {name: _received(one) for name, one in self._receivers.items()})
        receiver = self._receivers.get(rest[0])
        if receiver is None:
            return _error(404, f"unknown receiver {rest[0]!r}; valid: {', '.join(self._receivers)}")
        if request.method == "DELETE":
            receiver.empty()
        elif request.method in ("PUT", "POST"):
            return await self._told_back(request, receiver)
        elif request.method != "GET":
            return _error(405, "use GET, PUT, POST or DELETE")
        wants_page = "text/html" in request.headers.get("accept", "")
        return html_response(200, received_page(receiver)) if wants_page else json_response(200, _received(receiver))

    async def _told_back(self, request: Request, receiver: Receiver) -> Response:
        """PUT says where the hub listens; POST does something there, by a program or by a button on the page."""
        is_form = request.headers.get("content-type", "").startswith(_FORM)
        if is_form and request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return _error(403, "only the sandbox's own pages may do that")
        given = request.form() if is_form else request.fields()
        try:
            if request.method == "PUT":
                receiver.webhook = checked(given.get("webhook"))
                return json_response(200, {"webhook": receiver.webhook})
            if receiver.webhook is None:
                return _error(409, f'nobody listens: PUT {{"webhook": ADDRESS}} on /received/{receiver.name} first')
            who = str(given.get("who") or "ada")
            told = receiver.act(str(given.get("act")), str(given.get("key")), who, request.received_at)
            status = await send(receiver.webhook, told)
        except ActError as err:
            return _error(409, str(err))
        if is_form:
            return Response(303, headers={"Location": f"/received/{receiver.name}"})
        return json_response(200, {"answered": status})


def _received(receiver: Receiver) -> dict[str, Any]:
    return {
        "receiver": receiver.name,
        "now": receiver.board(),
        "received": [message.as_json() for message in receiver.inbox.messages()],
    }


def _object(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as err:
        raise FaultError('the body is no JSON; send {"FAULT": VALUE}') from err
    if not isinstance(body, dict) or not body:
        raise FaultError('the body names no fault; send {"FAULT": VALUE}')
    return body


def _error(status: int, message: str) -> Response:
    return json_response(status, {"error": message})
