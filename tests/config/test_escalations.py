"""Escalations: a level that nobody would hear is refused."""

from __future__ import annotations

from typing import Any

import pytest

from config.checks.escalations import escalation_findings

CHANNELS = [
    {"name": "pager", "kind": "pagerduty"},
    {"name": "boss", "kind": "pagerduty"},
    {"name": "sms", "kind": "twilio_sms"},
]


def said(*levels: list[str], urgent: list[str]) -> list[tuple[Any, ...]]:
    timed = [{"after": f"{10 * n}m", "channels": names} for n, names in enumerate(levels, start=1)]
    alerting = {
        "channels": CHANNELS,
        "escalations": [{"name": "night", "levels": timed}],
        "routes": [{"urgent": urgent, "escalation": "night"}],
    }
    return list(escalation_findings(alerting))


@pytest.mark.parametrize(
    ("levels", "number"),
    [
        pytest.param((["pager"],), 1, id="told by the route already"),
        pytest.param((["boss"], ["boss", "pager"]), 2, id="told by the route and the level before"),
    ],
)
def test_a_level_of_pagerduty_channels_that_were_all_told_is_refused(
    levels: tuple[list[str], ...], number: int
) -> None:
    ((path, message),) = said(*levels, urgent=["pager"])
    assert path == ("routes", 0, "escalation")
    assert message.startswith(f'nobody hears level {number} of "night"')


@pytest.mark.parametrize(
    "levels",
    [
        pytest.param((["boss"],), id="another service"),
        pytest.param((["sms"], ["sms"]), id="a text comes twice"),
        pytest.param((["pager", "sms"],), id="one of them is heard"),
    ],
)
def test_a_level_that_somebody_hears_is_fine(levels: tuple[list[str], ...]) -> None:
    assert said(*levels, urgent=["pager", "sms"]) == []
