"""A declared request as a real one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from config.model import Integration, Step
from config.model import Request as Declared
from config.references import PAGE
from config.template_functions import FUNCTIONS
from config.templates import render_text, undeclared
from probes.bodies import UnsendableRequest, body, with_soap_action
from probes.http import URL, USER_AGENT, Headers, InvalidURL, Request, origin, origin_of, parsed
from probes.protocols import only_reads

__all__ = ["TIMEOUT_S", "UnsendableRequest", "build", "is_own_host", "may_repeat", "needs", "own_timeout"]

_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_TEMPLATED: Final = (
    "path", "url", "headers", "query", "json_body", "form", "multipart", "graphql", "xml", "soap_action", "body",
    "idempotency_key",
)  # fmt: skip


TIMEOUT_S: Final = 30.0
"""Longest that one attempt takes where the declaration says nothing and the workflow's clock leaves more."""


def build(
    declared: Declared,
    integration: Integration,
    variables: Mapping[str, Any],
    *,
    files: Mapping[str, str] | None = None,
    address: URL | None = None,
) -> Request:
    """The request with its templates rendered; no credential on it yet.

    `integration.headers` go to the integration's own host only: one of them may be a key. `files` are those of the
    configuration; `address`, given by an earlier answer, replaces path and query. Raises TemplateFailure or
    UnsendableRequest.
    """
    try:
        url = address if address is not None else _url(declared, integration, variables)
        headers = Headers({"User-Agent": USER_AGENT, "Accept": "*/*"})
        if is_own_host(url, integration):
            headers.update(_rendered(integration.headers, variables))
        of_body, content = body(declared, variables, files or {})
        headers.update(of_body)
        headers.update(_rendered(declared.headers, variables))
        if declared.soap_action is not None:
            with_soap_action(headers, render_text(declared.soap_action, variables))
        timeout = declared.timeout.total_seconds() if declared.timeout is not None else TIMEOUT_S
        extensions = {"timeout": {"total": timeout}}
        return Request(declared.method, url, headers=headers, content=content or None, extensions=extensions)
    except InvalidURL as err:
        raise UnsendableRequest("the address is not valid once rendered") from err
    except UnicodeError as err:
        raise UnsendableRequest("the address or a header holds text that cannot be sent") from err


def is_own_host(url: URL, integration: Integration) -> bool:
    """Whether credentials may go there: same scheme, host and port as `base_url`."""
    return origin(url) == origin_of(integration.base_url)


def own_timeout(request: Request) -> float:
    """The request's own clock in seconds; a token request has that of the request that needs it."""
    timeout = request.extensions.get("timeout", {}).get("total")
    return timeout if isinstance(timeout, float) else TIMEOUT_S


def may_repeat(declared: Declared, request: Request) -> bool:
    """Whether sending it twice does no harm."""
    if declared.idempotent is not None:
        return declared.idempotent
    if declared.graphql is not None and only_reads(declared.graphql.query):
        return True
    keyed = bool(declared.idempotency_key) or "idempotency-key" in request.headers
    return declared.method in _IDEMPOTENT or keyed


def needs(step: Step) -> frozenset[str]:
    """Variables that the step's request, `expect` and `until` use, without those that turning its pages makes."""
    declared, expect = step.request, step.expect
    sent = declared.model_dump(include=set(_TEMPLATED))
    texts = [expect.body.contains, expect.body.matches] if expect.body is not None else []
    until = [step.until.json_paths] if step.until is not None else []
    own = {PAGE, step.repeat.cursor} if step.repeat is not None else set()
    used = undeclared([sent, expect.headers, expect.json_paths, expect.xml, *texts, *until])
    return used - own - FUNCTIONS.keys()


def _url(declared: Declared, integration: Integration, variables: Mapping[str, Any]) -> URL:
    if declared.url is not None:
        url = parsed(render_text(declared.url, variables).strip())
    else:
        path = render_text(declared.path, variables)
        # Without the slash, a path of "@elsewhere" would turn the declared host into a user name.
        separator = "" if not path or path.startswith(("/", "?")) else "/"
        url = parsed(f"{integration.base_url.rstrip('/')}{separator}{path}")
    # A port beyond 65535 would be taken for what is left of it.
    if url.scheme not in {"http", "https"} or not url.host or (url.port or 0) > 65535:
        raise UnsendableRequest("the address is not an http or https one once rendered")
    query = _rendered(declared.query, variables)
    return url.copy_merge_params(query) if query else url


def _rendered(texts: Mapping[str, str], variables: Mapping[str, Any]) -> dict[str, str]:
    return {name: render_text(text, variables) for name, text in texts.items()}
