"""History for a back-test, taken from a running hub: exported piece by piece, one integration at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from app.cli.export_file import Request, save
from app.cli.hub_client import answered
from app.errors import UserError
from config.compiled import parse
from config.model import Config
from metrics.model import Window
from metrics.store.hindsight import RunRows, exported, run_rows

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def running_config(hub: str) -> Config:
    """What the hub runs now; `UserError` where it does not say."""
    address = f"{hub}/api/v1/config"
    with answered("GET", address) as answer:
        answer.read()
        try:
            return parse(answer.content)
        except ValidationError as err:
            raise UserError(
                f"{address}: the hub's configuration is of another version of Leadline", exit_code=1
            ) from err


@dataclass(slots=True)
class HubHistory:
    """Runs as the hub exports them; what was measured is noted on the way."""

    hub: str
    window: Window
    folder: Path
    since: datetime
    """From here on coverage counts."""
    covered: dict[tuple[str, str, str], tuple[datetime, timedelta]] = field(default_factory=dict)
    runs: int = 0

    def rows_of(self, integration: str, values: Sequence[str]) -> RunRows:
        """The runs of one integration. The export is paced by the hub, between its own questions."""
        runs, recorded = self.folder / "runs.parquet", self.folder / "recorded.parquet"
        self._save("runs", integration, runs)
        if values:
            self._save("recorded", integration, recorded)
        with exported(runs, recorded if values else None) as con:
            rows = run_rows(con, integration, self.window, values)
        self._note(rows)
        return rows

    def _save(self, what: str, integration: str, path: Path) -> None:
        asked = {
            "since": self.window.start.isoformat(),
            "until": self.window.end.isoformat(),
            "integration": integration,
        }
        save(Request(f"{self.hub}/api/v1/export/{what}", asked), path, "parquet", quiet=True)

    def _note(self, rows: RunRows) -> None:
        self.runs += len(rows.code)
        since = (self.since - _EPOCH) // timedelta(microseconds=1)
        for code, series in enumerate(rows.series):
            mine = rows.code == code
            if not mine.any():
                continue
            first = _EPOCH + timedelta(microseconds=int(rows.started_us[mine].min()))
            measured = mine & rows.measured & (rows.started_us >= since)
            _, places = np.unique(rows.runs.start_ms[measured], return_index=True)
            spent = int(rows.runs.every_ms[measured][places].sum())
            self.covered[series] = first, timedelta(milliseconds=spent)
