"""A viewer of the dashboard without a browser: asks the callbacks that a page makes a browser ask, over HTTP.

Which ones these are is read from `/_dash-dependencies` and from what the answers draw: a callback is asked once all
that it reads and writes stands on the page, and again at each refresh if it goes by the page's clock. So pages, panels
and callbacks that are added are measured without a change here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

import httpx

_WILD: Final = (["MATCH"], ["ALL"], ["ALLSMALLER"])
_CLOCK: Final = ("Interval", "n_intervals")
_MOST: Final = 200
"""Callbacks of one visit; more would be a circle."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One callback: how long its answer took, how large that was, and the points of the chart with most of them."""

    output: str
    ms: float
    size: int
    points: int
    failed: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """A component's id, perhaps a pattern, and a property of it."""

    id: str | dict[str, Any]
    prop: str

    @classmethod
    def of(cls, text: str, prop: str) -> _Place:
        return cls(json.loads(text) if text.startswith("{") else text, prop)

    @property
    def many(self) -> bool:
        return isinstance(self.id, dict) and any(part in (["ALL"], ["ALLSMALLER"]) for part in self.id.values())


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback that the server answers."""

    output: str
    outputs: tuple[_Place, ...]
    inputs: tuple[_Place, ...]
    state: tuple[_Place, ...]
    initial: bool
    client_side: bool

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Callback:
        """As `/_dash-dependencies` tells of it."""
        return cls(
            told["output"],
            tuple(_outputs(told["output"])),
            *(tuple(_Place.of(one["id"], one["property"]) for one in told[part]) for part in ("inputs", "state")),
            initial=not told.get("prevent_initial_call"),
            client_side=bool(told.get("clientside_function")),
        )


def _outputs(text: str) -> Iterator[_Place]:
    parts = text[2:-2].split("...") if text.startswith("..") else [text] if text else []
    for part in parts:
        name, _, prop = part.rpartition(".")
        yield _Place.of(name, prop)


@dataclass
class Site:
    """What a browser knows of the dashboard before it looks at a page."""

    client: httpx.Client
    callbacks: tuple[Callback, ...]
    layout: Any

    @classmethod
    def at(cls, url: str) -> Site:
        """The dashboard there."""
        client = httpx.Client(base_url=url, timeout=60, trust_env=False, headers={"Origin": url, "Referer": f"{url}/"})
        client.get("/").raise_for_status()
        told = client.get("/_dash-dependencies").raise_for_status().json()
        return cls(client, tuple(map(Callback.of, told)), client.get("/_dash-layout").raise_for_status().json())


@dataclass
class Visit:
    """One look at one address, kept open."""

    site: Site
    pathname: str
    search: str = ""
    links: set[str] = field(default_factory=set)
    """Addresses that the page refers to."""
    _props: dict[str, dict[str, Any]] = field(default_factory=dict)
    _types: dict[str, str] = field(default_factory=dict)

    def open(self) -> list[Asked]:
        """Every callback that the page asks until it stands."""
        self._stand(self.site.layout)
        self._props["url"] |= {"pathname": self.pathname, "search": self.search}
        first = self._settle({}, initial=True)
        return first + self._settle(dict.fromkeys(self._looked_at()), initial=False)

    def _looked_at(self) -> set[tuple[str, str]]:
        """Scripts ask for a panel when it comes near to what is seen: here all of it is looked at."""
        asked = {
            (key, place.prop)
            for one in self.site.callbacks
            for place in one.inputs
            if not one.client_side and isinstance(place.id, dict) and "panel" in place.id
            for key in self._keys(_Place({**place.id, "panel": ["ALL"]}, place.prop), {})
        }
        for key, prop in asked:
            self._props[key][prop] = int(self._props[key].get(prop) or 0) + 1
        return asked

    def refresh(self) -> list[Asked]:
        """Every callback that goes by the page's clock, and what follows from its answers."""
        clocks = {key for key, kind in self._types.items() if kind == _CLOCK[0]}
        changed = {(key, _CLOCK[1]) for key in clocks}
        for _ in range(3):
            for one in self.site.callbacks:
                if one.client_side and any((_key(place.id), place.prop) in changed for place in one.inputs):
                    changed |= {(_key(place.id), place.prop) for place in one.outputs}
        for key, prop in changed:
            if key in self._props:
                self._props[key][prop] = int(self._props[key].get(prop) or 0) + 60
        return self._settle(dict.fromkeys(changed | self._looked_at()), initial=False)

    def _settle(self, changed: dict[tuple[str, str], None], *, initial: bool) -> list[Asked]:
        asked: list[Asked] = []
        done: set[tuple[str, str]] = set()
        while len(asked) < _MOST:
            due = self._next(changed, done, initial=initial)
            if due is None:
                return asked
            callback, bound = due
            done.add((callback.output, json.dumps(bound, sort_keys=True)))
            answer, news = self._ask(callback, bound, changed)
            asked.append(answer)
            changed |= news
        raise RuntimeError(f"{self.pathname}: more than {_MOST} callbacks")

    def _next(
        self, changed: Mapping[tuple[str, str], None], done: set[tuple[str, str]], *, initial: bool
    ) -> tuple[Callback, dict[str, Any]] | None:
        for callback in self.site.callbacks:
            for bound in [] if callback.client_side else self._bindings(callback):
                if (callback.output, json.dumps(bound, sort_keys=True)) in done:
                    continue
                mine = {(key, place.prop) for place in callback.inputs for key in self._keys(place, bound)}
                if (initial and callback.initial) or mine & changed.keys():
                    return callback, bound
        return None

    def _bindings(self, callback: Callback) -> Iterator[dict[str, Any]]:
        """What MATCH may stand for, where all that the callback reads and writes is on the page."""
        free = {key for place in callback.outputs or callback.inputs for key in _matching(place.id)}
        chosen: list[list[Any]] = []
        for name in sorted(free):
            found = [json.loads(key)[name] for key in self._props if key.startswith("{") and name in json.loads(key)]
            chosen.append(sorted(set(found), key=str))
        for values in product(*chosen):
            bound = dict(zip(sorted(free), values, strict=True))
            places = (*callback.outputs, *callback.inputs, *callback.state)
            if all(place.many or self._keys(place, bound) for place in places):
                yield bound

    def _keys(self, place: _Place, bound: Mapping[str, Any]) -> list[str]:
        if isinstance(place.id, str):
            return [place.id] if place.id in self._props else []
        wanted = {name: bound.get(name) if part == ["MATCH"] else part for name, part in place.id.items()}
        if not place.many:
            key = _key(wanted)
            return [key] if key in self._props else []
        return [key for key in self._props if key.startswith("{") and _fits(json.loads(key), wanted)]

    def _ask(
        self, callback: Callback, bound: Mapping[str, Any], changed: Mapping[tuple[str, str], None]
    ) -> tuple[Asked, dict[tuple[str, str], None]]:
        outputs = [self._told(place, bound, value=False) for place in callback.outputs]
        inputs = [self._told(place, bound) for place in callback.inputs]
        read = [(key, place.prop) for place in callback.inputs for key in self._keys(place, bound)]
        body = {
            "output": callback.output,
            "outputs": outputs if callback.output.startswith("..") else outputs[0] if outputs else [],
            "inputs": inputs,
            "changedPropIds": [f"{key}.{prop}" for key, prop in read if (key, prop) in changed],
            "state": [self._told(place, bound) for place in callback.state],
        }
        name = callback.output + (f" {bound}" if bound else "")
        started = time.perf_counter()
        try:
            response = self.site.client.post("/_dash-update-component", json=body)
        except httpx.HTTPError:
            return Asked(name, (time.perf_counter() - started) * 1000, 0, 0, failed=True), {}
        ms = (time.perf_counter() - started) * 1000
        if response.status_code not in (200, 204):
            return Asked(name, ms, len(response.content), 0, failed=True), {}
        told = response.json() if response.status_code == 200 else {}
        size = int(response.headers.get("content-length") or len(response.content))
        return Asked(name, ms, size, most_points(told)), self._heard(told)

    def _told(self, place: _Place, bound: Mapping[str, Any], *, value: bool = True) -> Any:
        def one(key: str) -> dict[str, Any]:
            told = {"id": json.loads(key) if key.startswith("{") else key, "property": place.prop}
            props = self._props[key]
            return told | ({"value": props[place.prop]} if value and place.prop in props else {})

        found = [one(key) for key in self._keys(place, bound)]
        return found if place.many else found[0]

    def _heard(self, told: Mapping[str, Any]) -> dict[tuple[str, str], None]:
        """Puts an answer on the page; which properties it changed."""
        news: dict[tuple[str, str], None] = {}
        for key, props in {**(told.get("sideUpdate") or {}), **(told.get("response") or {})}.items():
            if not isinstance(props, dict):
                continue
            for prop, value in props.items():
                self._props.setdefault(key, {})[prop.partition("@")[0]] = value
                news[key, prop.partition("@")[0]] = None
                self._stand(value)
        return news

    def _stand(self, node: Any) -> None:
        """Notes every component below, and every address that it refers to."""
        if isinstance(node, str) and node.startswith("/"):
            self.links.add(node)
        for part in node if isinstance(node, list) else node.values() if isinstance(node, dict) else ():
            self._stand(part)
        if isinstance(node, dict) and "props" in node and "type" in node and node["props"].get("id") is not None:
            key = _key(node["props"]["id"])
            self._props[key], self._types[key] = dict(node["props"]), node["type"]


def _key(name: str | Mapping[str, Any]) -> str:
    return name if isinstance(name, str) else json.dumps(name, sort_keys=True, separators=(",", ":"))


def _matching(name: str | Mapping[str, Any]) -> list[str]:
    return [] if isinstance(name, str) else [part for part, value in name.items() if value == ["MATCH"]]


def _fits(name: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return name.keys() == wanted.keys() and all(value in _WILD or value == name[key] for key, value in wanted.items())


def most_points(told: Any) -> int:
    """Points of the longest trace in it."""
    if isinstance(told, list):
        return max(map(most_points, told), default=0)
    if not isinstance(told, dict):
        return 0
    figures: Sequence[Any] = told.get("data") or () if isinstance(told.get("data"), list) else ()
    traces = [_length(trace.get(axis)) for trace in figures if isinstance(trace, dict) for axis in ("x", "y")]
    return max([0, *traces, *(most_points(part) for part in told.values())])


def _length(column: Any) -> int:
    if isinstance(column, dict) and "bdata" in column:
        return len(column["bdata"]) * 3 // 4 // int(column["dtype"][-1])
    return len(column) if isinstance(column, list) else 0
