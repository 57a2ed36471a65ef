"""What is open now, in as few words as a tab's title, its icon and a notification need."""

from __future__ import annotations

from typing import Any

from app.dashboard.view import View


def firing(view: View) -> list[dict[str, Any]]:
    """Every open incident, the loudest first: its id, its title, and whether it is urgent."""
    found = sorted(view.overview().incidents, key=lambda one: (-one.tier.rank, one.opened_at))
    return [{"id": one.incident_id, "title": one.title, "urgent": one.tier == "urgent"} for one in found]
