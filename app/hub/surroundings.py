"""What only a running hub can add to an evaluation: how it keeps up itself, and what is usual for what fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from app.hub.state import HubState
from metrics.model import Evaluation
from metrics.operating import HubLoad


def with_surroundings(evaluation: Evaluation, state: HubState) -> Evaluation:
    """The evaluation with the hub's own load, and what is normal for whatever is wrong."""
    return replace(evaluation, load=_load(evaluation, state), usual=state.learned.usual(_in_trouble(evaluation)))


def _load(evaluation: Evaluation, state: HubState) -> HubLoad:
    before, since = state.evaluation, state.ingest.waiting_since
    return HubLoad(
        waiting_rows=state.ingest.waiting_rows,
        waiting_for=max(evaluation.at - since, timedelta(0)) if since else timedelta(0),
        since_last=evaluation.at - before.at if before else None,
        problem=state.store_problem,
        listening_for=evaluation.at - state.started_at,
    )


def _in_trouble(evaluation: Evaluation) -> frozenset[str]:
    """Integrations that fail, or are beyond a static limit."""
    failing = {one.integration for one in evaluation.workflows if any(region.failing for region in one.regions)}
    return frozenset(failing | {one.integration for one in evaluation.limits if one.crossed})
