"""354 integrations in three regions: a real hub on a store with two days of history, and probers that go on telling it.

A few are down, down in one region only, throttled or slow, so that there is something to see.
"""

from __future__ import annotations

import json
import random
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import plain_http
from leadline_processes import Process, eventually, running

from probes.model import Batch, Failure, FailureKind, Heartbeat, Outcome, Run, Timings
from probes.wire import dump_batch, dump_heartbeat, pack
from tests.benchmarks.crowd import CROWD, REGIONS, STEPS
from tests.benchmarks.prober_load import runs
from tests.benchmarks.store_made import ROWS_A_DAY, made

DAYS: Final = 2
VENDORS: Final = (
    ("HubSpot CRM", "hubspot", "lead-routing", "growth-integrations", "critical"),
    ("Salesforce", "salesforce", "quotes", "sales-systems", "critical"),
    ("Marketo Engage", "marketo", "nurture", "growth-integrations", "important"),
    ("Google Ads", "google_ads", "bidding", "paid-media", "important"),
    ("Meta Conversions API", "meta", "attribution", "paid-media", "important"),
    ("Shopify", "shopify", "checkout", "commerce", "critical"),
    ("Klaviyo", "klaviyo", "newsletter", "lifecycle", "minor"),
    ("GitHub", "github", "releases", "platform", "minor"),
    ("Zendesk", "generic", "support", "service-desk", "minor"),
)
_BROKEN: Final = Failure(FailureKind.STATUS_5XX, "503 Service Unavailable from GET /4", retryable=True)
_THROTTLED: Final = Failure(FailureKind.THROTTLED, "429 Too Many Requests, Retry-After 30 s", retryable=True)
_TICK_S: Final = 10.0


@contextmanager
def many_hub() -> Iterator[str]:
    """Its address, once it has judged what the probers tell."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _declare(folder / "monitoring")
        _remember(folder / "data")
        hub = ("hub", str(folder / "monitoring"), "--data", str(folder / "data"), "--port", "0")
        tokens = {f"TOKEN_{region.upper()}": _token(region) for region in REGIONS}
        with running(Process(hub, folder / "hub.log", tokens)) as process:
            url = process.said(r"hub listening on (http\S+)")
            with _told(url):
                eventually(lambda: _down(url), what="something down")
                yield url


def _token(region: str) -> str:
    return f"many-{region}"


def _declare(folder: Path) -> None:
    folder.mkdir(parents=True)
    regions = ", ".join(f"{{name: {region}, token: '${{env:TOKEN_{region.upper()}}}'}}" for region in REGIONS)
    (folder / "leadline.yaml").write_text(f"regions: [{regions}]\n")
    for n in range(CROWD):
        # JSON is YAML.
        (folder / f"vendor-{n:03}.yaml").write_text(json.dumps(_declared(n), indent=1))


def _declared(n: int) -> dict[str, object]:
    title, vendor, flow, owner, tier = VENDORS[n % len(VENDORS)]
    steps = [{"name": f"step-{place}", "request": {"path": f"/{place}"}} for place in range(STEPS)]
    return {
        "integration": f"vendor-{n:03}",
        "title": f"{title} {n // len(VENDORS) + 1}",
        "vendor": vendor,
        "tier": tier,
        "flows": [flow],
        "owner": owner,
        "base_url": "https://api.example.com",
        "objectives": [
            {"sli": "availability", "target": "99.9%"},
            {"sli": "latency", "target": "95%", "threshold": f"{300 + n}ms"},
        ],
        "workflows": [{"name": "flow", "every": "60s", "regions": list(REGIONS), "steps": steps}],
    }


def _remember(data: Path) -> None:
    with made(data, int(ROWS_A_DAY * DAYS)):
        pass
    (data / "bench.duckdb").rename(data / "leadline.duckdb")
    (data / "made.json").unlink()


@contextmanager
def _told(url: str) -> Iterator[None]:
    ended = threading.Event()
    threads = [threading.Thread(target=_tell, args=(url, region, ended), daemon=True) for region in REGIONS]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join(30)


def _tell(url: str, region: str, ended: threading.Event) -> None:
    """Ten minutes of the past at once, then what is due, for as long as anybody looks."""
    started = datetime.now(UTC) - timedelta(minutes=10)
    coming, chance, number = runs(REGIONS.index(region), region, started), random.Random(region), 1
    headers = {"Authorization": f"Bearer {_token(region)}", "Content-Encoding": "gzip"}
    waiting = next(coming)
    while not ended.is_set():
        due: list[Run] = []
        while waiting.scheduled_at <= datetime.now(UTC) and len(due) < 2000:
            due.append(_as_it_is(waiting, chance))
            waiting = next(coming)
        now = datetime.now(UTC)
        beat = Heartbeat(f"prober-{region}", region, "0.1.0", started, now, 0.8, 0, "")
        plain_http.post(
            f"{url}/api/v1/prober/heartbeat", content=pack(dump_heartbeat(beat)), headers=headers, timeout=60
        )
        if due:
            body = pack(dump_batch(Batch(f"prober-{region}", region, number, tuple(due))))
            plain_http.post(f"{url}/api/v1/prober/batches", content=body, headers=headers, timeout=60)
            number += len(due)
        ended.wait(_TICK_S)


def _as_it_is(run: Run, chance: random.Random) -> Run:
    n = int(run.integration.removeprefix("vendor-"))
    if n % 71 == 3 or (n % 97 == 11 and run.region == "eu"):
        return _ended(run, Outcome.FAILED, _BROKEN, 503)
    if n % 113 == 7:
        return _ended(run, Outcome.THROTTLED, _THROTTLED, 429)
    return _slowed(run, chance.uniform(2.5, 3.5)) if n % 53 == 5 else run


def _ended(run: Run, outcome: Outcome, failure: Failure, status: int) -> Run:
    last = replace(run.steps[-1], outcome=outcome, failure=failure, status=status)
    return replace(run, outcome=outcome, failure=failure, failed_step=last.name, steps=(*run.steps[:-1], last))


def _slowed(run: Run, factor: float) -> Run:
    def slower(timings: Timings) -> Timings:
        more = (timings.wait_ms or 0.0) * (factor - 1)
        later = {name: (getattr(timings, name) or 0.0) + more for name in ("wait_ms", "ttfb_ms", "total_ms")}
        return replace(timings, **later)

    steps = tuple(replace(step, timings=slower(step.timings)) for step in run.steps)
    return replace(run, steps=steps, duration_ms=sum(step.timings.total_ms or 0.0 for step in steps))


def _down(url: str) -> bool:
    answer = plain_http.get(f"{url}/api/v1/status", timeout=60)
    return answer.is_success and any(one["state"] == "down" for one in answer.json()["integrations"])
