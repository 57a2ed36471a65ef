"""What people, scripts and load balancers ask the hub: status, health, readiness, own metrics."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

import duckdb
from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from alerts.model import Incident
from alerts.store import open_incidents
from app.hub.channels_api import channel_documents
from app.hub.incident_document import incident_document
from app.hub.maintenance_document import maintenance_documents
from app.hub.quota_document import quota_document
from app.hub.state import HubState
from metrics.lifetimes import HostCertificate, TrackedCredential
from metrics.model import Evaluation, IntegrationSummary, ObjectiveStatus, ProberVerdict
from metrics.state import States
from metrics.store.overview import integration_summaries
from metrics.store.sealing.condition import store_condition

EVALUATED_WITHIN: Final = timedelta(minutes=1)
"""A hub that has not judged for so long alerts nobody, so it does not call itself ready."""


def public_router(state: HubState) -> APIRouter:
    """`/healthz`, `/readyz`, `/metrics` and `/api/v1/status`."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz() -> Response:
        if state.evaluation is None:
            reason = state.last_error or "the first evaluation has not finished"
            return JSONResponse({"status": "not ready", "reason": reason}, status_code=503)
        age = state.clock() - state.evaluation.at
        if age > EVALUATED_WITHIN:
            reason = (
                f"the last evaluation was {age.total_seconds():.0f} s ago; {state.last_error or 'it takes too long'}"
            )
            return JSONResponse({"status": "not ready", "reason": reason}, status_code=503)
        return JSONResponse({"status": "ready", "evaluated_at": state.evaluation.at.isoformat()})

    @router.get("/api/v1/status")
    async def status() -> dict[str, Any]:
        evaluation = state.evaluation
        if evaluation is None:
            raise HTTPException(503, "the hub has just started; try again in a few seconds", {"Retry-After": "2"})
        return await asyncio.to_thread(status_document, state, evaluation)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(own_metrics(state), media_type=CONTENT_TYPE_LATEST)

    return router


def status_document(state: HubState, evaluation: Evaluation) -> dict[str, Any]:
    """One JSON document on everything that is watched; latencies in ms, shares 0…1, None where there is no data."""
    names = [integration.name for integration in state.config.integrations]

    def question(con: duckdb.DuckDBPyConnection) -> tuple[tuple[IntegrationSummary, ...], tuple[Incident, ...]]:
        return integration_summaries(con, names, state.clock(), state.store.memo), open_incidents(con)

    summaries, incidents = state.store.read(question)
    states = States(evaluation, state.config.alerting.confirm)
    return {
        "at": evaluation.at.isoformat(),
        "config_version": state.config.version,
        "config_problem": state.config_problem,
        "integrations": [_integration(state, evaluation, states, summary, incidents) for summary in summaries],
        "incidents": [incident_document(incident) for incident in incidents],
        "quotas": [quota_document(told) for told in evaluation.forecasts],
        "probers": [_prober(prober) for prober in evaluation.probers],
        "objectives": [objective_document(status) for status in evaluation.objectives],
        "credentials": [_credential(one, state.clock()) for one in evaluation.credentials],
        "certificates": [_certificate(one, state.clock()) for one in evaluation.certificates],
        "channels": channel_documents(state),
        "maintenance": maintenance_documents(state),
        "store": _store(state),
    }


def _store(state: HubState) -> dict[str, Any]:
    condition = store_condition(state.store)
    return {
        "hot_bytes": condition.hot_bytes,
        "month_bytes": condition.month_bytes,
        "months": condition.months,
        "sealed_to": condition.sealed_to.isoformat() if condition.sealed_to else None,
        "sealed_at": condition.sealed_at.isoformat() if condition.sealed_at else None,
        "problem": state.store_problem or condition.problem,
        "missing": list(condition.missing),
    }


def _integration(
    state: HubState,
    evaluation: Evaluation,
    states: States,
    summary: IntegrationSummary,
    incidents: tuple[Incident, ...],
) -> dict[str, Any]:
    name = summary.integration
    declared = state.config.integration(name)
    budgets = [o.budget_left for o in evaluation.objectives if o.integration == name and o.budget_left is not None]
    return {
        "name": name,
        "vendor": declared.vendor if declared else None,
        "state": states.of(name),
        "last_run_at": summary.last_run_at.isoformat() if summary.last_run_at else None,
        "runs_24h": summary.runs_24h,
        "p95_ms": summary.latency_1h.p95,
        "p95_exact": summary.latency_1h.exact,
        "normal_p95_ms": summary.normal_p95_ms,
        "availability_30d": summary.availability_30d.share,
        "budget_left": min(budgets, default=None),
        "firing": [c.rule for i in incidents if i.integration == name for c in i.conditions],
    }


