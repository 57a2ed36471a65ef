"""The verdicts on hundreds of workflows are those on each of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest

from config.model import Config, Integration
from metrics.store.database import Store
from metrics.store.verdicts import workflow_verdicts
from probes.model import Failure, FailureKind, Outcome, Run

FATES: Sequence[dict[str, object]] = (
    {}, {}, {}, {"outcome": Outcome.UNSTABLE}, {"outcome": Outcome.TAINTED}, {"outcome": Outcome.SKIPPED},
    {"kind": FailureKind.TIMEOUT}, {"kind": FailureKind.INTERNAL},
    {"kind": FailureKind.THROTTLED, "outcome": Outcome.THROTTLED},
    {"outcome": Outcome.SKIPPED, "failure": Failure(FailureKind.DNS, "held back")},
)  # fmt: skip


@pytest.mark.parametrize("every_s", [60, 400])
def test_many_workflows_at_once_have_the_verdicts_of_each_alone(
    store: Store,
    put: Callable[[Sequence[Run]], None],
    make_run: Callable[..., Run],
    make_integration: Callable[..., Integration],
    make_config: Callable[..., Config],
    noon: datetime,
    every_s: int,
) -> None:
    """Some run on, some began lately, some are quiet, some end with a run that was held back."""
    chance = random.Random(20261123)
    step = {"name": "read", "request": {"path": "/v1"}}
    flow = {"name": "contacts", "every": f"{every_s}s", "steps": [step]}
    declared = [make_integration(integration=f"vendor-{n}", workflows=[flow]) for n in range(40)]
    runs = []
    for one in declared:
        fates = chance.choices(FATES, k=chance.choice([1, 3, 19, 25, 70]))
        quiet_s, constant = chance.choice([0, 0, 30, 200, 400]) * every_s / 60, chance.choice([None, None, fates[0]])
        for back, fate in enumerate(fates):
            at = noon - timedelta(seconds=quiet_s + every_s * back + chance.random())
            runs.append(make_run(at, integration=one.name, **(constant or fate)))
    put(runs)
    together = store.read(lambda con: workflow_verdicts(con, make_config(*declared), noon))
    apart = [store.read(lambda con, o=one: workflow_verdicts(con, make_config(o), noon))[0] for one in declared]
    assert list(together) == apart
    assert {len(verdict.regions) for verdict in apart} == {0, 1}
