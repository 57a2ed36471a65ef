"""What a request sends: one body, files that are there, keys that can be sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from config.checks import Context, mapping
from config.checks.sources import header_name_findings
from config.problems import Finding, Path
from config.requests import BODIES


def request_findings(request: Mapping[str, Any], at: Path, context: Context) -> Iterator[Finding]:
    """Bodies and addresses that exclude each other, files that are missing, a key that could not be sent."""
    bodies = [key for key in BODIES if request.get(key) is not None]
    if len(bodies) > 1:
        yield (*at, bodies[1]), f"a request has one body, and this one has {' and '.join(bodies)}; keep one"
    if request.get("url") is not None and request.get("path"):
        yield (*at, "path"), "url is the whole address, so path is never used; keep one of them"
    if request.get("soap_action") is not None and request.get("xml") is None:
        yield (*at, "soap_action"), "goes with xml, and there is none; add the envelope"
    for name, part in mapping(request.get("multipart")).items():
        yield from _part(mapping(part), (*at, "multipart", name), context)
    yield from header_name_findings(mapping(request.get("headers")), (*at, "headers"))
    yield from _key(request, at)


def _part(part: Mapping[str, Any], at: Path, context: Context) -> Iterator[Finding]:
    if not part:
        return
    given = [key for key in ("content", "file") if part.get(key) is not None]
    if len(given) != 1:
        yield at, "a file's part has either content or file; " + ("keep one of them" if given else "write one of them")
        return
    name = part.get("file")
    fault = context.files.fault(name) if isinstance(name, str) else None
    if fault is not None:
        yield (*at, "file"), fault


def _key(request: Mapping[str, Any], at: Path) -> Iterator[Finding]:
    key, header = request.get("idempotency_key"), request.get("idempotency_header")
    if key == "":
        yield (*at, "idempotency_key"), "an empty key protects nothing; write true, or a template such as {{run_id}}"
    for _, message in header_name_findings([header], at):
        yield (*at, "idempotency_header"), message
    if header is not None and not key:
        yield (*at, "idempotency_header"), "names the header of a key, and there is none; add idempotency_key: true"
