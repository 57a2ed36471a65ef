"""Which objectives a visit is about, and in which order: the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

from config.model import Config, Integration
from metrics.model import ObjectiveStatus, flow_subject

PAGE: Final = 25
PATH: Final = "/objectives"
_LOW: Final = 0.25


class Standing(StrEnum):
    """How an objective stands, the worst first."""

    BURNING = "burning"
    OVERSPENT = "overspent"
    LOW = "running low"
    NO_DATA = "no data"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Promise:
    """One objective with what is declared of whose it is."""

    status: ObjectiveStatus
    tier: str
    flows: tuple[str, ...]
    owner: str
    title: str

    @property
    def standing(self) -> Standing:
        """By its alerts first, then by its budget."""
        left = self.status.budget_left
        if any(burn.firing for burn in self.status.burns):
            return Standing.BURNING
        if left is None:
            return Standing.NO_DATA
        if left <= 0:
            return Standing.OVERSPENT
        return Standing.LOW if left < _LOW else Standing.KEPT


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address asks for; empty: any."""

    standing: str = ""
    tier: str = ""
    flow: str = ""
    owner: str = ""
    page: int = 0

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Choice:
        """Whatever else the query holds is passed over."""
        number = query.get("page", "")
        page = min(int(number), 10_000) if number.isascii() and number.isdigit() else 0
        return cls(**{name: query.get(name, "") for name in FILTERS}, page=page)

    def address(self, **changed: str) -> str:
        """Of the page with these filters instead; on its first page unless that is among them."""
        wanted = {name: getattr(self, name) for name in FILTERS} | changed
        query = {name: value for name, value in wanted.items() if value}
        return f"{PATH}?{urlencode(query)}" if query else PATH


FILTERS: Final = ("standing", "tier", "flow", "owner")
_VALUES: Final[Mapping[str, Callable[[Promise], tuple[str, ...]]]] = {
    "standing": lambda one: (one.standing.value,),
    "tier": lambda one: (one.tier,) if one.tier else (),
    "flow": lambda one: one.flows,
    "owner": lambda one: (one.owner,) if one.owner else (),
}
_RANK: Final = {standing: place for place, standing in enumerate(Standing)}


def promises(statuses: Sequence[ObjectiveStatus], config: Config) -> list[Promise]:
    """Every one of them, the worst first."""
    declared = {one.name: one for one in config.integrations}
    found = [_promise(status, declared) for status in statuses]
    return sorted(found, key=_order)


def chosen(found: Sequence[Promise], choice: Choice) -> list[Promise]:
    """Those that every filter lets through."""
    return [one for one in found if all(_fits(one, name, getattr(choice, name)) for name in FILTERS)]


def values(found: Sequence[Promise], choice: Choice, name: str) -> list[tuple[str, int]]:
    """What that filter could be set to, as the others stand, and how many each would leave; the most first."""
    others = [one for one in FILTERS if one != name]
    left = [one for one in found if all(_fits(one, other, getattr(choice, other)) for other in others)]
    counts = Counter(value for one in left for value in _VALUES[name](one))
    if name == "standing":
        return [(standing.value, counts[standing.value]) for standing in Standing if counts[standing.value]]
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _fits(one: Promise, name: str, wanted: str) -> bool:
    return not wanted or wanted in _VALUES[name](one)


def _promise(status: ObjectiveStatus, declared: Mapping[str, Integration]) -> Promise:
    integration = declared.get(status.integration)
    if integration is not None:
        title = integration.title or integration.name
        return Promise(status, str(integration.tier), tuple(integration.flows), integration.owner or "", title)
    flow = status.integration.removeprefix(flow_subject(""))
    return Promise(status, "", (flow,), "", f"flow {flow}")


def _order(one: Promise) -> tuple[int, float, str, str]:
    left = one.status.budget_left
    paging = any(burn.firing and burn.pair.severity == "page" for burn in one.status.burns)
    return _RANK[one.standing] - paging, left if left is not None else 0.0, one.status.integration, one.status.key
