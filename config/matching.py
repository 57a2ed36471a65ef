"""Matchers: what an incident has to be for a route, a silence or a maintenance window to mean it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

MatchKey = Literal[
    "subject",
    "kind",
    "integration",
    "vendor",
    "flow",
    "owner",
    "environment",
    "region",
    "tier",
    "rule",
    "workflow",
]
SubjectKind = Literal["integration", "flow", "region", "prober", "channel", "storm", "hub"]
"""What an incident can be about."""

Values = Mapping[str, tuple[str, ...]]
"""Property → what something is. A property that is not known is left out, and no matcher of it holds."""

_ANY_OF: Final = frozenset({"flow"})
"""An incident hits a flow or does not: that it hits another one too makes no difference to that."""
_WILD: Final = re.compile(r"[*?]")


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Patterns = Annotated[
    tuple[Pattern, ...],
    BeforeValidator(_listed),
    Field(min_length=1, max_length=100),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
            ],
            "examples": ["hubspot", "shopify-*", ["hubspot", "marketo"]],
        }
    ),
]
Match = dict[MatchKey, Patterns]
"""Property → values, any of which will do; every property has to hold. `*` stands for any text, `?` for a character."""


def is_exact(pattern: str) -> bool:
    """Whether it names one thing only."""
    return _WILD.search(pattern) is None


@lru_cache(maxsize=4096)
def _compiled(patterns: tuple[str, ...]) -> tuple[frozenset[str], re.Pattern[str] | None]:
    exact = frozenset(pattern for pattern in patterns if is_exact(pattern))
    wild = ("".join(_part(c) for c in pattern) for pattern in patterns if not is_exact(pattern))
    joined = "|".join(wild)
    return exact, re.compile(joined, re.DOTALL) if joined else None


def _part(character: str) -> str:
    return {"*": ".*", "?": "."}.get(character) or re.escape(character)


def fits(patterns: tuple[str, ...], value: str) -> bool:
    """Whether one of the patterns is, or covers, the whole value. Upper and lower case differ."""
    exact, wild = _compiled(patterns)
    return value in exact or (wild is not None and wild.fullmatch(value) is not None)


def any_fits(patterns: tuple[str, ...], values: Iterable[str]) -> bool:
    """Whether at least one of the values fits."""
    exact, wild = _compiled(patterns)
    return any(v in exact or (wild is not None and wild.fullmatch(v) is not None) for v in values)


def is_meant(match: Mapping[Any, tuple[str, ...]], values: Values) -> bool:
    """Whether each matcher holds for one of its values at least: enough to hear of it."""
    return all(any_fits(patterns, values.get(key, ())) for key, patterns in match.items())


@dataclass(frozen=True, slots=True)
class Coverage:
    """A match, made ready to be held against hundreds of incidents."""

    parts: tuple[tuple[str, bool, frozenset[str], re.Pattern[str] | None], ...]
    """Property, whether one of its values will do, exact values, patterns."""

    @classmethod
    def of(cls, match: Mapping[Any, tuple[str, ...]]) -> Coverage:
        """Of that match."""
        return cls(tuple((str(key), key in _ANY_OF, *_compiled(patterns)) for key, patterns in match.items()))

    def holds(self, values: Values) -> bool:
        """Whether each matcher holds for all of its values: enough not to hear of it. What is seen from two regions is
        not covered by a matcher of one of them; a flow that is hit is hit, whatever else is."""
        for key, is_any, exact, wild in self.parts:
            fitting = [
                value in exact or (wild is not None and wild.fullmatch(value) is not None)
                for value in values.get(key, ())
            ]
            if not fitting or not (any(fitting) if is_any else all(fitting)):
                return False
        return True


def in_words(match: Mapping[Any, tuple[str, ...]]) -> str:
    """`integration hubspot, region eu or us`."""
    return ", ".join(f"{key} {' or '.join(patterns)}" for key, patterns in match.items())
