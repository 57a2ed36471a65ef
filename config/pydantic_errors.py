"""Turns pydantic's errors into findings that an operator can act on: path, plain words, remedy, no value echoed."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from config.problems import Finding, Path, did_you_mean, nearest

_Context = Mapping[str, Any]

_MESSAGES: Final[dict[str, Callable[[_Context], str]]] = {
    "missing": lambda ctx: "required key is missing; add it",
    "value_error": lambda ctx: str(ctx["error"]),
    "assertion_error": lambda ctx: str(ctx["error"]),
    "bool_type": lambda ctx: "must be true or false",
    "bool_parsing": lambda ctx: "must be true or false",
    "int_type": lambda ctx: "must be a whole number",
    "int_parsing": lambda ctx: "must be a whole number",
    "int_from_float": lambda ctx: "must be a whole number",
    "float_type": lambda ctx: "must be a number",
    "float_parsing": lambda ctx: "must be a number",
    "list_type": lambda ctx: "must be a list, such as [a, b]",
    "tuple_type": lambda ctx: "must be a list, such as [a, b]",
    "set_type": lambda ctx: "must be a list, such as [a, b]",
    "frozen_set_type": lambda ctx: "must be a list, such as [a, b]",
    "dict_type": lambda ctx: "must be a mapping of `key: value` lines",
    "model_type": lambda ctx: "must be a mapping of `key: value` lines",
    "model_attributes_type": lambda ctx: "must be a mapping of `key: value` lines",
    "dataclass_type": lambda ctx: "must be a mapping of `key: value` lines",
    "string_too_short": lambda ctx: "must not be empty",
    "string_too_long": lambda ctx: f"must be at most {ctx['max_length']} characters",
    "too_short": lambda ctx: f"must have at least {_entries(ctx['min_length'])}",
    "too_long": lambda ctx: f"must have at most {_entries(ctx['max_length'])}",
    "greater_than": lambda ctx: f"must be more than {ctx['gt']}",
    "greater_than_equal": lambda ctx: f"must be at least {ctx['ge']}",
    "less_than": lambda ctx: f"must be less than {ctx['lt']}",
    "less_than_equal": lambda ctx: f"must be at most {ctx['le']}",
}


def findings(error: ValidationError, model: type[BaseModel], value: object, prefix: Path = ()) -> Iterator[Finding]:
    """Every mistake in `value`, which `model` refused, as (path below `prefix`, message); one per path."""
    messages: dict[Path, list[str]] = {}
    for detail in error.errors(include_url=False, include_input=False):
        path, here = _walk(detail["loc"], value, detail["type"])
        if detail["type"] == "too_short" and isinstance(here, list) and len(here) >= detail["ctx"]["min_length"]:
            continue  # pydantic counts only the entries that are right, and the wrong ones are reported themselves
        message = _message(detail, model, path, here)
        if message not in messages.setdefault(path, []):
            messages[path].append(message)
    for path, several in messages.items():
        yield (*prefix, *path), ", or ".join(several)


def known_keys(model: type[BaseModel], path: Path) -> frozenset[str]:
    """The keys that a mapping at `path` inside `model` may have; empty where any key may stand."""
    here: Any = model
    for part in path:
        here = _inside(here, part)
    return frozenset(_fields(here)) if _is_model(here) else frozenset()


def _walk(loc: tuple[int | str, ...], value: object, kind: str) -> tuple[Path, object]:
    """The part of `loc` that exists in the value; pydantic adds union members and `[key]`, which nobody wrote."""
    path: Path = ()
    here = value
    for position, part in enumerate(loc):
        found = _entry(here, part)
        if found is not None:
            here = found[0]
        elif kind == "missing" and position == len(loc) - 1:
            here = None
        else:
            continue
        path = (*path, part)
    return path, here


def _entry(value: object, part: int | str) -> tuple[object] | None:
    """What stands at one key or position, in a tuple because it may be None; None where nothing does."""
    if isinstance(value, dict):
        return (value[part],) if part in value else None
    if isinstance(value, list) and isinstance(part, int):
        return (value[part],) if part < len(value) else None
    return None


def _message(detail: Any, model: type[BaseModel], path: Path, here: object) -> str:
    kind, context = str(detail["type"]), detail.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key {did_you_mean(str(path[-1]), known_keys(model, path[:-1]))}"
    if here is None and kind.endswith("_type"):
        return f"{_MESSAGES.get(kind, _text)(context)}; it is empty"
    if kind == "string_type":
        return _text(context) if isinstance(here, (dict, list)) else f"{_text(context)}; put it in quotes"
    if kind in {"enum", "literal_error"}:
        return _one_of(str(context["expected"]), here)
    known = _MESSAGES.get(kind)
    if known is not None:
        return known(context)
    message = str(detail["msg"])
    return message[:1].lower() + message[1:]


def _text(context: _Context) -> str:
    return "must be text"


def _one_of(expected: str, here: object) -> str:
    choices = [choice.strip("'") for choice in expected.replace(" or ", ", ").split(", ")]
    near = nearest(here, choices) if isinstance(here, str) else None
    hint = f' (did you mean "{near}"?)' if near else ""
    return f"must be one of {', '.join(choices)}{hint}"


def _entries(count: int) -> str:
    return "one entry" if count == 1 else f"{count} entries"


def _is_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields by the key that people write."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _inside(annotation: Any, part: str | int) -> Any:
    """The type of one key or one position of a type."""
    if _is_model(annotation):
        field = _fields(annotation).get(str(part))
        return _unwrapped(field.annotation) if field is not None else None
    arguments = [item for item in typing.get_args(annotation) if item is not Ellipsis]
    return _unwrapped(arguments[-1]) if arguments else None


def _unwrapped(annotation: Any) -> Any:
    """Without Optional and Annotated: the member that has keys."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _unwrapped(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        members = [_unwrapped(item) for item in typing.get_args(annotation)]
        return next((item for item in members if _is_model(item) or typing.get_args(item)), members[0])
    return annotation
