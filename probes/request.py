"""A declared request as a real one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from config.model import Integration, Step
from config.model import Request as Declared
from config.templates import render_json, render_text, undeclared
from probes.http import URL, USER_AGENT, Headers, InvalidURL, Request, origin

_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})


TIMEOUT_S: Final = 30.0
"""Longest that one attempt takes where the declaration says nothing and the workflow's clock leaves more."""


class UnsendableRequest(Exception):  # noqa: N818 - the declaration's or a captured value's, not the program's
    """What the declaration renders to is no request. Quotes no value."""


def build(declared: Declared, integration: Integration, variables: Mapping[str, Any]) -> Request:
    """The request with its templates rendered; no credential on it yet.

    `integration.headers` go to the integration's own host only: one of them may be a key. Raises TemplateFailure or
    UnsendableRequest.
    """
    try:
        url = _url(declared, integration, variables)
        headers = Headers({"User-Agent": USER_AGENT, "Accept": "*/*"})
        if is_own_host(url, integration):
            headers.update(_rendered(integration.headers, variables))
        content_type, content = _body(declared, variables)
        if content_type is not None:
            headers["Content-Type"] = content_type
        headers.update(_rendered(declared.headers, variables))
        timeout = declared.timeout.total_seconds() if declared.timeout is not None else TIMEOUT_S
        extensions = {"timeout": {"total": timeout}}
        return Request(declared.method, url, headers=headers, content=content, extensions=extensions)
    except InvalidURL as err:
        raise UnsendableRequest("the address is not valid once rendered") from err
    except UnicodeError as err:
        raise UnsendableRequest("the address or a header holds text that cannot be sent") from err


def is_own_host(url: URL, integration: Integration) -> bool:
    """Whether credentials may go there: same scheme, host and port as `base_url`."""
    return origin(url) == origin(URL(integration.base_url))


def own_timeout(request: Request) -> float:
    """The request's own clock in seconds; a token request has that of the request that needs it."""
    timeout = request.extensions.get("timeout", {}).get("total")
    return timeout if isinstance(timeout, float) else TIMEOUT_S


def may_repeat(declared: Declared, request: Request) -> bool:
    """Whether sending it twice does no harm."""
    if declared.idempotent is not None:
        return declared.idempotent
    return declared.method in _IDEMPOTENT or "idempotency-key" in request.headers


def needs(step: Step) -> frozenset[str]:
    """Variables that the step's request, `expect` and `until` use."""
    declared, expect = step.request, step.expect
    parts = [declared.path, declared.url, declared.headers, declared.query, declared.json_body, declared.form]
    body = [expect.body.contains, expect.body.matches] if expect.body is not None else []
    until = [step.until.json_paths] if step.until is not None else []
    return undeclared([*parts, declared.body, expect.headers, expect.json_paths, *body, *until])


def _url(declared: Declared, integration: Integration, variables: Mapping[str, Any]) -> URL:
    if declared.url is not None:
        url = URL(render_text(declared.url, variables).strip())
    else:
        path = render_text(declared.path, variables)
        # Without the slash, a path of "@elsewhere" would turn the declared host into a user name.
        separator = "" if not path or path.startswith(("/", "?")) else "/"
        url = URL(f"{integration.base_url.rstrip('/')}{separator}{path}")
    if url.scheme not in {"http", "https"} or not url.host:
        raise UnsendableRequest("the address is not an http or https one once rendered")
    query = _rendered(declared.query, variables)
    return url.copy_merge_params(query) if query else url


def _body(declared: Declared, variables: Mapping[str, Any]) -> tuple[str | None, bytes | None]:
    if declared.json_body is not None:
        document = render_json(declared.json_body, variables)
        return "application/json", json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    if declared.form is not None:
        form = Request("POST", "http://form", data=_rendered(declared.form, variables))
        return "application/x-www-form-urlencoded", form.read()
    if declared.body is not None:
        return None, render_text(declared.body, variables).encode("utf-8")
    return None, None


def _rendered(texts: Mapping[str, str], variables: Mapping[str, Any]) -> dict[str, str]:
    return {name: render_text(text, variables) for name, text in texts.items()}
