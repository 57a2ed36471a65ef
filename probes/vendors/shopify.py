"""Shopify: REST throttles with 429, GraphQL with HTTP 200 and `errors[].extensions.code` = THROTTLED."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from probes.model import Failure
from probes.vendors.model import Answer, Vendor
from probes.vendors.rules import (
    mapping,
    mappings,
    number,
    succeeded,
    throttled,
    token_refused,
    vendor_error,
    verdict,
    words,
)


def judge_body(answer: Answer) -> Failure | None:
    """Errors of a GraphQL answer; a REST answer has none that its status does not say."""
    errors = list(mappings(mapping(answer.json).get("errors")))
    codes = {words(mapping(error.get("extensions")).get("code")) for error in errors}
    if "THROTTLED" in codes:
        return throttled(answer, "GraphQL cost over what the bucket holds", retry_after_s=refill_s(answer))
    if not succeeded(answer):
        return None
    if errors:
        return vendor_error(f"GraphQL error: {words(errors[0].get('message'))}")
    refused = next(_user_errors(answer), None)
    return vendor_error(f"mutation refused: {refused}") if refused is not None else None


def _user_errors(answer: Answer) -> Iterator[str]:
    """A mutation that was refused answers 200, with the reason in its payload."""
    for payload in mapping(mapping(answer.json).get("data")).values():
        # Some mutations have a name of their own for it: customerUserErrors, mediaUserErrors.
        lists = (value for name, value in mapping(payload).items() if name.lower().endswith("usererrors"))
        for error in (error for errors in lists for error in mappings(errors)):
            yield words(error.get("message"))


def refill_s(answer: Answer) -> float | None:
    """Seconds until the leaky bucket holds what the query asked for."""
    cost = mapping(mapping(mapping(answer.json).get("extensions")).get("cost"))
    status = mapping(cost.get("throttleStatus"))
    wanted, held = number(cost.get("requestedQueryCost")), number(status.get("currentlyAvailable"))
    rate = number(status.get("restoreRate"))
    if wanted is None or held is None or not rate:
        return None
    return max((wanted - held) / rate, 0.0)


VENDOR: Final = Vendor(
    name="shopify",
    verdict=verdict(judge_body),
    token_rejected=token_refused,
    quota=("shopify_rest", "shopify_graphql"),
    request_id_headers=("x-request-id", "cf-ray"),
)
