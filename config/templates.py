"""The `{{…}}` of requests and expectations: Jinja2 expressions in a sandbox, where a missing variable is an error.

A reference (`${env:…}`) is resolved before, a template is rendered for each run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta
from jinja2.environment import TemplateExpression
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from config.template_functions import FILTERS, FUNCTIONS, Drawn, TemplateFailure, new_hex, new_uuid

__all__ = [
    "BUILTINS",
    "TemplateFailure",
    "builtin_values",
    "declared_values",
    "is_expression",
    "is_true",
    "render",
    "render_json",
    "render_text",
    "undeclared",
]

_NAMES: Final = ("run_id", "now", "timestamp", "uuid", "random_hex", "region", "integration", "workflow", "environment")
BUILTINS: Final = frozenset({*_NAMES, *FUNCTIONS})
"""Variables and functions that every template may use; `builtin_values` makes them."""

_WHOLE: Final = re.compile(r"\s*\{\{((?:(?!\{\{|\}\}).)+)\}\}\s*", re.DOTALL)


_FAULTS: Final = (
    ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError,
)  # fmt: skip
"""What an expression may raise, by a mistake in it or by what a vendor sent."""
_LARGEST: Final = 1 << 20
"""Characters, elements or bits that `*` and `**` may make: more would hold everything else up."""

_FALSE: Final = frozenset({"", "false", "0", "no", "off", "none", "null"})


def builtin_values(
    *, run_id: str, now: datetime, region: str, integration: str, workflow: str, environment: str = "production"
) -> dict[str, Any]:
    """The built-in variables of one run; the aware `now` becomes ISO 8601 text, and `timestamp` whole seconds."""
    return {
        "run_id": run_id,
        "now": now.isoformat(),
        "timestamp": int(now.timestamp()),
        "uuid": Drawn(new_uuid),
        "random_hex": Drawn(new_hex),
        "region": region,
        "integration": integration,
        "workflow": workflow,
        "environment": environment,
        **FUNCTIONS,
    }


def declared_values(known: Mapping[str, Any], *layers: Mapping[str, str]) -> dict[str, Any]:
    """`known`, and over it each layer of `variables:` rendered with what stands before it. Raises `TemplateFailure`."""
    values = dict(known)
    for layer in layers:
        values |= {name: render_text(text, values) for name, text in layer.items()}
    return values


def is_expression(text: str) -> bool:
    """Whether a text is one `{{expression}}` and nothing else, so that it can be true or false."""
    return _WHOLE.fullmatch(text) is not None


def is_true(text: str, variables: Mapping[str, Any]) -> bool:
    """What a condition comes to; texts such as "false", "no" and "0" are false too. Raises `TemplateFailure`."""
    value = _native(text, variables)
    return value.strip().lower() not in _FALSE if isinstance(value, str) else bool(value)


def render(value: Any, variables: Mapping[str, Any]) -> Any:
    """Text gives text; anything else is rendered as `render_json` does. Raises `TemplateFailure`."""
    return render_text(value, variables) if isinstance(value, str) else render_json(value, variables)


def render_text(text: str, variables: Mapping[str, Any]) -> str:
    """`text` with its templates replaced; raises `TemplateFailure`."""
    if "{" not in text:
        return text
    try:
        return _template(text).render(variables)
    except TemplateError as err:
        raise TemplateFailure(_reason(err)) from None
    except _FAULTS as err:
        # The message may quote a value, so only its kind is told.
        raise TemplateFailure(f"a template failed with {type(err).__name__}") from None


def render_json(value: Any, variables: Mapping[str, Any]) -> Any:
    """A JSON value with the text in it rendered, keys left as they are.

    A text that is one expression and nothing else becomes that expression's value: `"{{timestamp}}"` is a number.
    """
    if isinstance(value, str):
        return _native(value, variables)
    if isinstance(value, Mapping):
        return {key: render_json(item, variables) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [render_json(item, variables) for item in value]
    return value


def undeclared(value: Any) -> frozenset[str]:
    """Every variable that a text or JSON value needs; raises `TemplateFailure` for a syntax error."""
    if isinstance(value, str):
        return _undeclared(value) if "{" in value else frozenset()
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return frozenset().union(*(undeclared(item) for item in value))
    return frozenset()


def _native(text: str, variables: Mapping[str, Any]) -> Any:
    whole = _WHOLE.fullmatch(text)
    if whole is None:
        return render_text(text, variables)
    try:
        value = _expression(whole[1])(variables)
    except TemplateError as err:
        raise TemplateFailure(_reason(err)) from None
    except _FAULTS as err:
        raise TemplateFailure(f"a template failed with {type(err).__name__}") from None
    if isinstance(value, str):
        # Without what a subclass of ours or of the template engine knows beside the text.
        return str(value)
    if isinstance(value, (bool, int, float, list, dict)) or value is None:
        return value
    return render_text(text, variables)


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if _size(operator, left, right) > _LARGEST:
            raise TemplateFailure(f"a template's {operator} makes more than it may")
        return super().call_binop(context, operator, left, right)


def _size(operator: str, left: Any, right: Any) -> float:
    """At least the size of the result, where that is one of several times another; 0 for anything else."""
    if operator == "**":
        both = isinstance(left, int) and isinstance(right, int)
        return float(left.bit_length() * min(right, 1 << 64)) if both else 0.0
    several, times = (right, left) if isinstance(left, int) else (left, right)
    return float(len(several) * min(times, 1 << 64)) if _is_sequence(several) and isinstance(times, int) else 0.0


def _is_sequence(value: Any) -> bool:
    return isinstance(value, (str, list, tuple))


def _environment() -> _Environment:
    environment = _Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    # No range(), no lipsum(): a name is a built-in or a capture, or it is a mistake.
    environment.globals.clear()
    environment.filters |= FILTERS
    return environment


_ENVIRONMENT: Final = _environment()


@lru_cache(maxsize=4096)
def _template(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)


@lru_cache(maxsize=4096)
def _expression(source: str) -> TemplateExpression:
    return _ENVIRONMENT.compile_expression(source, undefined_to_none=False)


@lru_cache(maxsize=4096)
def _undeclared(text: str) -> frozenset[str]:
    try:
        _template(text)
        return frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(text)))
    except TemplateError as err:
        raise TemplateFailure(_reason(err)) from None
    except RecursionError:
        raise TemplateFailure("template syntax: too much within one another") from None


def _reason(err: TemplateError) -> str:
    message = (err.message or "not a valid template").rstrip(".")
    return f"template syntax: {message}" if isinstance(err, TemplateSyntaxError) else message
