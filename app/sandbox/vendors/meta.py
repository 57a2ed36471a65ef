"""Meta Conversions API: events with de-duplication by `event_id`, usage as percentages in JSON headers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Any, ClassVar, Final

from app.sandbox.latency import LatencyProfile
from app.sandbox.limits import RollingWindow
from app.sandbox.messages import Request, Response, json_response
from app.sandbox.records import Records
from app.sandbox.simulator import Route, Simulator, route

CURRENT: Final = 21
OLDEST: Final = 20
DEAD: Final = 15
_HOUR: Final = timedelta(hours=1)
_MATCH_WORTH: Final = {
    "em": 3.0, "ph": 2.0, "external_id": 1.2, "fbc": 1.0, "fbp": 0.9, "client_ip_address": 0.7,
    "client_user_agent": 0.4, "fn": 0.3, "ln": 0.3, "ct": 0.2, "zp": 0.2, "country": 0.1,
}  # fmt: skip


class Meta(Simulator):
    """One app, one pixel; limits are only ever told as percentages of a rolling hour."""

    name = "meta"
    title = "Meta Conversions API"
    profile = LatencyProfile(base_ms=120, afternoon=0.45, weekend=0.9, noise=0.18, tail=0.01, peak_hour=19, width_h=4.5)
    credentials: ClassVar[Mapping[str, str]] = {"META_ACCESS_TOKEN": "EAAB{alnum:120}", "META_PIXEL_ID": "{digits:15}"}

    def __init__(self, secrets: Mapping[str, str], random: Random) -> None:
        super().__init__(secrets, random)
        self.app_calls = RollingWindow(limit=4800, window=_HOUR)
        self.pixel_calls = RollingWindow(limit=3600, window=_HOUR)
        self.events = Records(life=timedelta(hours=48))
        self.quality: dict[str, float] = {}

    def routes(self) -> tuple[Route, ...]:
        return (
            route("POST", "/v{version}/{pixel}/events", self._versioned(self._events)),
            route("GET", "/v{version}/dataset_quality", self._versioned(self._dataset_quality)),
        )

    def refusal(self, request: Request) -> Response | None:
        if request.credential() != self.secret("ACCESS_TOKEN"):
            text = "Invalid OAuth access token - Cannot parse access token"
            return self._error(400, text, code=190)
        if not self.app_calls.take(request.received_at):
            return self.throttled(request)
        if not self.pixel_calls.take(request.received_at):
            text = "User request limit reached"
            refused = self._error(400, text, code=17, error_subcode=2446079, is_transient=False)
            return refused.with_headers(self.headers(request))
        return None

    def headers(self, request: Request) -> dict[str, str]:
        app = _percent(self.app_calls, request)
        pixel = {"type": "ads_management", **_usage(_percent(self.pixel_calls, request))}
        wait = 0 if pixel["call_count"] < 100 else 60
        by_business = {self.secret("PIXEL_ID"): [{**pixel, "estimated_time_to_regain_access": wait}]}
        return {
            "X-App-Usage": json.dumps(_usage(app)),
            "X-Business-Use-Case-Usage": json.dumps(by_business),
            "X-FB-Trace-Id": self._trace(),
            "Facebook-API-Version": f"v{CURRENT}.0",
        }

    def fallen_forward(self) -> dict[str, str]:
        warning = f"The call has been auto-upgraded to v{CURRENT + 1}.0 as v{CURRENT}.0 has been deprecated."
        return {"Facebook-API-Version": f"v{CURRENT + 1}.0", "X-Ad-Api-Version-Warning": warning}

    def not_found(self, request: Request) -> Response:
        return self._error(400, f"Unknown path components: {request.path}", code=2500)

    def throttled(self, request: Request) -> Response:
        refused = self._error(403, "(#4) Application request limit reached", code=4, is_transient=True)
        return refused.with_headers({"X-App-Usage": json.dumps(_usage(100))})

    def denied(self, request: Request) -> Response:
        text = "Error validating access token: The session has been invalidated because the user changed their password"
        return self._error(400, text, code=190, error_subcode=460)

    def grant_denied(self, request: Request) -> Response:
        return self.denied(request)

    def broken(self, request: Request) -> Response:
        text = "An unexpected error has occurred. Please retry your request later."
        return self._error(500, text, code=2, is_transient=True)

    def _versioned(self, handle: Callable[..., Response]) -> Callable[..., Response]:
        def checked(request: Request, version: str, **groups: str) -> Response:
            major = re.match(r"\d+", version)
            if major is None or int(major.group()) <= DEAD:
                text = f"(#2635) You are calling a deprecated version of the Ads API. Please update to v{CURRENT}.0."
                return self._error(400, text, code=2635)
            response = handle(request, **groups)
            if int(major.group()) >= OLDEST:
                return response
            warning = f"The call has been auto-upgraded to v{CURRENT}.0 as v{version} has been deprecated."
            return response.with_headers({"X-Ad-Api-Version-Warning": warning})

        return checked

    def _events(self, request: Request, pixel: str) -> Response:
        if pixel != self.secret("PIXEL_ID"):
            text = f"Unsupported post request. Object with ID '{pixel}' does not exist"
            return self._error(400, text, code=100, error_subcode=33)
        events = request.fields().get("data")
        if not isinstance(events, list) or not events or len(events) > 1000:
            return self._error(400, "Invalid parameter: data must hold 1 to 1000 events", code=100)
        for position, event in enumerate(events):
            missing = _missing(event)
            if missing:
                return self._error(400, f"Invalid parameter: data[{position}] lacks {missing}", code=100,
                                   error_subcode=2804003)  # fmt: skip
        for event in events:
            self._keep(request, event)
        return json_response(200, {"events_received": len(events), "messages": [], "fbtrace_id": self._trace()})

    def _keep(self, request: Request, event: dict[str, Any]) -> None:
        name, event_id = str(event["event_name"]), str(event.get("event_id") or self.uuid())
        key = f"{name}/{event_id}"
        known = self.events.get(key)
        seen = 1 if known is None else known.fields["seen"] + 1
        self.events.put(key, {"event_name": name, "event_id": event_id, "seen": seen}, request.received_at)
        score = min(10.0, 2.0 + sum(_MATCH_WORTH.get(field, 0.0) for field in event["user_data"]))
        before = self.quality.get(name, score)
        self.quality[name] = before + (score - before) * 0.2
        while len(self.quality) > 50:
            del self.quality[next(iter(self.quality))]

    def _dataset_quality(self, request: Request) -> Response:
        if request.query.get("dataset_id") != self.secret("PIXEL_ID"):
            return self._error(400, "Invalid parameter: dataset_id", code=100)
        rows = [self._quality_row(request, name) for name in self.quality]
        return json_response(200, {"web": rows})

    def _quality_row(self, request: Request, name: str) -> dict[str, Any]:
        kept = [e.fields for e in self.events.visible(request.received_at) if e.fields["event_name"] == name]
        repeats = sum(1 for fields in kept if fields["seen"] > 1)
        percentage = 100 * repeats / len(kept) if kept else 0.0
        return {
            "event_name": name,
            "event_match_quality": {"composite_score": round(self.quality[name], 1)},
            "dedupe_key_feedback": [
                {
                    "dedupe_key": "event_id",
                    "overall_browser_coverage_from_dedupe_key": {"percentage": round(percentage, 1)},
                }
            ],
        }

    def _error(self, status: int, message: str, **rest: object) -> Response:
        trace = self._trace()
        error = {"message": message, "type": "OAuthException", **rest, "fbtrace_id": trace}
        return json_response(status, {"error": error}, {"X-FB-Trace-Id": trace})

    def _trace(self) -> str:
        return f"A{self.hex(22)}"


def _missing(event: object) -> str | None:
    if not isinstance(event, dict):
        return "everything"
    if not isinstance(event.get("user_data"), dict) or not event["user_data"]:
        return "user_data"
    return next((name for name in ("event_name", "event_time", "action_source") if not event.get(name)), None)


def _percent(window: RollingWindow, request: Request) -> int:
    return int(100 * window.used(request.received_at) / window.limit)


def _usage(percent: int) -> dict[str, Any]:
    return {"call_count": percent, "total_cputime": percent // 3, "total_time": percent // 2}
