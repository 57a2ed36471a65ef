"""JSON Schema files that steps name in `expect.schema`: read, parsed and checked once each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NoReturn

import jsonschema_rs

MAX_BYTES: Final = 1024 * 1024


class SchemaFiles:
    """The schema files below one configuration directory; `loaded` holds the good ones by the path a step names."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._faults: dict[str, str | None] = {}
        self.loaded: dict[str, Any] = {}

    def fault(self, name: str) -> str | None:
        """What is wrong with the file of that name, with the remedy; None when it is good."""
        if name not in self._faults:
            self._faults[name] = self._load(name)
        return self._faults[name]

    def _load(self, name: str) -> str | None:
        path = (self._root / name).resolve()
        if not path.is_relative_to(self._root):
            return f'"{name}" lies outside the configuration directory; move the schema file into it'
        try:
            schema = _parsed(path)
        except FileNotFoundError:
            return f'schema file "{name}" does not exist; it is looked up beside this file'
        except OSError as err:
            return f'"{name}" cannot be read: {err.strerror}'
        except (ValueError, RecursionError) as err:
            return f'"{name}" is not valid JSON: {err}'
        fault = _schema_fault(schema)
        if fault is not None:
            return f'"{name}" is not a valid JSON Schema: {fault}'
        self.loaded[name] = schema
        return None


def _parsed(path: Path) -> Any:
    if path.stat().st_size > MAX_BYTES:
        raise ValueError("larger than 1 MiB; write a smaller schema")
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_refuse_constant)
    except json.JSONDecodeError as err:
        raise ValueError(f"line {err.lineno}, column {err.colno}: {err.msg}") from err


def _schema_fault(schema: object) -> str | None:
    if not isinstance(schema, (dict, bool)):
        return "it must be an object"
    wanted: list[str] = []

    def refuse(uri: str) -> NoReturn:
        # A schema never makes the hub or a prober fetch something.
        wanted.append(uri)
        raise ValueError(uri)

    try:
        jsonschema_rs.meta.validate(schema)
        jsonschema_rs.validator_for(schema, retriever=refuse)
    except jsonschema_rs.ValidationError as err:
        if wanted:
            return f"its $ref leads to another document, {wanted[0]}; copy that in under $defs"
        where = "/".join(str(part) for part in err.instance_path)
        return f"at {where}: {err.message}" if where else err.message
    except (ValueError, jsonschema_rs.ReferencingError) as err:
        return f"{err}; a $ref must point inside the same file"
    return None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
