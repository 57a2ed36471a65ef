"""The sync that companies run between Marketo and Salesforce: a lead written here appears there, a little later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from app.sandbox.faults import FaultSwitches
from app.sandbox.vendors.marketo import Marketo
from app.sandbox.vendors.salesforce import Salesforce

FAULT: Final = "sync-lag"
_FASTEST_S: Final = 0.8
_USUAL_S: Final = 0.9
"""Mean of what comes on top; most leads take one to three seconds."""
_FIELDS: Final = {"email": "Email", "firstName": "FirstName", "lastName": "LastName", "company": "Company"}


class CrmSync:
    """Carries every lead that Salesforce could take: one with a last name and a company.

    As with the real one, deleting a lead here does not delete it there. The fault is Marketo's, which does the sync.
    """

    def __init__(
        self, marketo: Marketo, salesforce: Salesforce, faults: FaultSwitches, random: Random, scale: float
    ) -> None:
        self._salesforce, self._faults, self._random, self._scale = salesforce, faults, random, scale
        marketo.lead_written = self._carry

    def _carry(self, lead: Mapping[str, Any], now: datetime) -> None:
        if lead.get("lastName") and lead.get("company"):
            fields = {there: lead[here] for here, there in _FIELDS.items() if here in lead}
            self._salesforce.take_lead(fields | {"LeadSource": "Marketo"}, now, self._lag())

    def _lag(self) -> timedelta:
        fault_ms = self._faults.number(FAULT)
        if fault_ms is not None:
            return timedelta(milliseconds=fault_ms)
        return timedelta(seconds=self._scale * (_FASTEST_S + self._random.expovariate(1 / _USUAL_S)))
