"""The pages, one file and one line each."""

from __future__ import annotations

from typing import Final

from app.dashboard.page import Page
from app.dashboard.pages import credentials, evidence, incident, incidents, integration, overview, quotas, run, system

PAGES: Final[tuple[Page, ...]] = (
    Page("/", "Overview", overview.render, nav="Overview", refresh_s=5, key="o"),
    Page("/incidents", "Incidents", incidents.render, nav="Incidents", refresh_s=5, key="i"),
    Page("/incident/{incident_id}", "Incident", incident.render, refresh_s=5, knows=incident.knows),
    Page("/quotas", "Quotas", quotas.render, nav="Quotas", refresh_s=10, key="q"),
    Page("/credentials", "Credentials and versions", credentials.render, nav="Credentials", refresh_s=30, key="c"),
    Page("/system", "System", system.render, nav="System", refresh_s=5, key="s"),
    Page("/integration/{name}", "{name}", integration.render, refresh_s=10, knows=integration.knows),
    Page("/run/{run_id}", "Run", run.render, knows=run.knows),
    Page("/evidence/{evidence_id}", "Evidence", evidence.render, knows=evidence.knows),
)
