"""JSON Schema files that steps name in `expect.schema`: read, parsed and checked once, with those they refer to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import quote, unquote

import jsonschema_rs

MAX_BYTES: Final = 1024 * 1024
_BASE: Final = "config:///"


def uri_of(name: str) -> str:
    """What a schema file is called where schemas refer to one another: its place in the configuration directory."""
    return _BASE + quote(name.removeprefix("./"))


def retriever(schemas: Mapping[str, Any]) -> Callable[[str], Any]:
    """Finds what a `$ref` leads to among `schemas` (by path), and raises ValueError for anything else."""
    by_uri = {uri_of(name): schema for name, schema in schemas.items()}

    def retrieve(uri: str) -> Any:
        if uri not in by_uri:
            raise ValueError(f"{uri} is not part of the configuration")
        return by_uri[uri]

    return retrieve


class SchemaFiles:
    """The schema files below one configuration directory.

    `loaded` holds the good ones by the path that a step names, and those that they refer to by their path.
    """

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
        try:
            schema = self._parsed(name)
        except _Unusable as err:
            return str(err)
        referred: dict[str, Any] = {}
        fault = self._schema_fault(name, schema, referred)
        if fault is not None:
            return f'"{name}" is not a valid JSON Schema: {fault}'
        self.loaded |= {**referred, name: schema}
        return None

    def _parsed(self, name: str) -> Any:
        path = (self._root / name).resolve()
        if not path.is_relative_to(self._root):
            raise _Unusable(f'"{name}" lies outside the configuration directory; move the schema file into it')
        try:
            return _json(path)
        except FileNotFoundError:
            raise _Unusable(f'schema file "{name}" does not exist; it is looked up beside this file') from None
        except OSError as err:
            raise _Unusable(f'"{name}" cannot be read: {err.strerror}') from err
        except (ValueError, RecursionError) as err:
            raise _Unusable(f'"{name}" is not valid JSON: {err}') from err

    def _schema_fault(self, name: str, schema: object, referred: dict[str, Any]) -> str | None:
        """`referred` takes the files that it refers to."""
        if not isinstance(schema, (dict, bool)):
            return "it must be an object"
        faults: list[str] = []

        def retrieve(uri: str) -> Any:
            try:
                other = self._referred(uri)
                jsonschema_rs.meta.validate(other)
            except _Unusable as err:
                faults.append(f"its $ref leads to {err}")
                raise ValueError(uri) from err
            except jsonschema_rs.ValidationError as err:
                faults.append(f"its $ref leads to {unquote(uri.removeprefix(_BASE))}, {_words(err)}")
                raise ValueError(uri) from err
            referred[unquote(uri.removeprefix(_BASE))] = other
            return other

        try:
            jsonschema_rs.meta.validate(schema)
            jsonschema_rs.validator_for(schema, base_uri=uri_of(name), retriever=retrieve)
        except jsonschema_rs.ValidationError as err:
            return faults[0] if faults else _words(err)
        except (ValueError, jsonschema_rs.ReferencingError) as err:
            return f"{err}; a $ref must lead into this file or another one of the configuration directory"
        return None

    def _referred(self, uri: str) -> Any:
        # A schema never makes the hub or a prober fetch something.
        if not uri.startswith(_BASE):
            raise _Unusable(
                f"another document, {uri}; only files of the configuration directory are read: copy it there, and take "
                f"an $id away that would make a $ref an address"
            )
        return self._parsed(unquote(uri.removeprefix(_BASE)))


class _Unusable(Exception):  # noqa: N818 - the file, not the program
    """Why a file is no schema, in words for people."""


def _json(path: Path) -> Any:
    if path.stat().st_size > MAX_BYTES:
        raise ValueError("larger than 1 MiB; write a smaller schema")
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_refuse_constant)
    except json.JSONDecodeError as err:
        raise ValueError(f"line {err.lineno}, column {err.colno}: {err.msg}") from err


def _words(err: jsonschema_rs.ValidationError) -> str:
    where = "/".join(str(part) for part in err.instance_path)
    return f"at {where}: {err.message}" if where else err.message


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
