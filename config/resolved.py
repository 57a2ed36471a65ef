"""Integrations with their references resolved, kept for as long as everything that they refer to stays the same.

Resolving walks through every text of an integration, which would cost a prober more than the rest of a run. Looking at
the references alone is cheap, so each run still sees a rotated file or variable at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from config.model import Integration
from config.secrets import Reference, map_text, references, resolve_integration, secret_values

_MOST: Final = 4096


@dataclass(frozen=True, slots=True, repr=False)
class Resolved:
    """`integration` as `resolve_integration` gives it, and its `secret_values`."""

    integration: Integration
    secrets: frozenset[str]


@dataclass(frozen=True, slots=True, repr=False)
class _Kept:
    declared: Integration
    references: tuple[Reference, ...]
    values: tuple[str, ...]
    resolved: Resolved


class IntegrationResolver:
    """Resolves against `environ`. Belongs to one thread."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._kept: dict[str, _Kept] = {}

    def of(self, declared: Integration) -> Resolved:
        """As of this moment; raises `UnresolvedReference`."""
        kept = self._kept.get(declared.name)
        if kept is not None and kept.declared is declared and kept.values == self._values(kept.references):
            return kept.resolved
        self._kept.pop(declared.name, None)
        found, is_plain = _looked_through(declared)
        # Read before they are used: one that changes in between is noticed the next time.
        values = self._values(found)
        resolved = Resolved(declared, frozenset()) if is_plain else self._resolved(declared)
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[declared.name] = _Kept(declared, found, values, resolved)
        return resolved

    def _resolved(self, declared: Integration) -> Resolved:
        return Resolved(resolve_integration(declared, self._environ), secret_values(declared, self._environ))

    def _values(self, found: tuple[Reference, ...]) -> tuple[str, ...]:
        return tuple(reference.resolve(self._environ) for reference in found)


def references_of(declared: Integration) -> tuple[Reference, ...]:
    """Every reference in its texts, each once; raises `UnresolvedReference` for a malformed one."""
    return _looked_through(declared)[0]


def _looked_through(declared: Integration) -> tuple[tuple[Reference, ...], bool]:
    """Its references, and whether each of its texts means itself: then there is nothing to resolve."""
    found: dict[Reference, None] = {}
    is_plain = True

    def noted(text: str) -> str:
        nonlocal is_plain
        if "${" in text:
            is_plain = False
            found.update(dict.fromkeys(references(text)))
        return text

    map_text(declared, noted)
    return tuple(found), is_plain
