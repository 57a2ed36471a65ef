"""Static targets of the field: there where nothing is promised, each to be changed or switched off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.load import load
from config.model import Integration
from config.problems import ConfigError

SHOP = """\
integration: shop
base_url: https://api.example.com
{more}
workflows:
  - name: read
    steps:
      - {{name: get, request: {{path: /x}}{until}}}
"""
UNTIL = ", until: {status: 200, within: 5s, every: 1s}"


@pytest.fixture
def shop(tmp_path: Path) -> Callable[..., Integration]:
    """The integration as it is loaded with these lines, over those defaults."""

    def made(more: str = "", defaults: str = "", until: str = "") -> Integration:
        (tmp_path / "shop.yaml").write_text(SHOP.format(more=more, until=until))
        (tmp_path / "defaults.yaml").write_text(defaults)
        return load(tmp_path, {}).integrations[0]

    return made


def told(integration: Integration) -> list[tuple[Any, ...]]:
    return [
        (str(o.sli), o.threshold.total_seconds() if o.threshold else None, o.target, o.page)
        for o in integration.objectives
    ]


LATENCY, TTFB = ("latency", 0.2, 0.95, False), ("ttfb", 0.2, 0.95, False)
ERRORS, LAG = ("server_errors", None, 0.999, False), ("sync_lag", 0.1, 0.95, False)


def test_without_objectives_the_targets_of_the_field_apply(shop: Callable[..., Integration]) -> None:
    assert told(shop()) == [LATENCY, TTFB, ERRORS]


def test_sync_lag_has_a_target_where_a_step_waits(shop: Callable[..., Integration]) -> None:
    assert told(shop(until=UNTIL)) == [LATENCY, TTFB, ERRORS, LAG]


@pytest.mark.parametrize("where", ["defaults", "more"])
def test_each_can_be_changed_or_switched_off(shop: Callable[..., Integration], where: str) -> None:
    changed = "targets: {latency: 1s, ttfb: off, server_errors: 0.05%}"
    assert told(shop(**{where: changed})) == [("latency", 1.0, 0.95, False), ("server_errors", None, 0.9995, False)]


def test_what_an_integration_writes_goes_before_the_defaults(shop: Callable[..., Integration]) -> None:
    seen = told(shop("targets: {ttfb: 300ms}", "targets: {ttfb: off, latency: off}"))
    assert seen == [("ttfb", 0.3, 0.95, False), ERRORS]


@pytest.mark.parametrize("own", ["objectives: [{sli: availability, target: 99%}]", "objectives: []"])
def test_where_something_is_promised_only_targets_that_are_written_apply(
    shop: Callable[..., Integration], own: str
) -> None:
    promised = [("availability", None, 0.99, True)] if "availability" in own else []
    assert told(shop(own)) == promised
    assert told(shop(f"{own}\ntargets: {{ttfb: 300ms}}")) == [*promised, ("ttfb", 0.3, 0.95, False)]


def test_a_promise_on_the_same_sli_goes_before_a_target(shop: Callable[..., Integration]) -> None:
    own = "objectives: [{sli: ttfb, threshold: 1s, target: 99%}]\ntargets: {ttfb: 300ms}"
    assert told(shop(own)) == [("ttfb", 1.0, 0.99, True)]


def test_no_target_pages_whatever_share_of_errors_it_allows(shop: Callable[..., Integration]) -> None:
    assert told(shop("targets: {latency: off, ttfb: off, server_errors: 10%}")) == [("server_errors", None, 0.9, False)]


def test_a_bad_target_is_told_where_it_stands(shop: Callable[..., Integration]) -> None:
    with pytest.raises(ConfigError) as refused:
        shop("targets: {latency: 200, server_errors: 5, tfb: 1s}")
    assert [problem.path for problem in refused.value.problems] == [
        "targets.latency", "targets.server_errors", "targets.tfb"
    ]  # fmt: skip
    assert {problem.line for problem in refused.value.problems} == {3}
