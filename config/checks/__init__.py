"""Checks of what single types cannot see. Each yields (path inside the file, message with its remedy) and goes on past
parts that are broken otherwise, so that one run shows every mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from config.plugins import Plugins
from config.schema_files import SchemaFiles
from config.sent_files import SentFiles

Checked = TypeVar("Checked", bound=BaseModel)


@dataclass(frozen=True)
class Context:
    """What the checks of one integration need to know of the rest. `regions` is None when they could not be read."""

    environ: Mapping[str, str]
    plugins: Plugins
    schemas: SchemaFiles
    regions: frozenset[str] | None
    files: SentFiles


def valid(model: type[Checked], value: object) -> Checked | None:
    """`value` as a model, or None where it is broken; its mistakes are reported elsewhere."""
    try:
        return model.model_validate(value)
    except ValidationError:
        return None


def mappings(value: object) -> list[tuple[int, dict[str, Any]]]:
    """The mappings of what should be a list of mappings, with their positions."""
    return [(n, item) for n, item in enumerate(value if isinstance(value, list) else ()) if isinstance(item, dict)]


def mapping(value: object) -> dict[str, Any]:
    """`value` if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}
