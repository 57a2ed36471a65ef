"""Sandbox and production never share a credential: a probe of the one must not be able to act on the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel

from config.checks import mapping, mappings
from config.checks.plaintext import is_secret_name
from config.plugins import Plugins
from config.problems import Finding, Path
from config.references import named_texts
from config.yaml_source import Document

_REFERENCE: Final = re.compile(r"(?<!\$)\$\{(?:env|file):[^{}]+\}")


def mixed_findings(documents: Sequence[Document], plugins: Plugins) -> Iterator[tuple[Document, Finding]]:
    """Every secret reference that an integration of the other environment has used before, with both places."""
    first: dict[str, dict[str, tuple[Document, Path]]] = {}
    for document in documents:
        side = str(document.value.get("environment", "production"))
        found = _secrets(document.value, plugins)
        for path, reference in [(path, one) for path, text in found for one in _REFERENCE.findall(text)]:
            users = first.setdefault(reference.split(":-")[0].rstrip("}"), {})
            other = next((user for its_side, user in users.items() if its_side != side), None)
            users.setdefault(side, (document, path))
            if other is not None:
                yield document, (path, _message(reference, side, *other))


def _message(reference: str, side: str, other: Document, path: Path) -> str:
    place = other.place(path)
    name, its_side = other.value.get("integration"), other.value.get("environment", "production")
    where = f"{place.file}:{place.line}"
    return f"{reference} is a secret of {name} ({its_side}, {where}) too, and this is {side}; give each side its own"


def _secrets(integration: Mapping[str, Any], plugins: Plugins) -> Iterator[tuple[Path, str]]:
    auth = mapping(integration.get("auth"))
    model = plugins.auth.get(str(auth.get("kind")))
    if model is not None:
        yield from _options(auth, ("auth",), model)
    yield from _named(integration.get("headers"), ("headers",))
    yield from _named(integration.get("variables"), ("variables",))
    yield from _sent(mapping(mapping(integration.get("quota")).get("usage")), ("quota", "usage"))
    for number, workflow in mappings(integration.get("workflows")):
        at: Path = ("workflows", number)
        yield from _named(workflow.get("variables"), (*at, "variables"))
        for position, step in mappings(workflow.get("steps")):
            yield from _sent(mapping(step.get("request")), (*at, "steps", position, "request"))


def _sent(request: Mapping[str, Any], at: Path) -> Iterator[tuple[Path, str]]:
    for section in ("headers", "query", "form", "json", "multipart", "graphql"):
        yield from _named(request.get(section), (*at, section))


def _options(options: Mapping[str, Any], at: Path, model: type[BaseModel]) -> Iterator[tuple[Path, str]]:
    """The options that the plugin itself declares to be secrets."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    for key, value in options.items():
        declared = str(fields[key].annotation) if key in fields else ""
        if isinstance(value, str) and "SecretRef" in declared:
            yield (*at, key), value
        elif isinstance(value, dict):
            yield from _named(value, (*at, key))


def _named(values: object, at: Path) -> Iterator[tuple[Path, str]]:
    """Texts at any depth under a telling name."""
    for path, name, text in named_texts(values, at):
        if is_secret_name(name):
            yield path, text
