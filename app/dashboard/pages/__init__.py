"""The pages, one file and one line each."""

from __future__ import annotations

from typing import Final

from app.dashboard.page import Page
from app.dashboard.pages import (
    credentials,
    evidence,
    incident,
    incidents,
    integration,
    objectives,
    overview,
    quotas,
    run,
    system,
    weekly,
)

PAGES: Final[tuple[Page, ...]] = (
    Page("/", "Overview", overview.render, nav="Overview", refresh_s=5),
    Page("/incidents", "Incidents", incidents.render, nav="Incidents", refresh_s=5),
    Page("/incident/{incident_id}", "Incident", incident.render, refresh_s=5),
    Page("/objectives", "Objectives", objectives.render, nav="Objectives", refresh_s=10),
    Page("/quotas", "Quotas", quotas.render, nav="Quotas", refresh_s=10),
    Page("/credentials", "Credentials and versions", credentials.render, nav="Credentials", refresh_s=30),
    Page("/weekly", "Weekly review", weekly.render, nav="Weekly"),
    Page("/system", "System", system.render, nav="System", refresh_s=5),
    Page("/integration/{name}", "{name}", integration.render, refresh_s=10),
    Page("/run/{run_id}", "Run", run.render),
    Page("/evidence/{evidence_id}", "Evidence", evidence.render),
)
