"""Who acts: every route that changes something depends on `acting`, and pages ask `actor()` what they may offer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, StringConstraints, ValidationError

from alerts.messages import one_line


class Role(StrEnum):
    """What somebody may do; each may also do what those before it may."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """Higher may more."""
        return list(Role).index(self)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, by the name that stands in the audit log."""

    name: str
    role: Role

    @property
    def may_act(self) -> bool:
        """Whether they may change anything: acknowledge, silence, ask for a run."""
        return self.role is not Role.VIEWER


ANYBODY: Final = Actor("", Role.ADMIN)
"""Whoever reaches a hub on which nobody signs in. The name comes with each act."""
_ACTOR: Final[ContextVar[Actor]] = ContextVar("actor", default=ANYBODY)


def _on_one_line(given: object) -> object:
    return one_line(given) if isinstance(given, str) else given


Author = Annotated[str, BeforeValidator(_on_one_line), StringConstraints(min_length=1, max_length=100)]


class _Signed(BaseModel):
    author: Author


def actor() -> Actor:
    """Who looks: of the request that is being answered."""
    return _ACTOR.get()


@contextmanager
def as_actor(somebody: Actor) -> Iterator[None]:
    """Everything within is done by them."""
    token = _ACTOR.set(somebody)
    try:
        yield
    finally:
        _ACTOR.reset(token)


async def acting(request: Request) -> Actor:
    """Who acts: who is signed in, whatever the request's body says; where nobody is, by the name in the body. Raises
    RequestValidationError where it has none, HTTPException where whoever asks may only look."""
    if not actor().may_act:
        raise HTTPException(403, "you may look, not act: that takes the role of a responder")
    if actor().name:
        return actor()
    try:
        signed = _Signed.model_validate(await request.json())
    except ValidationError as err:
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in err.errors()]) from err
    return Actor(signed.author, actor().role)


Acting = Annotated[Actor, Depends(acting)]
