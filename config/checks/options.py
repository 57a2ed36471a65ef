"""Plugins named in the files: that the kind exists, and that the plugin's own model takes its options."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from config.problems import Finding, Path, did_you_mean
from config.pydantic_errors import findings
from config.references import texts
from config.secrets import Revealed, UnresolvedReference, resolve
from config.yaml_source import value_at


def kind_findings(
    spec: Mapping[str, Any],
    at: Path,
    models: Mapping[str, type[BaseModel]],
    environ: Mapping[str, str],
    *,
    own_keys: Collection[str] = ("kind",),
    refused: Mapping[str, str] | None = None,
) -> Iterator[Finding]:
    """What is wrong with one `{kind: …, options…}`; `own_keys` are those that the plugin never sees.

    `refused` kinds are named with the reason instead of as unknown.
    """
    kind = spec.get("kind")
    if not models or not isinstance(kind, str):
        return
    model = models.get(kind)
    if refused and kind in refused:
        yield (*at, "kind"), f"{kind} is refused: {refused[kind]}"
        return
    if model is None:
        kinds = ", ".join(sorted(models))
        yield (*at, "kind"), f'unknown kind "{kind}" {_hint(kind, models)}; kinds: {kinds}'.replace(" ;", ";")
        return
    options = {key: value for key, value in spec.items() if key not in own_keys}
    yield from _option_findings(model, options, at, environ)


def _hint(kind: str, models: Collection[str]) -> str:
    hint = did_you_mean(kind, models)
    return hint if hint.startswith("(did") else ""


def _option_findings(
    model: type[BaseModel], options: Mapping[str, Any], at: Path, environ: Mapping[str, str]
) -> Iterator[Finding]:
    revealed = _revealed(options, environ)
    try:
        model.model_validate(revealed)
    except ValidationError as err:
        for path, message in findings(err, model, options, at):
            if "in plain text" in message or not _is_open(value_at(options, path[len(at) :]), environ):
                yield path, _without_values(message, revealed)


def _revealed(value: Any, environ: Mapping[str, str]) -> Any:
    if isinstance(value, str) and "${" in value:
        try:
            return Revealed(resolve(value, environ), value)
        except UnresolvedReference:
            return value
    if isinstance(value, Mapping):
        return {key: _revealed(item, environ) for key, item in value.items()}
    if isinstance(value, list):
        return [_revealed(item, environ) for item in value]
    return value


def _is_open(value: object, environ: Mapping[str, str]) -> bool:
    """Whether `value` is a reference that leads nowhere yet, so that only the machine with the secret can judge it."""
    try:
        resolve(value if isinstance(value, str) else "", environ)
    except UnresolvedReference:
        return True
    return False


def _without_values(message: str, revealed: Any) -> str:
    """`message` in case a plugin quoted what a reference stood for."""
    for _, text in texts(revealed):
        if isinstance(text, Revealed) and text:
            message = message.replace(str(text), text.written)
    return message
