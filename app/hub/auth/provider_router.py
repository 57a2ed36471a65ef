"""Signing in at a provider: out to it, and back."""

from __future__ import annotations

import structlog
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from app.hub.auth.cookies import cookie
from app.hub.auth.oidc import UNDER_WAY, Identity
from app.hub.auth.provider import ProviderProblem
from app.hub.auth.setup import Auth
from app.hub.auth.visiting import base_of, cookies_of, form, signed_in, wanted_page, where_of
from config.model import Oidc, SignIn

log = structlog.get_logger(__name__)


def provider_router(auth: Auth) -> APIRouter:
    """`/sign-in/oidc…`."""
    router = APIRouter()

    @router.get("/sign-in/oidc")
    async def to_provider(request: Request) -> Response:
        rules, oidc = _provider(auth)
        wanted = wanted_page(request.query_params.get("next"))
        try:
            address, browser = await auth.oidc.begin(oidc, f"{base_of(auth, request)}/sign-in/oidc/back", wanted)
        except ProviderProblem as err:
            log.warning("sign_in.provider", problem=str(err))
            return await form(auth, rules, request, wanted, f"{oidc.title} cannot be reached just now.", 502)
        away = RedirectResponse(address, 303, {"Cache-Control": "no-store"})
        cookies = cookies_of(auth, request)
        cookies.put(away, cookies.under_way, browser, int(UNDER_WAY.total_seconds()))
        return away

    @router.get("/sign-in/oidc/back")
    async def from_provider(request: Request) -> Response:
        rules, oidc = _provider(auth)
        cookies = cookies_of(auth, request)
        browser = cookie(request.headers.get("cookie", ""), cookies.under_way) or ""
        query, state = request.url.query, request.query_params.get("state", "")
        try:
            who = await auth.oidc.finish(oidc, query, state, browser)
        except ProviderProblem as err:
            log.warning("sign_in.refused", problem=str(err))
            await auth.door.note(
                "sign_in.failed", "(unknown name)", f"at the provider, from {where_of(request).address}"
            )
            return await form(auth, rules, request, "/", f"Signing in with {oidc.title} did not work. Try again.", 401)
        answer = await _known(auth, rules, request, who)
        cookies.drop(answer, cookies.under_way)
        return answer

    return router


async def _known(auth: Auth, rules: SignIn, request: Request, who: Identity) -> Response:
    """The answer to somebody whom the provider knows."""
    account = auth.accounts.account(who.name)
    if who.role is None or (account is not None and account.disabled_at is not None):
        await auth.door.note("sign_in.failed", who.name, f"no role, from {where_of(request).address}")
        told = f"{who.name} may not look at this hub. Ask its admin for a role."
        return await form(auth, rules, request, who.wanted, told, 403)
    entered = await auth.sessions.begin(who.name, who.role, "oidc", where_of(request))
    return await signed_in(auth, request, entered, who.wanted)


def _provider(auth: Auth) -> tuple[SignIn, Oidc]:
    rules = auth.callers.rules()
    if rules is None or rules.oidc is None:
        raise HTTPException(404, "nobody signs in at a provider here")
    return rules, rules.oidc
