"""The example's channels against the sandbox's receivers: engine, outbox, delivery and formats together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alerts.channels import build_senders
from alerts.delivery import Deliverer
from alerts.engine import Engine
from alerts.store import channel_faults, deliveries
from app.sandbox import start
from app.wiring import load_config
from metrics.model import WorkflowVerdict
from metrics.store.database import Store

EXAMPLE = Path(__file__).parents[2] / "config" / "example"


@pytest.mark.slow
async def test_an_outage_is_one_page_one_text_and_one_edited_slack_message(
    world: Any, store: Store, client: Any, tmp_path: Path
) -> None:
    async with await start(tmp_path, latency_scale=0.0) as sandbox:
        config = load_config(EXAMPLE, sandbox.environment)
        critical = next(i for i in config.integrations if i.name == "hubspot")
        workflow = critical.workflows[0]

        def seen(at: float, failing: int) -> Any:
            regions = tuple(world.region(at, region=region, failing=failing) for region in workflow.regions)
            return world.seen(at, WorkflowVerdict(critical.name, workflow.name, workflow.every, regions))

        senders = build_senders(config, sandbox.environment, client)
        clock = [world.T0]
        deliverer = Deliverer(store, senders, clock=lambda: clock[0], link="http://127.0.0.1:8050")
        engine = Engine(store)
        for at, failing in ((0, 2), (1, 3), (4, 0)):
            evaluation = seen(at, failing)
            clock[0] = evaluation.at
            engine.apply(evaluation, config).result()
            await deliverer.deliver_due()
        assert [a.answer for a in store.read(deliveries) if not a.ok] == []
        assert store.read(channel_faults) == ()
        receivers = sandbox.receivers
        (page,) = receivers["pagerduty"].incidents  # type: ignore[attr-defined]
        assert (page.status, page.severity, page.pages) == ("resolved", "critical", 1)
        assert page.summary.startswith(f"{critical.label} {workflow.name} DOWN")
        texts = [m.line for m in receivers["twilio"].inbox.messages()]
        assert len(texts) == 2
        assert all(m.content["num_segments"] <= 2 for m in receivers["twilio"].inbox.messages())
        messages = receivers["slack"].messages  # type: ignore[attr-defined]
        (posted,) = [m for m in messages.values() if "thread_ts" not in m]
        assert posted["edits"] == 1
        assert "RESOLVED" in posted["text"]
