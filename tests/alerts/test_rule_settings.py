"""What `rules` of alerts.yaml changes: for-times, recoveries and tiers, for all integrations or for some."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.dependency import muting
from alerts.engine import Engine
from alerts.model import MutedBy, Rule, Tier, TransitionKind
from alerts.policy import conditions
from alerts.rules import RULES
from alerts.store.incidents import open_incidents
from config.model import Alerting, Config, Flow, Settings
from config.rules import TUNABLE
from metrics.store.database import Store

NAMES = ("hubspot", "marketo")


def with_rules(config: Config, **rules: Any) -> Config:
    known = config.alerting.model_dump(by_alias=True)
    return config.model_copy(update={"alerting": Alerting.model_validate({**known, "rules": rules})})


def two(world: Any, **rules: Any) -> Config:
    minor = world.integration("marketo", tier="minor", vendor="marketo", flows=["leads"])
    return with_rules(world.config(world.hubspot(), minor), **rules)


def down(world: Any, at: float, failing: int, *names: str) -> Any:
    found = names or NAMES
    return world.seen(
        at, *(world.workflow(world.region(at, failing=failing, good=0 if failing else 2), name=n) for n in found)
    )


def test_every_rule_can_be_set_and_nothing_else() -> None:
    assert set(TUNABLE) == {str(rule) for rule in RULES} == {str(rule) for rule in Rule}


def test_for_is_how_long_a_condition_has_to_hold_before_anybody_is_told(world: Any) -> None:
    ledger, config = world.ledger(), two(world, workflow_down={"for": "2m"})
    for at in (0, 1, 1.9):
        assert ledger.apply(down(world, at, 3), config) == []
    assert {c.incident.subject for c in ledger.apply(down(world, 2, 5), config)} == set(NAMES)
    assert ledger.pending == {}


def test_what_lapses_begins_anew(world: Any) -> None:
    ledger, config = world.ledger(), two(world, workflow_down={"for": "2m"})
    ledger.apply(down(world, 0, 3), config)
    ledger.apply(down(world, 1, 0), config)
    assert ledger.pending == {}
    for at in (1.5, 3.4):
        assert ledger.apply(down(world, at, 3), config) == []
    assert len(ledger.apply(down(world, 3.5, 4), config)) == 2


def test_what_people_know_of_waits_for_nothing(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    ledger.apply(down(world, 0, 3, "hubspot"), config)
    slower = with_rules(config, workflow_down={"for": "10m"})
    assert ledger.apply(down(world, 1, 4, "hubspot"), slower) == []
    assert len(ledger.open) == 1


def test_a_rule_that_waits_still_keeps_others_quiet(world: Any) -> None:
    config = with_rules(world.config(), workflow_down={"for": "5m"})
    slow = replace(down(world, 0, 3, "hubspot"), learned=(world.slow(),))
    assert conditions(slow, config) == ()


def test_overrides_are_for_some_integrations_and_the_rest_is_as_for_all(world: Any) -> None:
    override = {"match": {"tier": "minor"}, "tier": "degraded"}
    config = two(world, workflow_down={"for": "1m", "overrides": [override]})
    ledger = world.ledger()
    assert ledger.apply(down(world, 0, 3), config) == []
    opened = {c.incident.subject: c.incident.tier for c in ledger.apply(down(world, 1, 4), config)}
    assert opened == {"hubspot": Tier.URGENT, "marketo": Tier.DEGRADED}


@pytest.mark.parametrize(
    ("match", "meant"),
    [
        ({"tier": "minor"}, {"hubspot"}),
        ({"vendor": ["marketo", "stripe"]}, {"hubspot"}),
        ({"integration": "m*"}, {"hubspot"}),
        ({"flow": "leads"}, {"hubspot"}),
        ({"flow": "leads", "vendor": "hubspot"}, {"hubspot", "marketo"}),
    ],
    ids=["by tier", "by vendor", "by pattern", "by flow", "both have to hold"],
)
def test_a_rule_can_be_switched_off_for_some(world: Any, match: dict[str, Any], meant: set[str]) -> None:
    config = two(world, workflow_down={"overrides": [{"match": match, "enabled": False}]})
    assert {c.subject for c in conditions(down(world, 0, 3), config)} == meant


def test_what_is_switched_off_while_it_is_open_ends(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    ledger.apply(down(world, 0, 3, "hubspot"), config)
    (over,) = ledger.apply(down(world, 1, 4, "hubspot"), with_rules(config, workflow_down={"enabled": False}))
    assert over.kind is TransitionKind.RESOLVED


def test_recoveries_are_how_many_good_runs_end_it(world: Any) -> None:
    ledger, config = world.ledger(), with_rules(world.config(), workflow_down={"recoveries": 4})
    ledger.apply(down(world, 0, 3, "hubspot"), config)
    assert ledger.apply(world.seen(2, world.workflow(world.region(2, good=3))), config) == []
    (over,) = ledger.apply(world.seen(3, world.workflow(world.region(3, good=4))), config)
    assert over.kind is TransitionKind.RESOLVED


def test_a_rule_that_knows_itself_what_is_urgent_can_only_be_made_quieter(world: Any) -> None:
    seen = world.seen(0, world.burning(world.page_fast))
    (loud,) = conditions(seen, world.config())
    (quiet,) = conditions(seen, with_rules(world.config(), burn_rate={"tier": "degraded"}))
    assert (loud.tier, quiet.tier) == (Tier.URGENT, Tier.DEGRADED)


def test_a_silent_prober_may_be_made_to_page(world: Any) -> None:
    config = with_rules(world.config(), prober_silent={"tier": "urgent"})
    (found,) = conditions(world.seen(0, world.prober(silent=True)), config)
    assert found.tier is Tier.URGENT


def test_what_waits_is_remembered_across_a_restart_of_the_hub(world: Any, store: Store) -> None:
    config = with_rules(world.config(), workflow_down={"for": "2m"})
    for at in (0, 1):
        assert Engine(store).apply(down(world, at, 3, "hubspot"), config).result() == ()
    (opened,) = Engine(store).apply(down(world, 2, 5, "hubspot"), config).result()
    assert opened.kind is TransitionKind.OPENED
    left = store.read(lambda con: con.execute("SELECT count(*) FROM pending_conditions").fetchone())
    assert (left, len(store.read(open_incidents))) == ((0,), 1)


def dependent(world: Any) -> Config:
    """`checkout` depends on `login`, which depends on `directory`; only `directory` has an integration of its own."""
    named = [("checkout", ["login"]), ("login", ["directory"])]
    flows = [
        Flow.model_validate({"name": n, "depends_on": on, "objectives": [{"sli": "availability", "target": "99.9%"}]})
        for n, on in named
    ]
    found = world.config(world.integration("okta", flows=["directory"]), world.integration("shop", flows=["checkout"]))
    return found.model_copy(update={"root": Path("/etc/x"), "settings": Settings(flows=tuple(flows))})


def burning(world: Any, subject: str, tier: Tier = Tier.URGENT) -> Any:
    held = world.condition(key=f"{subject}/burn_rate/x", rule=Rule.BURN_RATE, subject=subject, tier=tier)
    return world.incident(held, incident_id=f"i-{subject}")


def test_a_flow_is_not_told_of_while_one_that_it_depends_on_explains_it(world: Any) -> None:
    config, checkout = dependent(world), burning(world, "flow:checkout")
    login, okta = burning(world, "flow:login"), burning(world, "okta")
    found = muting(checkout, [checkout, login], config)
    assert found is not None
    assert (found.reason, found.words) == (
        MutedBy.DEPENDENCY, "it depends on login: HubSpot contact-roundtrip DOWN (i-flow:login)"
    )  # fmt: skip
    by_way_of = muting(checkout, [checkout, okta], config)
    assert by_way_of is not None
    assert by_way_of.words.startswith("it depends on directory: ")
    assert muting(checkout, [checkout, burning(world, "shop")], config) is None


def test_what_woke_nobody_explains_nothing_that_would(world: Any) -> None:
    config, checkout = dependent(world), burning(world, "flow:checkout")
    assert muting(checkout, [checkout, burning(world, "flow:login", Tier.DEGRADED)], config) is None


def test_an_integration_is_told_of_whatever_its_flow_depends_on(world: Any) -> None:
    assert muting(burning(world, "shop"), [burning(world, "flow:login")], dependent(world)) is None
