"""JSONPath (RFC 9535): one path, compiled once, and what it finds."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jsonpath

from probes.assertions.model import ABSENT


class PathFailure(Exception):  # noqa: N818 - the path or the document, not the program
    """The path is not valid, or the document is too deep to search."""


@lru_cache(maxsize=4096)
def _compiled(path: str) -> jsonpath.JSONPath | jsonpath.CompoundJSONPath:
    return jsonpath.compile(path)


def nodes(path: str, document: Any) -> list[Any]:
    """Everything that `path` finds. Raises PathFailure."""
    if document is ABSENT:
        return []
    try:
        return list(_compiled(path).findall(document))
    except (jsonpath.JSONPathError, RecursionError) as err:
        raise PathFailure(f"{path}: cannot be searched ({str(err).splitlines()[0]})") from err


def value(path: str, document: Any) -> Any:
    """The one value that `path` finds, a list of them if there are several, ABSENT if there is none."""
    found = nodes(path, document)
    if not found:
        return ABSENT
    return found[0] if len(found) == 1 else found


def problem(path: str) -> str | None:
    """Why `path` is not a JSONPath, or None."""
    try:
        _compiled(path)
    except jsonpath.JSONPathError as err:
        return str(err).splitlines()[0]
    return None if path.startswith("$") else "a JSONPath starts with $"
