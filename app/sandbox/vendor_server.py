"""One vendor on its port: the simulator's answers, its latency, and the faults that are on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random

from app.sandbox.faults import FaultSwitches
from app.sandbox.messages import Delivery, Manner, Request, Response
from app.sandbox.mutations import (
    corrupted,
    with_announced_end,
    with_changed_schema,
    with_softly_changed_schema,
)
from app.sandbox.simulator import Simulator


class VendorServer:
    """Answers requests for one simulator.

    Latency, reset, TLS and refusal touch every call; the other faults spare the token endpoint, except that a revoked
    credential gets no new token either.
    """

    def __init__(self, simulator: Simulator, faults: FaultSwitches, random: Random, latency_scale: float) -> None:
        self.simulator = simulator
        self.faults = faults
        self._random = random
        self._latency_scale = latency_scale
        self._in_flight = 0

    async def answer(self, request: Request) -> Delivery:
        """The whole service of one request, the wait included."""
        self._in_flight += 1
        try:
            request = replace(request, in_flight=self._in_flight)
            delivery = self._delivery(request)
            await asyncio.sleep(self._seconds(request))
        finally:
            self._in_flight -= 1
        return delivery

    def _delivery(self, request: Request) -> Delivery:
        is_token_call = self.simulator.is_token_call(request)
        response = self._token_response(request) if is_token_call else self._api_response(request)
        if self.faults.is_on("reset"):
            return Delivery(response, Manner.RESET)
        if is_token_call:
            return Delivery(response)
        if self.faults.is_on("truncated-body"):
            return Delivery(response, Manner.TRUNCATED)
        pause_ms = self.faults.number("slow-drip")
        return Delivery(response) if pause_ms is None else Delivery(response, Manner.DRIP, pause_ms / 1000)

    def _token_response(self, request: Request) -> Response:
        return (self.simulator.grant_denied if self.faults.is_on("token-revoked") else self.simulator.respond)(request)

    def _api_response(self, request: Request) -> Response:
        if self._random.random() < (self.faults.number("error-rate") or 0.0):
            return self.simulator.broken(request)
        if self.faults.is_on("token-revoked"):
            return self.simulator.denied(request)
        if self.faults.is_on("throttle"):
            return self.simulator.throttled(request)
        response = self._changed(self.simulator.respond(request), request)
        return corrupted(response) if self.faults.is_on("corrupt-body") else response

    def _changed(self, response: Response, request: Request) -> Response:
        if self.faults.is_on("schema-change"):
            response = with_changed_schema(response)
        if self.faults.is_on("soft-change"):
            response = with_softly_changed_schema(response)
        if self.faults.is_on("version-fall-forward"):
            response = response.with_headers(self.simulator.fallen_forward())
        days = self.faults.number("deprecation")
        return response if days is None else with_announced_end(response, request, days)

    def _seconds(self, request: Request) -> float:
        usual = self.simulator.profile.draw(request.received_at, self._random).total_seconds() * self._latency_scale
        fault = self.faults.text("latency")
        if fault is None:
            return usual
        return usual * float(fault[1:]) if fault.startswith("x") else float(fault) / 1000
