"""What the pages of sign-in have in common: who visits, from where, what they typed, and where they wanted to go."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, urlsplit

from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from alerts.store.sign_in.sessions import Session
from app.hub.auth.callers import Caller
from app.hub.auth.cookies import Cookies, cookie
from app.hub.auth.gate import SCOPE_KEY
from app.hub.auth.sessions import Where
from app.hub.auth.setup import Auth
from app.hub.plain.pages import page
from config.model import SignIn

MOST_BYTES: Final = 16 * 1024


async def signed_in(auth: Auth, request: Request, entered: tuple[str, Session], wanted: str) -> Response:
    """A new session takes the place of the one that the browser had."""
    token, session = entered
    cookies = cookies_of(auth, request)
    before = cookie(request.headers.get("cookie", ""), cookies.session)
    earlier = auth.sessions.find(before) if before else None
    if earlier is not None:
        await auth.sessions.end(earlier.session_id, session.name)
    answer = RedirectResponse(wanted, 303, {"Cache-Control": "no-store"})
    cookies.put(answer, cookies.session, token, int((session.ends_at - session.began_at).total_seconds()))
    return answer


async def form(
    auth: Auth,
    rules: SignIn,
    request: Request,
    wanted: str,
    problem: str = "",
    status: int = 200,
    headers: dict[str, str] | None = None,
    name: str = "",
) -> Response:
    """The page to sign in on, with what is to be said."""
    signed_out = "out" in request.query_params
    end = (
        await auth.oidc.end_address(rules.oidc, f"{base_of(auth, request)}/sign-in")
        if signed_out and rules.oidc
        else None
    )
    return page(
        "sign_in.html",
        status,
        headers,
        wanted=wanted,
        problem=problem,
        said="You are signed out." if signed_out else "",
        end_address=end,
        passwords=rules.passwords,
        title=rules.oidc.title if rules.oidc else "",
        name=name,
    )


def wanted_page(given: str | None) -> str:
    """A page of ours, whatever the address asks for: anything else would lead strangers' victims away."""
    target = given or "/"
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    is_path = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    if (
        not is_path
        or "\\" in target
        or not target.isprintable()
        or parts.path.startswith(("/sign-", "/api/", "/_dash"))
    ):
        return "/"
    return target


async def given(request: Request) -> dict[str, str]:
    """The fields of the form; raises HTTPException."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413, "that is too long for a form")
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=10)
    except ValueError as err:
        raise HTTPException(400, "that is not a form") from err
    return {key: values[-1] for key, values in fields.items()}


def session_of(request: Request) -> Session | None:
    """The session that the request comes with."""
    caller: Caller | None = request.scope.get(SCOPE_KEY)
    return caller.session if caller else None


def cookies_of(auth: Auth, request: Request) -> Cookies:
    """The cookies for whoever asks."""
    return auth.callers.cookies(request.url.scheme)


def where_of(request: Request) -> Where:
    """Where the request comes from."""
    return Where(request.client.host if request.client else "unknown", request.headers.get("user-agent", ""))


def base_of(auth: Auth, request: Request) -> str:
    """The address of this hub for people."""
    return (auth.callers.hub().public_url or str(request.base_url)).rstrip("/")
