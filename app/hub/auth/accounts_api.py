"""Users, tokens and sessions as JSON, for admins: `leadline user` and `leadline token`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from alerts.store.sign_in.accounts import Account, ApiToken
from alerts.store.sign_in.sessions import Session
from app.hub.actor import Acting, Actor, Author, Role
from app.hub.asking import only_json
from app.hub.auth.accounts import AccountProblem
from app.hub.auth.setup import Auth
from config.scalars import Duration

T = TypeVar("T")

LONGEST: Final = timedelta(days=400)


class Asked(BaseModel):
    """Who asks, where nobody is signed in."""

    model_config = ConfigDict(extra="forbid")

    author: Author | None = None


class NewUser(Asked):
    """The body of `POST /api/v1/users`."""

    name: str
    role: Role
    password: SecretStr


class Change(Asked):
    """The body of `POST /api/v1/users/NAME/ACT`."""

    password: SecretStr | None = None
    role: Role | None = None


class NewToken(Asked):
    """The body of `POST /api/v1/tokens`."""

    name: str
    role: Role
    lasts: Annotated[Duration, Field(alias="for")] = timedelta(days=90)


def accounts_router(auth: Auth) -> APIRouter:
    """`/api/v1/users…`."""
    router = APIRouter(prefix="/api/v1")

    @router.get("/users")
    async def users() -> dict[str, Any]:
        return {"users": [_user(auth, one) for one in auth.accounts.everybody()]}

    @router.post("/users", status_code=201, dependencies=[Depends(only_json)])
    async def add(new: NewUser, by: Acting) -> dict[str, Any]:
        made = await _done(auth.accounts.add(new.name, new.role, new.password.get_secret_value(), by.name))
        return _user(auth, made)

    @router.post("/users/{name}/{act}", dependencies=[Depends(only_json)])
    async def change(name: str, act: str, asked: Change, by: Acting) -> dict[str, Any]:
        work = _CHANGES.get(act)
        if work is None:
            raise HTTPException(404, f"{act}: there is no such act; there are {', '.join(_CHANGES)}")
        return await work(auth, name, asked, by)

    return router


def sessions_router(auth: Auth) -> APIRouter:
    """`/api/v1/sessions…` and `/api/v1/tokens…`."""
    router = APIRouter(prefix="/api/v1")

    @router.get("/sessions")
    async def sessions(user: Annotated[str | None, Query()] = None) -> dict[str, Any]:
        return {"sessions": [_session(one) for one in auth.sessions.of(user)]}

    @router.post("/sessions/{session_id}/end", dependencies=[Depends(only_json)])
    async def end(session_id: str, _: Asked, by: Acting) -> dict[str, Any]:
        if not await auth.sessions.end(session_id, by.name):
            raise HTTPException(404, f"{session_id}: there is no such session")
        return {"ended": 1}

    @router.get("/tokens")
    async def tokens() -> dict[str, Any]:
        return {"tokens": [_token(one) for one in auth.accounts.tokens()]}

    @router.post("/tokens", status_code=201, dependencies=[Depends(only_json)])
    async def issue(new: NewToken, by: Acting) -> dict[str, Any]:
        if not timedelta(0) < new.lasts <= LONGEST:
            raise HTTPException(422, f"for: a token lasts at most {LONGEST.days} days")
        secret, made = await _done(auth.accounts.issue(new.name, new.role, new.lasts, by.name))
        return {**_token(made), "token": secret}

    @router.post("/tokens/{name}/revoke", dependencies=[Depends(only_json)])
    async def revoke(name: str, _: Asked, by: Acting) -> dict[str, Any]:
        await _done(auth.accounts.revoke_token(name, by.name))
        return {"revoked": name}

    return router


async def _done(work: Awaitable[T]) -> T:
    try:
        return await work
    except AccountProblem as err:
        raise HTTPException(err.status, str(err)) from err


async def _password(auth: Auth, name: str, asked: Change, by: Actor) -> dict[str, Any]:
    if asked.password is None:
        raise HTTPException(422, "password: it is missing")
    changed = await _done(auth.accounts.set_password(name, asked.password.get_secret_value(), by.name))
    return {**_user(auth, changed), "ended": await auth.sessions.end_all(name, by.name)}


async def _role(auth: Auth, name: str, asked: Change, by: Actor) -> dict[str, Any]:
    if asked.role is None:
        raise HTTPException(422, "role: it is missing")
    return _user(auth, await _done(auth.accounts.set_role(name, asked.role, by.name)))


async def _disable(auth: Auth, name: str, _: Change, by: Actor) -> dict[str, Any]:
    changed = await _done(auth.accounts.set_disabled(name, True, by.name))
    return {**_user(auth, changed), "ended": await auth.sessions.end_all(name, by.name)}


async def _enable(auth: Auth, name: str, _: Change, by: Actor) -> dict[str, Any]:
    return _user(auth, await _done(auth.accounts.set_disabled(name, False, by.name)))


async def _revoke(auth: Auth, name: str, _: Change, by: Actor) -> dict[str, Any]:
    """Also of somebody whom only the provider knows."""
    return {"name": name, "ended": await auth.sessions.end_all(name, by.name)}


_CHANGES: Final[dict[str, Callable[[Auth, str, Change, Actor], Awaitable[dict[str, Any]]]]] = {
    "password": _password,
    "role": _role,
    "disable": _disable,
    "enable": _enable,
    "revoke": _revoke,
}


def _user(auth: Auth, one: Account) -> dict[str, Any]:
    return {
        "name": one.name,
        "role": one.role,
        "created_at": one.created_at.isoformat(),
        "disabled_at": _iso(one.disabled_at),
        "sessions": len(auth.sessions.of(one.name)),
    }


def _session(one: Session) -> dict[str, Any]:
    return {
        "id": one.session_id,
        "user": one.name,
        "method": one.method,
        "began_at": one.began_at.isoformat(),
        "seen_at": one.seen_at.isoformat(),
        "ends_at": one.ends_at.isoformat(),
        "address": one.address,
        "agent": one.agent,
    }


def _token(one: ApiToken) -> dict[str, Any]:
    return {
        "name": one.name,
        "role": one.role,
        "created_at": one.created_at.isoformat(),
        "created_by": one.created_by,
        "expires_at": one.expires_at.isoformat(),
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
