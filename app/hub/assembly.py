"""What a configuration decides in a hub, at its start and at every change: tokens, senders, the prober's copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from alerts.channels import Sender, build_sender, build_senders
from alerts.delivery import Deliverer
from alerts.inbound import build_ears
from alerts.store.channels import note_specs
from app.clock import utc_now
from app.datadir import DataDirectory, write_private
from app.hub.latency_charts import latency_charts
from app.hub.prober_api import token_hash
from app.hub.state import HubState
from app.region_token import region_token
from config.compiled import dump
from config.model import Channel, Config
from metrics.maintenance import excused
from metrics.store.database import Store
from metrics.store.ingest import Ingest
from probes.model import Run


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a hub lives: its data directory and the environment that secrets come from."""

    data: DataDirectory
    environ: Mapping[str, str]


def new_state(store: Store, config: Config, problem: str | None, around: Surroundings) -> HubState:
    """The state a hub starts with."""
    state: HubState

    def excuse(run: Run) -> Run:
        return excused(run, state.config, state.entries())

    state = HubState(
        store=store,
        ingest=Ingest(store, excuse=excuse),
        clock=utc_now,
        started_at=utc_now(),
        config=config,
        compiled=dump(config),
        tokens=region_tokens(config, around),
        config_problem=problem,
    )
    return state


def region_tokens(config: Config, around: Surroundings) -> dict[str, str]:
    """Region → hash of its prober's token; `UserError` where this machine lacks one."""
    regions = config.settings.regions
    return {region.name: token_hash(region_token(region, around.data, around.environ)) for region in regions}


def adopt(
    config: Config, state: HubState, deliverer: Deliverer, client: httpx.AsyncClient, around: Surroundings
) -> None:
    """Make a new configuration the one in use, and remember it as the last good one.

    Everything that can fail happens before anything is replaced, so a failure leaves the hub as it was.
    """
    senders = build_senders(config, around.environ, client, latency_charts(state))
    tokens = region_tokens(config, around)
    ears = build_ears(config, around.environ)
    compiled = dump(config)
    deliverer.adopt(config, senders, _retired(config, state, client, around))
    state.tokens, state.ears, state.compiled, state.config = tokens, ears, compiled, config
    write_private(around.data.last_good_config, compiled)


def _retired(config: Config, state: HubState, client: httpx.AsyncClient, around: Surroundings) -> dict[str, Sender]:
    """Channels that left the configuration and told of something that is not over yet."""
    declared = {channel.name: channel.model_dump_json() for channel in config.alerting.channels}
    left = state.store.write(lambda con: note_specs(con, declared, state.clock())).result()
    specs = (Channel.model_validate_json(spec) for spec in left.values())
    return {spec.name: build_sender(spec, around.environ, client) for spec in specs}
