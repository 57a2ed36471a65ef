"""What a back-test cannot say, in sentences: nothing is guessed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alerts.messages import instant, listed
from alerts.model import Rule
from config.model import Config, Workflow
from config.scalars import format_duration
from metrics.model import Window

JUDGED: Final = frozenset(
    {Rule.REGION_DOWN, Rule.WORKFLOW_DOWN, Rule.STORM, Rule.BURN_RATE, Rule.THROTTLED, Rule.UNSTABLE}
)
"""The rules that runs alone decide. Of most else the hub keeps only how it is now."""
WARM_UP: Final = timedelta(days=3)
"""The longest burn window: what is judged before the window begins, so that it begins as it would have been."""

Covered = Mapping[tuple[str, str, str], tuple[datetime, timedelta]]
"""Integration, workflow and region → its first run, and how much of the window its slices cover."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What was there to judge by."""

    window: Window
    before: Config
    after: Config
    covered: Covered

    def notes(self) -> tuple[str, ...]:
        """Everything that was not judged, or not wholly."""
        return (*self._without_history(), *self._partly(), *self._other_probes(), *self._gone(), _OTHER_RULES, _BUDGETS)

    def _series(self) -> Iterator[tuple[str, str, str, Workflow]]:
        for integration in self.after.integrations:
            for workflow in integration.workflows:
                for region in workflow.regions:
                    yield integration.name, workflow.name, region, workflow

    def _without_history(self) -> Iterator[str]:
        new = [f"{i}/{w} from {r}" for i, w, r, _ in self._series() if (i, w, r) not in self.covered]
        if new:
            yield f"no history, so not judged at all: {listed(new)}"

    def _partly(self) -> Iterator[str]:
        late: dict[datetime, list[str]] = {}
        for i, w, r, workflow in self._series():
            known = self.covered.get((i, w, r))
            if known is not None and known[0] > self.window.start + 2 * workflow.every:
                hour = known[0].replace(minute=0, second=0, microsecond=0)
                late.setdefault(hour, []).append(f"{i}/{w} from {r}")
        for hour, names in sorted(late.items()):
            yield f"judged from {instant(hour)} on only, because nothing older is kept: {listed(names)}"
        thin = [name for name, share in self._coverage() if share < _THIN]
        if thin:
            yield f"measured for less than {_THIN:.0%} of the time".replace("%", " %") + f": {listed(thin)}"

    def _coverage(self) -> Iterator[tuple[str, float]]:
        for i, w, r, _ in self._series():
            known = self.covered.get((i, w, r))
            if known is not None:
                yield f"{i}/{w} from {r}", known[1] / self.window.length

    def _other_probes(self) -> Iterator[str]:
        """What was measured was measured by the probes of that time."""
        now = {(one.name, w.name): w for one in self.before.integrations for w in one.workflows}
        pairs = [
            (f"{one.name}/{w.name}", now[one.name, w.name], w)
            for one in self.after.integrations
            for w in one.workflows
            if (one.name, w.name) in now
        ]
        steps = [name for name, old, new in pairs if old.steps != new.steps]
        if steps:
            yield f"the change alters what these probe; they are judged by what was measured before it: {listed(steps)}"
        every = [
            f"{name} ({format_duration(old.every)} → {format_duration(new.every)})"
            for name, old, new in pairs
            if old.every != new.every
        ]
        if every:
            yield f"the change alters how often these run; their runs came as often as they did: {listed(every)}"

    def _gone(self) -> Iterator[str]:
        left = {one.name for one in self.before.integrations} - {one.name for one in self.after.integrations}
        if left:
            yield f"the change takes these out, so that nobody is told of them: {listed(sorted(left))}"


_THIN: Final = 0.9
_OTHER_RULES: Final = "rules that the history does not decide are left out: " + ", ".join(
    sorted(str(rule) for rule in Rule if rule not in JUDGED)
)
_BUDGETS: Final = "silences, acknowledgements and escalation are left out: both sides are judged as if nobody had acted"


def changed_settings(before: Config, after: Config) -> Iterable[str]:
    """Integrations of which anything differs, and `alerts.yaml` where that does."""
    known = {one.name: one for one in before.integrations}
    yield from (one.name for one in after.integrations if known.get(one.name) != one)
    if before.alerting != after.alerting:
        yield "alerts.yaml"