def objective_document(status: ObjectiveStatus) -> dict[str, Any]:
    """One objective: shares 0…1, lengths in seconds, None where there is no data or a budget lasts."""
    lasts_s = status.exhausted_in.total_seconds() if status.exhausted_in is not None else None
    return {
        "integration": status.integration,
        "key": status.key,
        "target": status.objective.target,
        "since": status.window.start.isoformat(),
        "resets_at": status.resets_at.isoformat() if status.resets_at else None,
        "sli": status.sli,
        "n": status.good + status.bad,
        "coverage": status.coverage,
        "budget_left": status.budget_left,
        "exhausted_in_s": lasts_s,
        "pace_over_s": status.pace_over.total_seconds() if status.pace_over else None,
        "burns": [
            {
                "severity": burn.pair.severity,
                "long_s": burn.pair.long.total_seconds(),
                "short_s": burn.pair.short.total_seconds(),
                "factor": burn.pair.factor,
                "long_burn": burn.long_burn,
                "short_burn": burn.short_burn,
                "bad_in_long": burn.bad_in_long,
                "firing": burn.firing,
            }
            for burn in status.burns
        ],
    }


def _prober(prober: ProberVerdict) -> dict[str, Any]:
    return {
        "id": prober.prober_id,
        "region": prober.region,
        "silent": prober.silent,
        "last_seen": prober.last_seen.isoformat(),
        "loop_lag_ms": prober.loop_lag_ms,
        "outbox_depth": prober.outbox_depth,
        "config_version": prober.config_version,
        "runs_missed": prober.runs_missed,
        "previous_stop": prober.previous_stop,
        "problem": prober.problem,
        "circuits": [
            {
                "integration": circuit.integration,
                "since": circuit.since.isoformat(),
                "failures": circuit.failures,
                "next_trial_at": circuit.next_trial_at.isoformat(),
                "reason": circuit.reason,
            }
            for circuit in prober.circuits
        ],
        "leftovers": [
            {"integration": one.integration, "workflow": one.workflow, "open": one.open, "given_up": one.given_up}
            for one in prober.leftovers
        ],
    }


def _credential(one: TrackedCredential, now: datetime) -> dict[str, Any]:
    life, standing = one.life, one.standing(now)
    return {
        "integration": life.integration,
        "region": one.region,
        "credential": life.credential,
        "kind": life.kind,
        "state": standing.state,
        "reason": standing.reason,
        "remedy": standing.remedy,
        "at": standing.at.isoformat() if standing.at else None,
    }


def _certificate(one: HostCertificate, now: datetime) -> dict[str, Any]:
    return {
        "integration": one.integration,
        "region": one.region,
        "host": one.host,
        "expires_at": one.expires_at.isoformat(),
        "late": one.is_late(now),
    }


def own_metrics(state: HubState) -> bytes:
    """The hub's own figures in Prometheus' text format, made afresh so that no state outlives the hub."""
    registry = CollectorRegistry()
    evaluation = state.evaluation
    Gauge("leadline_hub_ingested_runs", "Runs stored since start", registry=registry).set(state.ingested_runs)
    Gauge("leadline_hub_uptime_seconds", "Seconds since start", registry=registry).set(
        (state.clock() - state.started_at).total_seconds()
    )
    age = Gauge("leadline_hub_evaluation_age_seconds", "Seconds since the last evaluation", registry=registry)
    silent = Gauge("leadline_prober_silent", "1 while nothing is heard of the prober", ["region"], registry=registry)
    cursor = Gauge("leadline_prober_cursor", "Number of the last run stored", ["region"], registry=registry)
    depth = Gauge("leadline_prober_outbox_runs", "Runs waiting at the prober", ["region"], registry=registry)
    if evaluation is None:
        age.set(float("nan"))
        return generate_latest(registry)
    age.set((state.clock() - evaluation.at).total_seconds())
    for prober in evaluation.probers:
        silent.labels(prober.region).set(prober.silent)
        cursor.labels(prober.region).set(prober.cursor)
        depth.labels(prober.region).set(prober.outbox_depth)
    return generate_latest(registry)
