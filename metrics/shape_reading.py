"""Which paths of an answer a step's workflow relies on. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from config.model import Step
from metrics.changing import ShapeChange
from probes.change.keys import segment

ANY: Final = "*"
ANYWHERE: Final = "**"

_TOKEN: Final = re.compile(
    r"(?P<deep>\.\.)|\.?(?P<all>\*)|\.?(?P<name>[^\W\d]\w*)|\[\s*(?:'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\")\s*\]"
    r"|(?P<items>\[\s*(?:\*|-?\d+|[-\d:\s]+)\s*\])"
)
_PARTS: Final = re.compile(r"\[\*\]|\[<id>\]|\['[^']*'\]|\.\w+")


@dataclass(frozen=True, slots=True)
class Reading:
    """One JSONPath that a step reads. `whole`: with all that is below it."""

    parts: tuple[str, ...]
    whole: bool = False

    def concerns(self, path: str) -> bool:
        """Whether a change at that normalised path may change what is read."""
        parts = _PARTS.findall(path)
        if ANYWHERE in self.parts:
            deep = self.parts.index(ANYWHERE)
            after = self.parts[deep + 1 :][:1]
            return _agree(self.parts[:deep], parts) and (not after or len(parts) <= deep or after[0] in parts)
        return _agree(self.parts, parts) and (self.whole or len(parts) <= len(self.parts))


def is_read(step: Step, path: str, change: ShapeChange) -> bool:
    """Whether the workflow relies on what changed there. On what is new, nobody can."""
    return change is not ShapeChange.NEW and any(reading.concerns(path) for reading in readings(step))


def readings(step: Step) -> tuple[Reading, ...]:
    """Every JSONPath in `expect`, `until`, `record`, `repeat` and `capture`; what is captured is read as a whole."""
    until = step.until.json_paths if step.until is not None else {}
    single = [*step.expect.json_paths, *until, *(kept.source for kept in step.record.values())]
    whole = [*step.capture.values(), *([step.repeat.next] if step.repeat is not None else [])]
    found = [_reading(path, False) for path in single] + [_reading(path, True) for path in whole]
    return tuple(reading for reading in found if reading is not None)


@lru_cache(maxsize=4096)
def _reading(path: str, whole: bool) -> Reading | None:
    """None for a source that is no JSONPath. What is not understood (a filter) reads everything from there on."""
    if not path.startswith("$"):
        return None
    parts: list[str] = []
    at = 1
    while at < len(path):
        found = _TOKEN.match(path, at)
        if found is None:
            return Reading(tuple(parts), whole=True)
        parts += _part(found)
        at = found.end()
    return Reading(tuple(parts), whole)


def _part(found: re.Match[str]) -> Iterator[str]:
    name = found["name"] or found["single"] or found["double"]
    if name is not None:
        yield segment(name)
    elif found["items"]:
        yield "[*]"
    else:
        yield ANYWHERE if found["deep"] else ANY


def _agree(read: Sequence[str], parts: Sequence[str]) -> bool:
    """As far as both go, the same way. `[*]` also takes every member of an object."""
    return all(
        one in (ANY, other) or (one == "[*]" and other == "[<id>]") for one, other in zip(read, parts, strict=False)
    )
