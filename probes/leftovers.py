"""What a failed clean-up left behind at a vendor: enough to try again, how often, and for how long. Pure.

Kept are the variables that the step's templates need, never a credential: the request is built anew from the
configuration, with the credential of that day.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from config.model import Step
from probes.model import Failure, FailureKind, Outcome, StepResult
from probes.redaction.names import REDACTED, mask_for

MOST_ATTEMPTS: Final = 8
OLDEST: Final = timedelta(days=7)
MOST_PER_WORKFLOW: Final = 200
MOST_PER_RUN: Final = 2
_FIRST_AFTER: Final = timedelta(minutes=1)
_LONGEST: Final = timedelta(hours=6)
_CHANGES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
LEFT_BY: Final = " (left by …"
"""What follows the step's own name in the rows of its later attempts."""
GONE: Final = frozenset({404, 410})
"""Somebody else has cleaned it up."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """One clean-up step of one run that is still to be done."""

    key: str
    integration: str
    workflow: str
    step: str
    variables: Mapping[str, Any]
    made_at: datetime
    due_at: datetime
    attempts: int = 0

    @property
    def shown_as(self) -> str:
        """Name of the step that tries again: what it does, and the end of the id of the run that left it."""
        return f"{self.step}{LEFT_BY}{self.key[-6:]})"


def needs_doing(step: Step, failure: Failure | None, last: StepResult | None) -> bool:
    """Whether a clean-up that ended so has left something that a later attempt may remove."""
    if failure is None or not step.always or step.request.method not in _CHANGES:
        return False
    if failure.kind in (FailureKind.DEPENDENCY, FailureKind.INTERNAL):
        return False
    return not is_gone(last)


def is_gone(last: StepResult | None) -> bool:
    """Whether there is nothing left, by the last attempt at removing it."""
    return last is not None and (last.status in GONE or last.outcome in (Outcome.PASSED, Outcome.UNSTABLE))


def kept_variables(
    needed: frozenset[str], variables: Mapping[str, Any], secrets: frozenset[str]
) -> dict[str, Any] | None:
    """What has to be remembered of the run; None where that is a secret, or cannot be written down."""
    found = {name: _plain(variables[name]) for name in needed if name in variables}
    for name, value in found.items():
        if mask_for(name) == REDACTED or (isinstance(value, str) and value in secrets):
            return None
    try:
        return found if len(json.dumps(found)) <= 16_384 else None
    except (TypeError, ValueError):
        return None


def _plain(value: Any) -> Any:
    """Without what a text of the templates' own can do beside being one."""
    return str(value) if isinstance(value, str) else value


def after_failure(leftover: Leftover, now: datetime) -> Leftover | None:
    """The same with its next attempt, 1, 4, 16, 64 min … 6 h later; None when it is time to give up."""
    attempts = leftover.attempts + 1
    if attempts >= MOST_ATTEMPTS or now - leftover.made_at >= OLDEST:
        return None
    pause = min(_LONGEST, _FIRST_AFTER * 4**attempts)
    return replace(leftover, attempts=attempts, due_at=now + pause)


def first_due(made_at: datetime) -> datetime:
    """When a new one is tried again."""
    return made_at + _FIRST_AFTER
