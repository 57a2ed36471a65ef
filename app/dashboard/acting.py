"""What whoever looks at a page may do there."""

from __future__ import annotations

from app.dashboard.view import View
from app.hub.actor import actor


def may_act(_: View) -> bool:
    """Whether a page may offer its viewer to change anything; the API refuses them in any case."""
    return actor().may_act
