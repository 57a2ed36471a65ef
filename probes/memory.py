"""What a prober remembers from run to run: its workflows' state, and what failed clean-ups left behind.

Answers come from memory; changes are on disk before the run that made them is done. One object per prober.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, Final

from config.model import Workflow
from probes import leftovers
from probes.leftovers import Leftover
from probes.memory_file import Documents, MemoryFile
from probes.model import Leftovers

STATE: Final = "state"
LEFTOVER: Final = "leftover"
GIVEN_UP: Final = "given_up"
LARGEST_VALUE: Final = 16_384
"""Characters of JSON that one variable may take."""
_GIVEN_UP_IS_TOLD_FOR: Final = timedelta(days=7)


class Memory:
    """Belongs to one event loop. Without a file, everything is forgotten with the process; `known` is what it begins
    with then."""

    def __init__(self, file: MemoryFile | None = None, known: Documents | None = None) -> None:
        self._file = file
        documents = file.documents() if file is not None else dict(known or {})
        self._state = {key: document for (kind, key), document in documents.items() if kind == STATE}
        self._given_up = {key: document for (kind, key), document in documents.items() if kind == GIVEN_UP}
        self._left = {key: _leftover(document) for (kind, key), document in documents.items() if kind == LEFTOVER}

    def close(self) -> None:
        """Once nothing runs any more."""
        if self._file is not None:
            self._file.close()

    # -- state --

    def state(self, integration: str, workflow: Workflow) -> dict[str, Any]:
        """The workflow's variables now. A first value that was changed in the configuration starts that variable anew;
        one that was taken out is forgotten with the next good run."""
        kept = self._state.get(_key(integration, workflow.name), {})
        return {
            name: kept[name]["value"] if name in kept and kept[name]["first"] == first else first
            for name, first in workflow.state.items()
        }

    async def keep_state(self, integration: str, workflow: Workflow, values: Mapping[str, Any]) -> None:
        """What a good run left in the variables. Raises sqlite3.Error; it is remembered until the end even so."""
        before = self.state(integration, workflow)
        fitting = {name: values[name] for name in workflow.state if name in values and _fits(values[name])}
        after = before | fitting
        key = _key(integration, workflow.name)
        document = {name: {"first": workflow.state[name], "value": value} for name, value in after.items()}
        if self._state.get(key, {}) != document:
            self._state[key] = document
            await self._put(STATE, key, document)

    # -- leftovers --

    def due(self, integration: str, workflow: str, now: datetime) -> tuple[Leftover, ...]:
        """What the next run of the workflow should try to clean up, the longest overdue first."""
        found = [one for one in self._of(integration, workflow) if one.due_at <= now]
        return tuple(sorted(found, key=lambda one: one.due_at)[: leftovers.MOST_PER_RUN])

    async def leave(self, leftover: Leftover) -> None:
        """Remember it, and give up the oldest beyond what is kept. Raises sqlite3.Error."""
        self._left[leftover.key] = leftover
        await self._put(LEFTOVER, leftover.key, _document(leftover))
        own = sorted(self._of(leftover.integration, leftover.workflow), key=lambda one: one.made_at)
        for one in own[: -leftovers.MOST_PER_WORKFLOW]:
            await self.give_up(one.integration, one.workflow, leftover.made_at, key=one.key)

    async def cleaned(self, leftover: Leftover) -> None:
        """It is gone. Raises sqlite3.Error."""
        await self._forget(leftover.key)

    async def failed_again(self, leftover: Leftover, now: datetime) -> None:
        """Once more in vain. Raises sqlite3.Error."""
        following = leftovers.after_failure(leftover, now)
        if following is None:
            await self.give_up(leftover.integration, leftover.workflow, now, key=leftover.key)
        else:
            self._left[following.key] = following
            await self._put(LEFTOVER, following.key, _document(following))

    async def give_up(self, integration: str, workflow: str, now: datetime, *, key: str | None = None) -> None:
        """Count one that has to be cleaned up by hand. Raises sqlite3.Error."""
        name = _key(integration, workflow)
        document = {"count": self._given_up_of(name, now) + 1, "latest_at": now.isoformat()}
        self._given_up[name] = document
        await self._put(GIVEN_UP, name, document)
        if key is not None:
            await self._forget(key)

    def counts(self, now: datetime) -> tuple[Leftovers, ...]:
        """Every workflow that has left something, by name. What was given up is told of for seven days."""
        keys = {_key(one.integration, one.workflow) for one in self._left.values()} | set(self._given_up)
        counted = (self.count(*_names(key), now) for key in sorted(keys))
        return tuple(one for one in counted if one.open or one.given_up)

    def count(self, integration: str, workflow: str, now: datetime) -> Leftovers:
        """That workflow's."""
        given_up = self._given_up_of(_key(integration, workflow), now)
        return Leftovers(integration, workflow, len(self._of(integration, workflow)), given_up)

    def _of(self, integration: str, workflow: str) -> list[Leftover]:
        return [one for one in self._left.values() if (one.integration, one.workflow) == (integration, workflow)]

    def _given_up_of(self, key: str, now: datetime) -> int:
        document = self._given_up.get(key)
        if document is None or now - datetime.fromisoformat(document["latest_at"]) >= _GIVEN_UP_IS_TOLD_FOR:
            return 0
        return int(document["count"])

    async def _forget(self, key: str) -> None:
        if self._left.pop(key, None) is not None and self._file is not None:
            await self._file.drop(LEFTOVER, key)

    async def _put(self, kind: str, key: str, document: dict[str, Any]) -> None:
        if self._file is not None:
            await self._file.put(kind, key, document)


def _fits(value: Any) -> bool:
    try:
        return len(json.dumps(value)) <= LARGEST_VALUE
    except (TypeError, ValueError):
        return False


def _key(integration: str, workflow: str) -> str:
    return f"{integration}/{workflow}"


def _names(key: str) -> tuple[str, str]:
    integration, _, workflow = key.partition("/")
    return integration, workflow


def _document(leftover: Leftover) -> dict[str, Any]:
    instants = {"made_at": leftover.made_at.isoformat(), "due_at": leftover.due_at.isoformat()}
    return asdict(replace(leftover, variables=dict(leftover.variables))) | instants


def _leftover(document: dict[str, Any]) -> Leftover:
    instants = {name: datetime.fromisoformat(document[name]) for name in ("made_at", "due_at")}
    return Leftover(**(document | instants))
