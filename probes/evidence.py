"""What is kept of one exchange, redacted."""

from __future__ import annotations

from probes.exchange import Exchange
from probes.model import Evidence
from probes.redaction import Redactor


def gather(exchange: Exchange, redactor: Redactor, *, evidence_id: str, request_ids: dict[str, str]) -> Evidence:
    """Request and answer of a failed attempt. `request_ids` are the vendor's own."""
    request = exchange.request
    return Evidence(
        evidence_id=evidence_id,
        method=request.method,
        url=redactor.url(str(request.url)),
        request_headers=redactor.headers(request.headers),
        request_body=redactor.body(request.content, request.headers.get("content-type", "")),
        status=exchange.status,
        response_headers=redactor.headers(exchange.headers),
        response_body=redactor.body(exchange.body, exchange.headers.get("content-type", "")),
        vendor_request_ids=request_ids,
    )
