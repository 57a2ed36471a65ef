"""`leadline status`: one screen for a terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from app.cli.options import DEFAULT_DATA, Data, HubUrl, Json
from app.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

_MARKS: Final = {
    "down": ("▲", "bold red"),
    "degraded": ("◆", "yellow"),
    "throttled": ("‖", "magenta"),
    "unstable": ("~", "yellow"),
    "up": ("●", "green"),
    "no_data": ("○", "dim"),
}


def status(hub: HubUrl = None, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Show every integration, what fires and every prober, as the hub sees them now.

    Example: `leadline status --json | jq '.integrations[] | select(.state != "up")'`
    """
    from app.cli.hub_client import ask, hub_url

    url = hub_url(hub, data)
    document = ask(url, "/api/v1/status")
    if not isinstance(document, dict) or not document.keys() >= {"at", "integrations", "incidents", "probers"}:
        raise UserError(f"{url}: what answers there is not a Leadline hub of this version", exit_code=1)
    if as_json:
        print(json.dumps(document, indent=2))
        return
    _print(document)


def _print(document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if document["config_problem"]:
        console.print("the newest configuration is refused; the last good one is in use:", style="yellow")
        console.print(document["config_problem"], markup=False, highlight=False)
    for incident in document["incidents"]:
        console.print(f"{incident['tier'].upper()}  {incident['title']}", style="bold red", markup=False)
    table = Table(box=None, pad_edge=False)
    for column in ("integration", "state"):
        table.add_column(column, no_wrap=True)
    for column in ("P95 1h", "usual", "avail. 30d", "budget", "runs 24h", "last run"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in document["integrations"]:
        mark, style = _MARKS[row["state"]]
        table.add_row(
            row["name"],
            f"[{style}]{mark} {row['state'].replace('_', ' ')}[/]",
            _ms(row["p95_ms"]),
            _ms(row["normal_p95_ms"]),
            _share(row["availability_30d"], 3),
            _share(row["budget_left"], 0),
            str(row["runs_24h"]),
            _ago(row["last_run_at"], document["at"]),
        )
    console.print(table)
    for channel in document.get("channels", ()):
        if channel["state"] in ("broken", "failing"):
            since = _ago(channel["failing_since"], document["at"])
            text = f"channel {channel['name']}: {channel['state']} since {since}: {channel['problem']}"
            console.print(text, style="red", markup=False)
    _print_maintenance(console, document.get("maintenance", ()))
    for prober in document["probers"]:
        state = "SILENT" if prober["silent"] else "reporting"
        seen, waiting = _ago(prober["last_seen"], document["at"]), prober["outbox_depth"]
        text = f"prober {prober['region']}: {state}, last seen {seen}, {waiting} runs waiting"
        console.print(text, style="red" if prober["silent"] else "dim", markup=False)
        for line in _held_back(prober, document["at"]):
            console.print(line, style="yellow", markup=False)


def _print_maintenance(console: Console, windows: Sequence[Mapping[str, Any]]) -> None:
    for window in windows:
        if window["open_until"]:
            text = f"maintenance {window['name']}: until {window['open_until'][:16]} UTC, {window['slo']} in the SLO"
            console.print(text, style="dim", markup=False)
        if window["calendar_problem"]:
            text = f"maintenance {window['name']}: its calendar {window['calendar_problem']}"
            console.print(text, style="yellow", markup=False)


def _held_back(prober: dict[str, Any], now: str) -> list[str]:
    """Open circuits and leftovers; a hub of an earlier version says nothing of them."""
    circuits = [
        f"  circuit of {one['integration']} open since {_ago(one['since'], now)}, "
        f"{one['failures']} confirmed failures, next trial {one['next_trial_at'][11:19]} UTC: {one['reason']}"
        for one in prober.get("circuits", ())
    ]
    leftovers = [
        f"  left behind at {one['integration']} by {one['workflow']}: {one['open']} open, {one['given_up']} given up"
        for one in prober.get("leftovers", ())
    ]
    return circuits + leftovers


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"


def _share(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value * 100:.{digits}f} %"


def _ago(instant: str | None, now: str) -> str:
    if instant is None:
        return "never"
    seconds = max(0.0, (datetime.fromisoformat(now) - datetime.fromisoformat(instant)).total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"
