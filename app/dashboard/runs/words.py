"""What can be chosen in the explorer, and what people call it."""

from __future__ import annotations

from typing import Any

from alerts.messages import BLAMES
from alerts.model import Blame
from app.dashboard import wording
from app.dashboard.elements import OUTCOME_STATE
from app.dashboard.ranges import DEFAULT, RELATIVE
from config.model import Config
from metrics.store.run_table import DEEPEST
from probes.model import FailureKind, Outcome


def words(config: Config) -> dict[str, Any]:
    """Everything that the component in the browser cannot know by itself."""
    return {
        "integrations": [
            [one.name, one.title or one.name, [flow.name for flow in one.workflows]]
            for one in sorted(config.integrations, key=lambda one: one.name)
        ],
        "regions": sorted(region.name for region in config.settings.regions),
        "outcomes": [[one.value, OUTCOME_STATE[one].value] for one in Outcome],
        "kinds": [[one.value, wording.spoken(one.value)] for one in FailureKind],
        "blames": [[one.value, BLAMES[one]] for one in Blame if one in BLAMES],
        "ranges": [[key, wording.span(length)] for key, length in RELATIVE.items()],
        "range": DEFAULT,
        "deepest": DEEPEST,
    }
