"""One outage, lived through once; tests only read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alerts.reports.document import Document
from alerts.reports.incident import incident_report
from alerts.reports.sources import Sources
from metrics.store.database import Store
from tests.support.report_world import BAD, INCIDENT, MINUTE, T0, live_through, report_config

LINK = "https://leadline.example.com"


@pytest.fixture(scope="session")
def outage() -> Iterator[Sources]:
    """As of nine minutes after its end."""
    store, config = Store.open(None), report_config()
    live_through(store, config)
    yield Sources(store, config, T0 + 2 * BAD * MINUTE, LINK)
    store.close()


@pytest.fixture(scope="session")
def told(outage: Sources) -> Document:
    """The report about it."""
    return incident_report(outage, INCIDENT)
