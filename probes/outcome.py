"""What the steps of a run add up to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from probes.lag import LAG_LIMIT_MS
from probes.model import Failure, FailureKind, Outcome, StepResult

TOKEN_POSITION: Final = 0
"""Of the step that fetches a token; a workflow's own begin with 1."""

_BAD: Final = (Outcome.FAILED, Outcome.THROTTLED)
_DECIDED_BY_TIME: Final = frozenset({FailureKind.TIMEOUT, FailureKind.DEADLINE})


def of_step(failure: Failure | None, *, after_failure: bool) -> Outcome:
    """Of one attempt; `after_failure`: an earlier attempt at the same step had failed."""
    if failure is None:
        return Outcome.UNSTABLE if after_failure else Outcome.PASSED
    return Outcome.THROTTLED if failure.kind is FailureKind.THROTTLED else Outcome.FAILED


def deciding_step(steps: Sequence[StepResult]) -> StepResult | None:
    """The last attempt of the first step that was not good; clean-up never decides."""
    # A step against another integration may need a token of its own.
    final: dict[tuple[int, str | None], StepResult] = {}
    for step in steps:
        if step.cleanup:
            continue
        if step.outcome is not Outcome.SKIPPED:
            # It had a token after all: another run of the credential fetched it meanwhile.
            final.pop((TOKEN_POSITION, step.integration), None)
        final[step.position, step.integration] = step
    return next((step for step in final.values() if step.outcome in _BAD), None)


def of_run(steps: Sequence[StepResult], loop_lag_ms: float) -> Outcome:
    """Failed or throttled as the deciding step is; unstable if any attempt failed and was made good.

    A loop lag over the limit taints a failure that time decided: it may be the prober's own. What the vendor said
    stands however late we heard it, or an outage seen by a busy prober would wake nobody.
    """
    deciding = deciding_step(steps)
    counted = [step for step in steps if not step.cleanup]
    if deciding is not None:
        outcome = deciding.outcome
    else:
        unstable = any(step.outcome in (Outcome.UNSTABLE, *_BAD) for step in counted)
        outcome = Outcome.UNSTABLE if unstable else Outcome.PASSED
    late = deciding is not None and deciding.failure is not None and deciding.failure.kind in _DECIDED_BY_TIME
    return Outcome.TAINTED if loop_lag_ms > LAG_LIMIT_MS and late else outcome
