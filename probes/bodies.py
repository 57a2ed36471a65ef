"""The body of a declared request."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from config.model import FilePart, GraphQl
from config.model import Request as Declared
from config.templates import render_json, render_text
from probes.http import Headers, Request

_SOAP_12: Final = "application/soap+xml"


class UnsendableRequest(Exception):  # noqa: N818 - the declaration's or a captured value's, not the program's
    """What the declaration renders to is no request. Quotes no value."""


def body(declared: Declared, variables: Mapping[str, Any], files: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
    """Its headers and its bytes; nothing of both where there is none. `files` are in base64, by the name that a part
    uses. Raises TemplateFailure or UnsendableRequest."""
    if declared.json_body is not None or declared.graphql is not None:
        graphql = declared.graphql
        return _json(_operation(graphql, variables) if graphql else render_json(declared.json_body, variables))
    if declared.form is not None:
        data = {name: render_text(text, variables) for name, text in declared.form.items()}
        return _encoded(Request("POST", "http://form", data=data))
    if declared.multipart is not None:
        return _multipart(declared.multipart, variables, files)
    if declared.xml is not None:
        return {"Content-Type": "text/xml; charset=utf-8"}, render_text(declared.xml, variables).encode("utf-8")
    if declared.body is not None:
        return {}, render_text(declared.body, variables).encode("utf-8")
    return {}, b""


def with_soap_action(headers: Headers, action: str) -> None:
    """SOAP 1.2 carries it in its Content-Type, 1.1 in a header of its own; a header that is there stays."""
    content_type = headers.get("content-type", "")
    if not content_type.lower().startswith(_SOAP_12):
        headers.setdefault("SOAPAction", f'"{action}"')
    elif "action=" not in content_type.lower():
        headers["Content-Type"] = f'{content_type}; action="{action}"'


def _json(document: Any) -> tuple[dict[str, str], bytes]:
    try:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise UnsendableRequest("the body holds a value that JSON does not have") from None
    content = text.encode("utf-8")
    return {"Content-Type": "application/json"}, content


def _operation(graphql: GraphQl, variables: Mapping[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {"query": render_text(graphql.query, variables)}
    if graphql.variables:
        operation["variables"] = render_json(graphql.variables, variables)
    if graphql.operation is not None:
        operation["operationName"] = render_text(graphql.operation, variables)
    return operation


def _multipart(
    declared: Mapping[str, str | FilePart], variables: Mapping[str, Any], files: Mapping[str, str]
) -> tuple[dict[str, str], bytes]:
    parts: list[tuple[str, Any]] = []
    for name, part in declared.items():
        if isinstance(part, FilePart):
            filename = render_text(part.filename, variables)
            parts.append((name, (filename, _content(part, variables, files), part.content_type)))
        else:
            parts.append((name, (None, render_text(part, variables).encode("utf-8"))))
    return _encoded(Request("POST", "http://form", files=parts))


def _content(part: FilePart, variables: Mapping[str, Any], files: Mapping[str, str]) -> bytes:
    if part.content is not None:
        return render_text(part.content, variables).encode("utf-8")
    if part.file is None or part.file not in files:
        raise UnsendableRequest(f"file {part.file} is not part of the configuration")
    return base64.b64decode(files[part.file])


def _encoded(form: Request) -> tuple[dict[str, str], bytes]:
    content = form.read()
    return {"Content-Type": form.headers["content-type"]}, content
