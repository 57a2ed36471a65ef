"""The shape of a JSON document: which paths it has, and of which types. No value gets into it."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any, Final

from probes.change.keys import COLLAPSED, segment
from probes.model import Shape

MOST_PATHS: Final = 2_000
MOST_TEXT: Final = 64 * 1024
"""Characters of all paths together: what a shape costs on its way to the hub."""
DEEPEST: Final = 32
SAMPLED: Final = 50
"""Elements of an array that are looked at, spread over its length."""
SAMPLED_INSIDE: Final = 8
"""The same for an array inside of an array."""
MOST_FIELDS: Final = 200
"""An object with more keys is a map from something to something: its keys are no names of fields."""
_MOST_VISITS: Final = 4_000

_OBJECT, _ARRAY, _STRING, _NUMBER, _BOOLEAN, _NULL = (1 << place for place in range(6))
_NAMES: Final = {
    _ARRAY: "array",
    _BOOLEAN: "boolean",
    _NULL: "null",
    _NUMBER: "number",
    _OBJECT: "object",
    _STRING: "string",
}
_LEAVES: Final = {str: _STRING, int: _NUMBER, float: _NUMBER, bool: _BOOLEAN, type(None): _NULL}


class _Node:
    """One path with all that was found at it."""

    __slots__ = ("children", "items", "types")

    def __init__(self) -> None:
        self.types = 0
        self.children: dict[str, _Node] | None = None
        self.items: _Node | None = None


class _Survey:
    """Walks one document. `complete` turns false at the first cap."""

    def __init__(self) -> None:
        self.root = _Node()
        self.complete = True
        self._paths = 1
        self._visits = 0

    def walk(self, value: Any, node: _Node, depth: int = 0, sampled: int = SAMPLED) -> None:
        """Notes down `value` at `node`, and all that is in it."""
        if isinstance(value, dict):
            node.types |= _OBJECT
            self._fields(value, node, depth, sampled)
        elif isinstance(value, list):
            node.types |= _ARRAY
            self._elements(value, node, depth, sampled)
        else:
            node.types |= _LEAVES.get(type(value), 0)

    def _fields(self, value: dict[str, Any], node: _Node, depth: int, sampled: int) -> None:
        children = node.children = node.children if node.children is not None else {}
        is_map = len(value) > MOST_FIELDS
        entries = _spread(list(value.items()), SAMPLED) if is_map else value.items()
        self._visits += len(entries)
        for key, child in entries:
            name = COLLAPSED if is_map else segment(key)
            found = children.get(name) or self._added(children, name)
            leaf = _LEAVES.get(type(child))
            if leaf is not None:
                found.types |= leaf
            else:
                self._enter(child, found, depth, sampled)

    def _elements(self, value: list[Any], node: _Node, depth: int, sampled: int) -> None:
        if not value:
            return
        items = node.items = node.items or self._new()
        elements = _spread(value, sampled)
        self._visits += len(elements)
        for child in elements:
            leaf = _LEAVES.get(type(child))
            if leaf is not None:
                items.types |= leaf
            else:
                self._enter(child, items, depth, SAMPLED_INSIDE)

    def _enter(self, value: Any, node: _Node, depth: int, sampled: int) -> None:
        if depth >= DEEPEST or self._visits > _MOST_VISITS:
            node.types |= _OBJECT if isinstance(value, dict) else _ARRAY
            self.complete = False
        else:
            self.walk(value, node, depth + 1, sampled)

    def _added(self, children: dict[str, _Node], name: str) -> _Node:
        found = self._new()
        if self._paths <= MOST_PATHS:
            children[name] = found
        return found

    def _new(self) -> _Node:
        """A path more; beyond the cap one that belongs to nothing, and is forgotten."""
        self._paths += 1
        if self._paths > MOST_PATHS:
            self.complete = False
        return _Node()

    def paths(self) -> dict[str, str]:
        """Every path with its types, as far as they fit."""
        found: dict[str, str] = {}
        text, ahead = 0, [("$", self.root)]
        while ahead:
            path, node = ahead.pop()
            text += len(path)
            if text > MOST_TEXT or len(found) >= MOST_PATHS:
                self.complete = False
                break
            found[path] = _type_names(node.types)
            if node.items is not None:
                ahead.append((path + "[*]", node.items))
            if node.children:
                ahead += [(path + name, child) for name, child in node.children.items()]
        return found


def shape_of(document: Any, request: str = "") -> Shape:
    """The shape of an answer to that request (a digest of it). Never raises, and takes bounded time and space.

    Arrays are one path (`$.results[*].id`), ids in key position as well (`$.contacts[<id>].email`).
    """
    survey = _Survey()
    survey.walk(document, survey.root)
    paths = survey.paths()
    digest = hashlib.blake2b(digest_size=8)
    digest.update(f"{request}\n{survey.complete}\n".encode())
    digest.update("\n".join(f"{path} {types}" for path, types in sorted(paths.items())).encode())
    return Shape(digest.hexdigest(), request, paths, survey.complete)


def _spread(values: list[Any], most: int) -> list[Any]:
    return values if len(values) <= most else values[:: -(-len(values) // most)]


@cache
def _type_names(types: int) -> str:
    return "|".join(name for bit, name in _NAMES.items() if types & bit)
