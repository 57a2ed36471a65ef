"""An outage to report on: an hour of good runs, ten bad ones, good ones again, judged minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from alerts.engine import Engine
from alerts.store import acknowledge, comment, open_incidents
from config.model import Alerting, Channel, Config, Integration, Objective, Reports, Route, Sli, Weekly
from metrics.evaluation import evaluate
from metrics.store.database import Store
from metrics.store.ingest import Ingest
from metrics.store.slices import SliceMemo
from probes.model import Batch, Run
from tests.support.dashboard_world import SERVER_ERROR, Maker, integration

T0 = datetime(2026, 11, 17, 3, 0, tzinfo=UTC)
"""The first failed run."""
MINUTE = timedelta(minutes=1)
BEFORE, BAD, AFTER = 50, 10, 10
"""Minutes, and runs."""
OVER = T0 + 11 * MINUTE
"""The second good run after the outage."""
INCIDENT = "20261117-030100-hubspot"


def hubspot() -> Integration:
    """With one objective that is easy to reckon by: half of the time may be bad."""
    declared = integration("hubspot", "HubSpot CRM", "hubspot", "critical", ("lead-routing",))  # type: ignore[arg-type]
    half = Objective(sli=Sli.AVAILABILITY, target="50%", window="30d", page=False)
    return declared.model_copy(update={"objectives": (half,)})


def report_config(*channels: dict[str, object], weekly: Weekly | None = None) -> Config:
    """HubSpot alone; its reports go to `mail` and `slack`."""
    declared = channels or ({"name": "mail", "kind": "webhook"}, {"name": "slack", "kind": "webhook"})
    alerting = Alerting(
        channels=tuple(Channel.model_validate(one) for one in declared),
        routes=(Route(urgent=("slack",), report=("mail", "slack")),),
        reports=Reports(weekly=weekly),
    )
    from pathlib import Path

    return Config(root=Path("monitoring"), version="v1", integrations=(hubspot(),), alerting=alerting)


def runs() -> list[Run]:
    """One a minute."""
    maker = Maker(hubspot(), 120.0, MINUTE)
    return [
        maker.run(T0 + place * MINUTE, failure=SERVER_ERROR if 0 <= place < BAD else None)
        for place in range(-BEFORE, BAD + AFTER)
    ]


def live_through(store: Store, config: Config, until: datetime = OVER) -> None:
    """Measures all of it and judges it up to then; ada takes the incident three minutes after it opened."""
    ingest = Ingest(store, flush_after_s=0.01)
    ingest.submit(Batch("prober-local-1", "local", 1, tuple(runs())), T0 + (BAD + AFTER) * MINUTE).result()
    ingest.close()
    engine, memo, at = Engine(store), SliceMemo(), T0 - MINUTE
    while at <= until:
        evaluation = store.read(lambda con, at=at: evaluate(con, config, at, memo))
        engine.apply(evaluation, config).result()
        if at == T0 + 4 * MINUTE:
            (found,) = store.read(open_incidents)
            acknowledge(store, found.incident_id, "ada", at).result()
            comment(store, found.incident_id, "ada", "asked <script>alert(1)</script> HubSpot", at).result()
        at += MINUTE
