"""Clean-up that failed is remembered, and tried again at the end of later runs of the same workflow."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final

import structlog

from config.model import Retry, Step
from config.template_functions import Drawn
from probes.execution import Execution
from probes.leftovers import LEFT_BY, Leftover, first_due, is_gone, kept_variables, needs_doing
from probes.memory import Memory
from probes.model import Failure, FailureKind, StepResult
from probes.request import needs
from probes.steps import StepRunner

OPEN_LEFTOVERS: Final = "leftovers"
"""The value that tells how many are open after a run, where there are or were any."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Cleaning:
    """The clean-up of one run."""

    memory: Memory
    execution: Execution
    steps: StepRunner

    async def after(self, step: Step, position: int, failure: Failure | None) -> None:
        """To be told how each step ended."""
        execution = self.execution
        if not execution.reached_vendor or not needs_doing(step, failure, self._last(position)):
            return
        now = execution.clock()
        variables = kept_variables(needs(step), execution.variables, execution.credentials)
        if variables is None:
            await _written(self.memory.give_up(*self._names, now))
            return
        key = f"{position}-{execution.run_id}"
        leftover = Leftover(key, *self._names, step.name, variables, made_at=now, due_at=first_due(now))
        await _written(self.memory.leave(leftover))

    async def cut_off(self, position: int) -> None:
        """To be told that the run ends before the steps from `position` on: its clean-up is left to later runs."""
        stopped = Failure(FailureKind.DEADLINE, "the prober was stopped")
        for number, step in enumerate(self.execution.workflow.steps[position - 1 :], start=position):
            self.execution.begin(step)
            known = needs(step) <= self.execution.variables.keys()
            if step.always and known and self.steps.why_left_out(step) is None:
                await self.after(step, number, stopped)

    async def try_again(self) -> None:
        """What earlier runs left, a few at a time; only by a run that is good so far: the vendor must be well."""
        execution = self.execution
        if execution.blocked_by is None:
            for leftover in self.memory.due(*self._names, execution.clock()):
                await self._try(leftover)
        counts = self.memory.count(*self._names, execution.clock())
        if counts.open or self._tried:
            execution.values[OPEN_LEFTOVERS] = float(counts.open)

    async def _try(self, leftover: Leftover) -> None:
        execution = self.execution
        steps = execution.workflow.steps
        declared = next((step for step in steps if step.name == leftover.step and step.always), None)
        if declared is None:  # taken out of the workflow since
            await _written(self.memory.give_up(*self._names, execution.clock(), key=leftover.key))
            return
        step = declared.model_copy(
            update={"name": leftover.shown_as, "retry": Retry(attempts=1), "always": True, "when": None}
        )
        position = max((result.position for result in execution.results), default=0) + 1
        own, execution.variables = execution.variables, self._as_it_was(leftover)
        try:
            await self.steps.run(step, position)
        finally:
            execution.variables = own
        if is_gone(self._last(position)):
            await _written(self.memory.cleaned(leftover))
        else:
            await _written(self.memory.failed_again(leftover, execution.clock()))

    def _as_it_was(self, leftover: Leftover) -> dict[str, Any]:
        """The run's variables with those of the leftover's own run, of which a file keeps no more than the text."""
        now = self.execution.variables
        kept = {name: (now.get(name), value) for name, value in leftover.variables.items()}
        return now | {
            name: known.again(value) if isinstance(known, Drawn) else value for name, (known, value) in kept.items()
        }

    @property
    def _names(self) -> tuple[str, str]:
        return self.execution.home.name, self.execution.workflow.name

    @property
    def _tried(self) -> bool:
        return any(LEFT_BY in result.name for result in self.execution.results)

    def _last(self, position: int) -> StepResult | None:
        return next((one for one in reversed(self.execution.results) if one.position == position), None)


async def keep_state(memory: Memory, execution: Execution) -> None:
    """After a good run: what it left in the workflow's variables. A secret is not kept."""
    workflow = execution.workflow
    values = {name: execution.variables[name] for name in workflow.state if name in execution.variables}
    open_ones = {
        name: value for name, value in values.items() if not (isinstance(value, str) and value in execution.credentials)
    }
    await _written(memory.keep_state(execution.home.name, workflow, open_ones))


async def _written(change: Awaitable[None]) -> None:
    """A disk that is full must not make a vendor look bad."""
    try:
        await change
    except sqlite3.Error as err:
        log.error("not_remembered", reason=str(err))  # noqa: TRY400 - the words say it all
