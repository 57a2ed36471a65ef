"""What an incident can be proved by, and how quotas and credentials stood."""

from __future__ import annotations

from typing import Final

from alerts.reports.case import Case
from alerts.reports.document import Cell, Mark, Section, Table, columns, row
from alerts.reports.wording import NONE, at_time, listed, on_minute, share, short
from metrics.lifetimes import TrackedCredential
from metrics.model import RunRow
from metrics.quota.model import QuotaLevel
from metrics.store.credentials import certificates, credentials
from metrics.store.outcomes import EvidenceIds, evidence_ids, failed_runs
from metrics.store.quota import quota_levels
from probes.auth.life import WORDS, CredentialState

MOST_RUNS: Final = 12


def section(case: Case) -> Section:
    """The first failed runs, with what they can be found by."""
    names, window, region = case.names, case.window, case.region
    runs = case.sources.ask(lambda con: failed_runs(con, names, window, MOST_RUNS, region)) if names else ()
    known = case.sources.ask(lambda con: evidence_ids(con, [r.evidence_id for r in runs if r.evidence_id]))
    failed = sum(one.failed + one.throttled for one in case.runs)
    more = f"The first {len(runs)} of {failed:,} failed or throttled runs. " if failed > len(runs) else ""
    table = Table(
        "Failed runs",
        columns("run", "at", "workflow", "region", "step", "what", "evidence", "request ids"),
        tuple(_run(case, one, known.get(one.evidence_id or "")) for one in runs),
        empty="no run failed in its time",
        note=f"{more}Requests and answers are redacted, and kept for a while; by the ids the vendor finds them.",
    )
    return Section("evidence", "Evidence", (table,))


def standing(case: Case) -> Section:
    """Quotas as last reported when it opened, credentials and certificates as their probers told last."""
    return Section("standing", "Quota and credentials", (_quotas(case), _credentials(case), _certificates(case)))


def _run(case: Case, run: RunRow, found: EvidenceIds | None) -> tuple[Cell, ...]:
    what = " ".join(part for part in (str(run.failure_kind or run.outcome), str(run.failed_status or "")) if part)
    ids = {**(found.vendor_ids if found else {}), **(found.our_ids if found else {})}
    return row(
        Cell(run.run_id, link=case.sources.page(f"/run/{run.run_id}")),
        on_minute(run.started_at, case.sources.zone),
        run.workflow,
        run.region,
        run.failed_step or NONE,
        short(f"{what}: {run.failure_message}" if run.failure_message else what, 160),
        run.evidence_id or NONE,
        short(", ".join(f"{name} {value}" for name, value in ids.items()), 200) or NONE,
    )


def _quotas(case: Case) -> Table:
    at = case.times.opened_at
    levels = [one for one in case.sources.ask(lambda con: quota_levels(con, at)) if one.integration in case.names]
    levels.sort(key=lambda one: (one.left is None, one.left or 0.0, one.integration, one.bucket))
    return Table(
        "Quota when it opened",
        columns("integration", "credential", "bucket", "#left", "used", "resets", "read"),
        tuple(_quota(case, one) for one in levels[:20]),
        empty="no quota was reported for what it is about",
        note="As the vendor had last reported it then.",
    )


def _quota(case: Case, one: QuotaLevel) -> tuple[Cell, ...]:
    zone = case.sources.zone
    used = f"{one.used:,.0f}" if one.used is not None else NONE
    limit = f" of {one.limit:,.0f} {one.unit}" if one.limit is not None else f" {one.unit}"
    mark = Mark.BAD if one.left is not None and one.left <= 0.02 else Mark.NONE
    return row(
        one.integration,
        one.credential,
        one.bucket,
        Cell(share(one.left), one.left, mark),
        used + limit,
        at_time(one.reset_at, zone),
        on_minute(one.observed_at, zone),
    )


def _credentials(case: Case) -> Table:
    found = [one for one in case.sources.ask(credentials) if one.integration in case.names]
    return Table(
        "Credentials",
        columns("integration", "region", "credential", "state", "why"),
        tuple(_credential(case, one) for one in found[:20]),
        empty="no prober has told of a credential of what it is about",
        note="As their probers told last: "
        + (listed(sorted({at_time(one.told_at, case.sources.zone) for one in found}), 2) or NONE),
    )


def _credential(case: Case, one: TrackedCredential) -> tuple[Cell, ...]:
    judged = one.standing(case.window.end)
    mark = Mark.NONE if judged.state is CredentialState.OK else Mark.WARN
    state = Cell(WORDS[judged.state], mark=mark)
    return row(one.integration, one.region, one.life.credential, state, short(judged.reason) or NONE)


def _certificates(case: Case) -> Table:
    end = case.window.end
    found = [one for one in case.sources.ask(certificates) if one.integration in case.names]
    rows = tuple(
        row(
            one.integration, one.region, one.host,
            Cell(at_time(one.expires_at, case.sources.zone), mark=Mark.WARN if one.is_late(end) else Mark.NONE),
        )
        for one in found[:20]
    )  # fmt: skip
    return Table(
        "Certificates of its hosts", columns("integration", "region", "host", "valid until"), rows,
        empty="none was seen: no step reached a host by TLS",
    )  # fmt: skip
