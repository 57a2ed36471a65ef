"""The explorer as a component, and where its grid's script comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import dash_ag_grid
from dash.fingerprint import build_fingerprint

from app.dashboard.elements import _Own

_SCRIPT: Final = "dash_ag_grid.min.js"

# Dash would load the grid's 1.3 MB on every page. `dynamic` means: serve it, and leave loading it to whoever needs it.
for _resource in dash_ag_grid.AgGrid._js_dist:
    if "async" not in _resource:
        _resource["dynamic"] = True


class RunsExplorer(_Own):
    """Filters, the count of what was found, the rows, and exports. All of its state lives in the page's address.

    `words` is what `app.dashboard.runs.words` makes; `script` is where the grid's script lies.
    """

    _type = "RunsExplorer"
    _props = ("id", "words", "script")


def script_address(prefix: str = "/") -> str:
    """The address of the grid's script, which changes with its version."""
    changed = int((Path(dash_ag_grid.__file__).parent / _SCRIPT).stat().st_mtime)
    name = build_fingerprint(_SCRIPT, dash_ag_grid.__version__, changed)  # type: ignore[no-untyped-call]
    return f"{prefix}_dash-component-suites/dash_ag_grid/{name}"
