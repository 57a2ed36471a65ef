"""What is wrong with this installation, and the remedy. Each check is one function plus one line in `CHECKS`."""

from __future__ import annotations

import os
import shutil
import sys
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import httpx

from app.datadir import DataDirectory
from app.environment import with_sandbox_names
from app.errors import UserError
from app.wiring import load_config, warnings_of
from probes.auth.life import WORDS, CredentialState
from probes.lag import LAG_LIMIT_MS

LEAST_FREE_BYTES: Final = 1 << 30
SEALED_WITHIN: Final = timedelta(hours=3)


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's verdict: what was seen, and what to do about it unless it is fine."""

    check: str
    verdict: Verdict
    seen: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined."""

    directory: Path | None
    data: DataDirectory
    environ: Mapping[str, str]
    now: datetime


def examine(patient: Patient) -> tuple[Finding, ...]:
    """Every check's finding, in the order of `CHECKS`."""
    return tuple(finding for check in CHECKS for finding in check(patient))


def _python(_: Patient) -> list[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    supported = (3, 11) <= sys.version_info[:2] <= (3, 13)
    remedy = "" if supported else "use Python 3.11, 3.12 or 3.13"
    return [Finding("python", Verdict.OK if supported else Verdict.PROBLEM, version, remedy)]


def _time_zones(_: Patient) -> list[Finding]:
    try:
        zoneinfo.ZoneInfo("America/Chicago")
    except zoneinfo.ZoneInfoNotFoundError:
        return [Finding("time zones", Verdict.PROBLEM, "no time zone data", "pip install tzdata")]
    return [Finding("time zones", Verdict.OK, "present")]


def _configuration(patient: Patient) -> list[Finding]:
    if patient.directory is None:
        return []
    try:
        environ = with_sandbox_names(patient.directory, patient.data.root, patient.environ)
        config = load_config(patient.directory, environ)
    except UserError as err:
        return [Finding("configuration", Verdict.PROBLEM, str(err), f"mend it; `leadline check {patient.directory}`")]
    seen = f"{len(config.integrations)} integrations, version {config.version}"
    warnings = [Finding("configuration", Verdict.NOTE, warning) for warning in warnings_of(config)]
    return [Finding("configuration", Verdict.OK, seen), *warnings]


def _data_directory(patient: Patient) -> list[Finding]:
    root = patient.data.root
    if not root.exists():
        return [Finding("data directory", Verdict.NOTE, f"{root} does not exist yet", "it is made by the first start")]
    if not root.is_dir():
        return [Finding("data directory", Verdict.PROBLEM, f"{root} is a file", "name a directory with --data")]
    if not os.access(root, os.W_OK):
        return [Finding("data directory", Verdict.PROBLEM, f"{root} is not writable", "give this user write access")]
    findings = [Finding("data directory", Verdict.OK, str(root))]
    secret = [*root.glob("*.token"), *root.glob("tokens/*.token"), *root.glob("tokens/key")]
    open_to_others = [str(p.relative_to(root)) for p in secret if p.stat().st_mode & 0o077]
    if open_to_others:
        remedy = f"chmod 600 {' '.join(str(root / name) for name in open_to_others)}"
        findings.append(Finding("tokens", Verdict.PROBLEM, f"readable by others: {', '.join(open_to_others)}", remedy))
    return findings


def _disk(patient: Patient) -> list[Finding]:
    place = patient.data.root if patient.data.root.exists() else Path()
    free = shutil.disk_usage(place).free
    seen = f"{free / (1 << 30):.1f} GiB free"
    if free < LEAST_FREE_BYTES:
        return [
            Finding("disk", Verdict.PROBLEM, seen, "free some space, or move --data: a full disk loses measurements")
        ]
    return [Finding("disk", Verdict.OK, seen)]


def _hub(patient: Patient) -> list[Finding]:
    address = patient.data.hub()
    if address is None:
        return [Finding("hub", Verdict.NOTE, "none is running on this data directory", "start one: leadline up DIR")]
    try:
        ready = httpx.get(f"{address.url}/readyz", timeout=5, trust_env=False)
        key = patient.data.hub_key()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = httpx.get(f"{address.url}/api/v1/status", timeout=10, trust_env=False, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as err:
        seen = f"{address.url} does not answer ({type(err).__name__}), pid {address.pid}"
        return [Finding("hub", Verdict.PROBLEM, seen, "start it again: leadline up DIR")]
    try:
        if ready.status_code != 200 or answer.status_code != 200:
            reason = ready.json().get("reason", answer.status_code)
            return [Finding("hub", Verdict.PROBLEM, f"not ready: {reason}", "see the hub's log on stderr")]
        return [Finding("hub", Verdict.OK, f"ready at {address.url}"), *_from_status(answer.json(), patient.now)]
    except (ValueError, TypeError, KeyError, AttributeError):
        seen = f"what answers at {address.url} is not a hub of this version"
        return [Finding("hub", Verdict.PROBLEM, seen, "start it again: leadline up DIR")]


def _from_status(status: dict[str, Any], now: datetime) -> list[Finding]:
    findings = []
    if status["config_problem"]:
        seen = f"the hub refused the newest files and keeps the last good ones: {status['config_problem']}"
        findings.append(Finding("hub's configuration", Verdict.PROBLEM, seen, "mend them; they are read again at once"))
    skew = abs((now - datetime.fromisoformat(status["at"])).total_seconds())
    if skew > 60:
        remedy = "the hub evaluates every 5 s: look at its log, or at its machine's load"
        findings.append(Finding("evaluation", Verdict.PROBLEM, f"the last one was {skew:.0f} s ago", remedy))
    if not status["probers"]:
        findings.append(
            Finding("probers", Verdict.PROBLEM, "none ever reported", "start one: leadline prober --hub URL")
        )
    findings += [_prober(prober) for prober in status["probers"]]
    findings += [finding for one in status["credentials"] if (finding := _credential(one)) is not None]
    findings += [_channel(channel) for channel in status.get("channels", ())]
    findings += [_calendar(window) for window in status.get("maintenance", ()) if window["calendar_problem"]]
    late = [one for one in status["certificates"] if one["late"]]
    return findings + [_certificate(one) for one in late] + _store(status["store"], now)


_DUE: Final = (CredentialState.ROTATE_SOON, CredentialState.ENDS_SOON)


def _credential(one: dict[str, Any]) -> Finding | None:
    """None for one that needs nothing. What is due can still wait; anything worse cannot."""
    state = CredentialState(one["state"])
    if state is CredentialState.OK:
        return None
    when = f" ({one['at'][:10]})" if one["at"] else ""
    verdict = Verdict.NOTE if state in _DUE else Verdict.PROBLEM
    name = f"credential of {one['integration']} in {one['region']}"
    return Finding(name, verdict, f"{WORDS[state]}: {one['reason']}{when}", one["remedy"])


def _certificate(one: dict[str, Any]) -> Finding:
    seen = f"{one['host']} shows {one['region']} one that expires {one['expires_at'][:10]}"
    return Finding(f"certificate of {one['integration']}", Verdict.NOTE, seen, "ask its owner to renew it")


def _channel(channel: dict[str, Any]) -> Finding:
    name, test = f"channel {channel['name']}", channel["test"]
    if channel["state"] in ("broken", "failing"):
        held = f"; {channel['waiting']} messages wait" if channel["waiting"] else ""
        seen = f"{channel['state']} since {channel['failing_since']}: {channel['problem']}{held}"
        remedy = f"check its options and its other end, then: leadline channels test {channel['name']}"
        return Finding(name, Verdict.PROBLEM, seen, remedy)
    if channel["state"] == "unproven":
        remedy = f"leadline channels test {channel['name']}"
        return Finding(name, Verdict.NOTE, "has not delivered anything and was not tested yet", remedy)
    told = f"last delivered {channel['last_ok_at']}" if channel["last_ok_at"] else "has not delivered anything yet"
    return Finding(name, Verdict.OK, f"{told}; tested {test['at']}" if test else told)


def _calendar(window: dict[str, Any]) -> Finding:
    kept = window["calendar_read_at"]
    copy = f"its copy of {kept[:16]} is used" if kept else "there is no copy, so nothing is muted by it"
    seen = f"cannot be used: {window['calendar_problem']}; {copy}"
    return Finding(f"calendar of maintenance {window['name']}", Verdict.PROBLEM, seen, "mend `calendar` in alerts.yaml")


def _store(store: dict[str, Any], now: datetime) -> list[Finding]:
    hot, months = store["hot_bytes"] / (1 << 20), store["month_bytes"] / (1 << 20)
    sealed = f"sealed up to {store['sealed_to']}" if store["sealed_to"] else "nothing sealed yet"
    findings = [
        Finding("store", Verdict.OK, f"{hot:,.0f} MiB, and {months:,.0f} MiB in {store['months']} months; {sealed}")
    ]
    if store["problem"]:
        remedy = "room on the disk, or the hub's log; it is tried again every hour, and no row is lost meanwhile"
        findings.append(Finding("sealing", Verdict.PROBLEM, f"the last round stopped: {store['problem']}", remedy))
    elif store["sealed_at"] and now - datetime.fromisoformat(store["sealed_at"]) > SEALED_WITHIN:
        findings.append(Finding("sealing", Verdict.PROBLEM, f"last done {store['sealed_at']}", "look at the hub's log"))
    if store["missing"]:
        remedy = "restore them from a backup; without them their days are empty"
        findings.append(Finding("months", Verdict.PROBLEM, f"missing: {', '.join(store['missing'])}", remedy))
    return findings


def _prober(prober: dict[str, Any]) -> Finding:
    name = f"prober {prober['region']}"
    if prober["silent"]:
        return Finding(
            name, Verdict.PROBLEM, f"silent since {prober['last_seen']}", "start it again, or look at its log"
        )
    if prober["problem"]:
        return Finding(name, Verdict.PROBLEM, prober["problem"], "mend that on the prober's machine")
    if prober["loop_lag_ms"] > LAG_LIMIT_MS:
        seen = f"its event loop lags {prober['loop_lag_ms']:.0f} ms, so its timings are not counted"
        return Finding(name, Verdict.PROBLEM, seen, "give it more CPU, or fewer workflows")
    return Finding(name, Verdict.OK, f"reporting, {prober['outbox_depth']} runs waiting")


CHECKS: Final[tuple[Callable[[Patient], list[Finding]], ...]] = (
    _python,
    _time_zones,
    _configuration,
    _data_directory,
    _disk,
    _hub,
)
