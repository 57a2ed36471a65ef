"""Headers in which single vendors say that what was asked is deprecated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from probes.http import Request
from probes.model import ChangeKind, ChangeSignal
from probes.vendors.model import Answer
from probes.vendors.rules import words

Reader: TypeAlias = Callable[[Request, Answer], Iterable[ChangeSignal]]
"""Signals in one answer. Never raises, whatever the headers hold."""


def shopify(_request: Request, answer: Answer) -> Iterator[ChangeSignal]:
    """`X-Shopify-API-Deprecated-Reason`: an address that explains it."""
    yield from _said("x-shopify-api-deprecated-reason", ChangeKind.DEPRECATION, answer)


def meta(_request: Request, answer: Answer) -> Iterator[ChangeSignal]:
    """`X-Ad-Api-Version-Warning`: the call was upgraded to a version that was not asked for."""
    yield from _said("x-ad-api-version-warning", ChangeKind.FALL_FORWARD, answer)


def zendesk(_request: Request, answer: Answer) -> Iterator[ChangeSignal]:
    """`X-Zendesk-API-Warn`: words about what will not be answered any more."""
    yield from _said("x-zendesk-api-warn", ChangeKind.DEPRECATION, answer)


def warned(_request: Request, answer: Answer) -> Iterator[ChangeSignal]:
    """`X-API-Warn`, which several vendors use."""
    yield from _said("x-api-warn", ChangeKind.DEPRECATION, answer)


def _said(header: str, kind: ChangeKind, answer: Answer) -> Iterator[ChangeSignal]:
    text = words(answer.headers.get(header, ""))
    if text:
        is_link = text.startswith(("https://", "http://"))
        yield ChangeSignal(kind, header, "" if is_link else text, link=text if is_link else None)


READERS: Final[dict[str, tuple[Reader, ...]]] = {
    "meta": (meta,),
    "shopify": (shopify,),
    "zendesk": (zendesk,),
}
"""By vendor preset, beside what is asked of every vendor's answers."""
