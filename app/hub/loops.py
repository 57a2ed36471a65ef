"""The hub's clockwork: evaluate, watch the configuration, deliver. Each loop outlives any single failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog

from alerts.engine import Engine
from app.hub.config_source import ConfigSource, reload_if_changed
from app.hub.state import HubState
from app.hub.surroundings import with_surroundings
from app.pulse import Why
from config.model import Config
from metrics.evaluation import evaluate
from metrics.explaining import Explainer, of_learned, of_objective, of_quota
from metrics.model import Evaluation
from metrics.store.credentials import note_certificates
from metrics.store.failures import StoreError
from metrics.store.limits import limits_of
from metrics.store.rollup.roller import roll
from metrics.store.shapes import ShapeBook, find_drift, save_findings, shape_findings
from probes.model import FailureKind

log = structlog.get_logger(__name__)

EVALUATE_EVERY_S: Final = 5.0
LEARN_EVERY_S: Final = 5.0
WATCH_EVERY_S: Final = 2.0
HOUSEKEEP_EVERY_S: Final = 3600.0
HOUSEKEEP_FIRST_AFTER_S: Final = 120.0
CERTIFICATES_EVERY_S: Final = 60.0
COMPARE_EVERY_S: Final = 15.0
ROLL_EVERY_S: Final = 10.0
ROLL_GIVES_WAY_TO_ROWS: Final = 1_000
"""A prober that waits for its acknowledgement comes first: what is not rolled up is answered all the same."""
ROLL_GIVES_WAY_FOR: Final = timedelta(minutes=5)

_CONTENT: Final = frozenset({FailureKind.SCHEMA, FailureKind.ASSERTION, FailureKind.CAPTURE})


async def every(seconds: float, state: HubState, work: Callable[[], None], name: str, first_after: float = 0.0) -> None:
    """Run `work` in a thread, again and again, `seconds` apart, until the hub stops."""
    await asyncio.sleep(first_after)
    while not state.stopping.is_set():
        try:
            await asyncio.to_thread(work)
        except Exception as err:
            state.last_error = f"{name}: {err if isinstance(err, StoreError) else type(err).__name__}"
            log.exception("hub.round_failed", loop=name)
        await asyncio.sleep(seconds)


def evaluate_once(state: HubState, engine: Engine, book: ShapeBook, explainer: Explainer) -> None:
    """One round of judgement: what is seen, what follows from it, written with its messages."""
    config, now = state.config, state.clock()
    learned = state.learned.firing
    evaluation = state.store.read(lambda con: evaluate(con, config, now, state.slices, state.forecasts, learned))
    if _begins_to_fail_by_content(evaluation, config):
        # The page that may follow is to name the path, so the look cannot wait for its turn.
        compare_once(state, book)
        evaluation = replace(evaluation, drift=state.store.read(shape_findings))
    evaluation = with_surroundings(evaluation, state)
    engine.apply(evaluation, config).result()
    state.evaluation = evaluation
    state.pulse.beat(Why.JUDGED)
    explainer.note(of_objective(status, now) for status in evaluation.objectives)
    explainer.note(explained for forecast in evaluation.forecasts for explained in of_quota(forecast, now))
    state.last_error = None


def learn_once(state: HubState, explainer: Explainer) -> None:
    """One round of learning what is normal, and of judging what is closed by it."""

    def heard(share: float) -> None:
        state.learned_share = share

    changes = state.learned.catch_up(state.config, state.clock(), stop=state.stopping.is_set, heard=heard)
    explainer.note(of_learned(verdict) for verdict in (*changes, *(state.learned.firing or ())))


def _begins_to_fail_by_content(evaluation: Evaluation, config: Config) -> bool:
    first = range(1, config.alerting.confirm.failures + 1)
    return any(
        region.failing in first and region.kind in _CONTENT for one in evaluation.workflows for region in one.regions
    )


def compare_once(state: HubState, book: ShapeBook) -> None:
    """One look at what has changed in the shape of the answers; evaluations go by what it finds."""
    config, now = state.config, state.clock()
    found, before = state.store.read(lambda con: (find_drift(con, config, book, now), shape_findings(con)))
    if found or before:
        state.store.write(lambda con: save_findings(con, found, now)).result()


def roll_once(state: HubState) -> None:
    """One round of rolling up what is closed; while runs wait to be stored it gives way, but not for ever."""
    limits, retention = limits_of(state.config.integrations), state.config.settings.retention
    begun = state.clock()
    overdue = begun - (state.rolled_at or state.started_at) >= ROLL_GIVES_WAY_FOR

    def gives_way() -> bool:
        return state.stopping.is_set() or (not overdue and state.ingest.waiting_rows > ROLL_GIVES_WAY_TO_ROWS)

    roll(state.store, begun, limits=limits, retention=retention, stop=gives_way)
    if not gives_way():
        state.rolled_at = begun


def note_certificates_once(state: HubState) -> None:
    """One look at the certificates that steps saw of late."""
    now = state.clock()
    state.store.write(lambda con: note_certificates(con, now)).result()


def watch_once(state: HubState, source: ConfigSource, adopted: Callable[[Config], None]) -> None:
    """One look at the configuration's files."""

    def adopt(config: Config) -> None:
        adopted(config)
        state.config_problem = None
        log.info("hub.config_adopted", version=config.version)

    def refuse(problem: str) -> None:
        state.config_problem = problem
        log.warning("hub.config_refused", problem=problem, kept=state.config.version)

    reload_if_changed(source, adopt, refuse)
