"""`for_each`: one integration, or one workflow, written once and had several times.

Happens on what was read, before anything is checked, and each value keeps the place where it was written: a mistake in
what is shared is told once, a mistake of one item at that item.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from config.model import EachIntegration, EachWorkflow
from config.problems import Finding, Path
from config.pydantic_errors import findings
from config.yaml_source import Document, Place


def item_findings(integration: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with the items of one file, its workflows' included."""
    yield from _items_of(integration, (), EachIntegration)
    workflows = integration.get("workflows")
    for position, workflow in enumerate(workflows if isinstance(workflows, list) else ()):
        if isinstance(workflow, dict):
            yield from _items_of(workflow, ("workflows", position), EachWorkflow)


def expanded(document: Document) -> list[Document]:
    """One document per item of the integration, each with its workflows written out; broken items are left out."""
    items = _good_items(document.value)
    if not items:
        return [_with_workflows(_alone(document))]
    return [_with_workflows(_integration(document, position, item)) for position, item in items]


def _alone(document: Document) -> Document:
    """Without a `for_each` that has nothing to offer: that is told already."""
    value = {key: one for key, one in document.value.items() if key != "for_each"}
    return document if len(value) == len(document.value) else Document(document.file, value, document.places)


def _items_of(section: Mapping[str, Any], at: Path, model: type[BaseModel]) -> Iterator[Finding]:
    items = section.get("for_each", [])
    if "for_each" not in section:
        return
    if not isinstance(items, list) or not items:
        yield (*at, "for_each"), "must be a list of items, each with a name; without items, leave it out"
        return
    seen: dict[str, int] = {}
    for position, item in enumerate(items):
        here: Path = (*at, "for_each", position)
        try:
            name = str(getattr(model.model_validate(item), "name"))  # noqa: B009 - both models have one
        except ValidationError as err:
            yield from findings(err, model, item, here)
            continue
        if name in seen:
            message = f'a second item "{name}" (the first is for_each[{seen[name]}]); names must be unique'
            yield (*here, "name"), message
        seen.setdefault(name, position)


def _good_items(section: Mapping[str, Any]) -> list[tuple[int, dict[str, Any]]] | None:
    """The items that can be used, with their positions; None where there is no `for_each`."""
    if "for_each" not in section:
        return None
    items = section["for_each"]
    named = [(n, one) for n, one in enumerate(items if isinstance(items, list) else ()) if isinstance(one, dict)]
    return [(n, one) for n, one in named if isinstance(one.get("name"), str)]


class _Copy:
    """A document being written: values laid over a copy of another, with their places."""

    def __init__(self, document: Document) -> None:
        self._source = document
        self.value: dict[str, Any] = copy.deepcopy(document.value)
        self.places: dict[Path, Place] = dict(document.places)

    def document(self) -> Document:
        return Document(self._source.file, self.value, self.places)

    def drop(self, at: Path) -> None:
        """Forget where anything at or below a path was written."""
        self.places = {path: place for path, place in self.places.items() if path[: len(at)] != at}

    def point(self, at: Path, source: Path) -> None:
        """Everything at and below `at` was written at and below `source` of the original."""
        for path, place in self._source.places.items():
            if path[: len(source)] == source:
                self.places[at + path[len(source) :]] = place

    def missing(self, at: Path, source: Path) -> None:
        """What is not there at `at` should have been written at `source`."""
        place = self._source.place(source)
        self.places[at] = Place(place.file, place.line, place.path + at)

    def lay(self, target: dict[str, Any], at: Path, values: Mapping[str, Any], source: Path) -> None:
        """Values over a mapping at `at`: mappings merge key by key, the rest is replaced."""
        for key, value in values.items():
            here, there = (*at, key), (*source, key)
            if isinstance(value, dict) and isinstance(target.get(key), dict):
                self.lay(target[key], here, value, there)
                continue
            target[key] = copy.deepcopy(value)
            self.drop(here)
            self.point(here, there)


def _integration(document: Document, position: int, item: Mapping[str, Any]) -> Document:
    """The integration of one item."""
    made, source = _Copy(document), ("for_each", position)
    value = made.value
    del value["for_each"]
    own, given = value.get("auth"), item.get("auth")
    if isinstance(own, dict) and isinstance(given, dict) and given.get("kind", own.get("kind")) != own.get("kind"):
        # Options of another kind of credential would only be in the way.
        del value["auth"]
    made.lay(value, (), {key: one for key, one in item.items() if key != "name"}, source)
    if "base_url" not in value:
        made.missing(("base_url",), source)
    name = item["name"]
    if "title" not in item and isinstance(value.get("title"), str) and value["title"]:
        value["title"] = f"{value['title']} ({name})"
    if isinstance(value.get("integration"), str):
        value["integration"] = f"{value['integration']}-{name}"
        made.point(("integration",), (*source, "name"))
    return made.document()


def _with_workflows(document: Document) -> Document:
    """A document whose workflows, and the objectives on them, are written out."""
    workflows = document.value.get("workflows")
    if not isinstance(workflows, list) or not any(isinstance(one, dict) and "for_each" in one for one in workflows):
        return document
    made = _Copy(document)
    made.drop(("workflows",))
    made.places["workflows",] = document.place(("workflows",))
    several: dict[str, list[str]] = {}
    written: list[Any] = []
    for position, workflow in enumerate(workflows):
        written += _workflows(made, workflow, ("workflows", position), len(written), several)
    made.value["workflows"] = written
    _write_objectives(made, several)
    return made.document()


def _workflows(made: _Copy, workflow: Any, source: Path, first: int, several: dict[str, list[str]]) -> list[Any]:
    """What one entry of the list becomes, from position `first` on; `several` learns the new names."""
    shared = copy.deepcopy(workflow)
    items = _good_items(workflow) if isinstance(workflow, dict) else None
    if isinstance(shared, dict):
        shared.pop("for_each", None)
    if not items:
        made.point(("workflows", first), source)
        return [shared]
    written: list[Any] = []
    for number, item in items:
        at, there = ("workflows", first + len(written)), (*source, "for_each", number)
        made.point(at, source)
        one = copy.deepcopy(shared)
        made.lay(one, at, {key: value for key, value in item.items() if key != "name"}, there)
        name = one.get("name")
        if isinstance(name, str):
            one["name"] = f"{name}-{item['name']}"
            several.setdefault(name, []).append(one["name"])
            made.point((*at, "name"), (*there, "name"))
        written.append(one)
    return written


def _write_objectives(made: _Copy, several: Mapping[str, list[str]]) -> None:
    """An objective on a workflow that became several is one on each of them."""
    objectives = made.value.get("objectives")
    if not isinstance(objectives, list):
        return
    written: list[Any] = []
    place = made.places.get(("objectives",))
    made.drop(("objectives",))
    if place is not None:
        made.places["objectives",] = place
    for position, objective in enumerate(objectives):
        watched = objective.get("workflow") if isinstance(objective, dict) else None
        names = several.get(watched, []) if isinstance(watched, str) else []
        for one in [{**objective, "workflow": name} for name in names] or [objective]:
            made.point(("objectives", len(written)), ("objectives", position))
            written.append(one)
    made.value["objectives"] = written
