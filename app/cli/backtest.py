"""`leadline backtest`: which alerts a changed configuration would have opened."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import DEFAULT_DATA, Data, HubUrl
from app.errors import UserError

if TYPE_CHECKING:
    from alerts.backtest.document import Outcome
    from config.model import Config
    from metrics.model import Window


class Form(StrEnum):
    """How the answer is written."""

    TABLE = "table"
    MD = "md"
    JSON = "json"


def backtest(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The changed configuration.")],
    since: Annotated[str, typer.Option("--since", metavar="WHEN", help="30d, 12h, or an instant: 2026-11-20T08:00Z.")],
    until: Annotated[str, typer.Option("--until", metavar="WHEN", help="As --since.")] = "now",
    against: Annotated[
        Path | None, typer.Option("--against", metavar="DIR", help="Compare with this one; default: what the hub runs.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="md reads well as a comment of a pull request.")] = Form.TABLE,
    max_new_pages: Annotated[
        int, typer.Option("--max-new-pages", min=0, help="Exit 1 when more pages than this are added.")
    ] = 0,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Replay the hub's history against DIR, and tell which alerts and pages it would have added or spared.

    Exit 0: not more pages than allowed are added; 1: more are, or the hub does not answer; 2: DIR or the command is
    wrong.

    Example: `leadline backtest monitoring/ --since 30d --format md --max-new-pages 2`
    """
    from alerts.backtest.document import as_json, as_markdown, as_text
    from app.backtest_source import running_config
    from app.cli.hub_client import hub_url

    window = _window(since, until)
    changed = _loaded(directory, data)
    address = hub_url(hub, data)
    current = _loaded(against, data) if against else running_config(address)
    outcome = _rehearsed(address, current, changed, window, max_new_pages)
    if form is Form.JSON:
        print(json.dumps(as_json(outcome), indent=2, ensure_ascii=False))
    else:
        print({Form.MD: as_markdown, Form.TABLE: as_text}[form](outcome), end="")
    if outcome.refused:
        added = len(outcome.comparison.pages_added)
        raise UserError(
            f"{added} page{'s' if added > 1 else ''} added, {max_new_pages} allowed (--max-new-pages)", exit_code=1
        )


def _window(since: str, until: str) -> Window:
    from app.clock import utc_now
    from app.moments import moment
    from metrics.model import Window

    now = utc_now()
    try:
        window = Window(moment(since, now), min(now, moment(until, now)))
    except ValueError as err:
        raise UserError(str(err)) from err
    if window.start >= window.end:
        raise UserError(f"--since ({window.start.isoformat()}) is not before --until ({window.end.isoformat()})")
    return window


def _loaded(directory: Path, data: Path) -> Config:
    import os

    from app.environment import with_sandbox_names
    from app.wiring import load_config

    return load_config(directory, with_sandbox_names(directory, data, os.environ), require_secrets=False)


def _rehearsed(hub: str, current: Config, changed: Config, window: Window, allowed: int) -> Outcome:
    import tempfile

    from alerts.backtest import compare, rehearse
    from alerts.backtest.document import Outcome
    from alerts.backtest.reach import WARM_UP, Reach
    from app.backtest_source import HubHistory
    from metrics.hindsight import Past
    from metrics.model import Window

    with tempfile.TemporaryDirectory(prefix="leadline-backtest-") as folder:
        history = HubHistory(hub, Window(window.start - WARM_UP, window.end), Path(folder), window.start)
        seen = Past(history.rows_of, (current, changed)).read(_progress("reading history", 0.0, 0.4))
    before = rehearse(seen[0], window, WARM_UP, _progress("as it is now", 0.4, 0.7))
    after = rehearse(seen[1], window, WARM_UP, _progress("with the change", 0.7, 1.0))
    reach = Reach(window, current, changed, history.covered)
    return Outcome(compare(before, after), reach.notes(), allowed, (current.version, changed.version))


def _progress(what: str, start: float, end: float) -> Callable[[float], None]:
    if not sys.stderr.isatty():
        return lambda share: None

    def show(share: float) -> None:
        done = (start + (end - start) * share) * 100
        print(
            f"\rback-test: {done:3.0f} % ({what})\x1b[K", end="\n" if done >= 100 else "", file=sys.stderr, flush=True
        )

    return show
