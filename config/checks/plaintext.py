"""Secrets in plain text where no plugin declares them: headers, queries and bodies whose names give them away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from config.checks import mapping, mappings
from config.problems import Finding, Path
from config.references import named_texts
from config.secrets import PLAIN_TEXT

_SECRET_NAME: Final = re.compile(
    r"(proxy-)?authorization|cookie|set-cookie|(.*[-_])?(api|app|access|auth|secret|developer|private)[-_]?(key|token)"
    r"|(.*[-_])?(secret|password|passwd)|client[-_]secret|refresh[-_]token",
    re.IGNORECASE,
)
_TOKEN_NAME: Final = re.compile(r"(?i)(^|_)(token|secret|password|passwd|cookie|session|jwt|bearer|credential)s?(_|$)")
_REFERS: Final = re.compile(r"\$\{(env|file):|\{\{")


def is_secret_name(name: str) -> bool:
    """Whether a name gives away that what it names is a secret."""
    return bool(_SECRET_NAME.fullmatch(name) or _TOKEN_NAME.search(name))


def plaintext_findings(integration: Mapping[str, Any]) -> Iterator[Finding]:
    """Every value under a telling name that neither refers to a secret nor was captured by a step."""
    yield from _named(integration.get("headers"), ("headers",))
    yield from _in_variables(integration, ())
    usage = mapping(mapping(integration.get("quota")).get("usage"))
    yield from _in_request(usage, ("quota", "usage"))
    for number, workflow in mappings(integration.get("workflows")):
        yield from _in_variables(workflow, ("workflows", number))
        for position, step in mappings(workflow.get("steps")):
            at = ("workflows", number, "steps", position, "request")
            yield from _in_request(mapping(step.get("request")), at)


def _in_request(request: Mapping[str, Any], at: Path) -> Iterator[Finding]:
    for section in ("headers", "query", "form", "multipart", "json"):
        yield from _named(request.get(section), (*at, section))
    yield from _named(mapping(request.get("graphql")).get("variables"), (*at, "graphql", "variables"))


def _in_variables(section: Mapping[str, Any], at: Path) -> Iterator[Finding]:
    for name, value in mapping(section.get("variables")).items():
        if isinstance(value, str) and value and is_secret_name(name) and not _REFERS.search(value):
            yield (*at, "variables", name), PLAIN_TEXT


def _named(values: object, at: Path) -> Iterator[Finding]:
    for path, name, text in named_texts(values, at):
        if text and _SECRET_NAME.fullmatch(name) and not _REFERS.search(text):
            yield path, PLAIN_TEXT
