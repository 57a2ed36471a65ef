"""The dashboard: Dash on the hub's own FastAPI server, everything served from here."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from dash import Dash
from fastapi import FastAPI

from app.dashboard.addresses import add_documents
from app.dashboard.caching import Caching
from app.dashboard.integration import register_panels
from app.dashboard.live_socket import add_live_socket
from app.dashboard.shell import INDEX, layout, register
from app.dashboard.view import View
from app.pulse import Pulse

_ASSETS: Final = Path(__file__).parent / "assets"


def build(server: FastAPI, view: View, pulse: Pulse | None = None) -> Dash:
    """Mounts the dashboard on `server`. Call it after every other route is there: its pages take all other paths.

    `pulse` tells open pages of changes; without one they ask at their interval.
    """
    add_live_socket(server, view, pulse or Pulse())
    hosted: Any = server  # Dash takes a FastAPI application, and its types do not say so yet.
    app = Dash(
        __name__,
        server=hosted,
        pages_folder="",
        use_pages=False,
        assets_folder=str(_ASSETS),
        assets_ignore=r"^theme\.js$",
        serve_locally=True,
        enable_mcp=False,
        title="Leadline",
        update_title="",
        index_string=INDEX,
        suppress_callback_exceptions=True,
        add_log_handler=False,
    )
    # Or each page would open a second line, which nothing here speaks over.
    app.backend.websocket_capability = False
    app.layout = layout()
    register(app, view)
    register_panels(app, view)
    # Dash does this at the first request under "/" only; a first visit straight to another page would find no assets.
    app._setup_server()  # type: ignore[no-untyped-call]
    server.add_middleware(Caching)
    add_documents(server, app, view)
    return app
