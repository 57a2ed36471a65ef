"""Signing in at a provider: out to it with state, nonce and PKCE, and back with a code for this browser only."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from alerts.messages import one_line
from app.enrolment.consent import Asked
from app.enrolment.problem import EnrolmentError
from app.enrolment.provider import Provider as AskedProvider
from app.hub.actor import Role
from app.hub.auth.accounts import fingerprint
from app.hub.auth.provider import Client, Provider, ProviderProblem
from config.model import Oidc
from config.secrets import UnresolvedReference, resolve

UNDER_WAY: Final = timedelta(minutes=10)
_MOST: Final = 1_000
"""Sign-ins under way at the same time; the oldest gives way."""
_LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Identity:
    """Who came back, with which role, and the page they wanted. `role` None: nobody gave them one."""

    name: str
    role: Role | None
    wanted: str


@dataclass(frozen=True, slots=True)
class _Pending:
    asked: Asked
    browser_hash: str
    wanted: str
    at: datetime


class OidcSignIn:
    """Keeps what is under way in memory: a restart of the hub ends it, and people sign in again."""

    def __init__(self, provider: Provider, clock: Callable[[], datetime], environ: Mapping[str, str]) -> None:
        self._provider = provider
        self._clock = clock
        self._environ = environ
        self._pending: OrderedDict[str, _Pending] = OrderedDict()

    async def begin(self, oidc: Oidc, redirect_uri: str, wanted: str) -> tuple[str, str]:
        """The provider's address to send the browser to, and what its cookie has to hold when it comes back. Raises
        ProviderProblem."""
        where = await self._provider.addresses(oidc.issuer)
        asked = Asked(
            AskedProvider(where.authorization, where.token, where.issuer, where.keys),
            oidc.client_id,
            redirect_uri,
            oidc.scopes,
        )
        browser, now = secrets.token_urlsafe(32), self._clock()
        self._pending[fingerprint(asked.state)] = _Pending(asked, fingerprint(browser), wanted, now)
        while len(self._pending) > _MOST:
            self._pending.popitem(last=False)
        return asked.address, browser

    async def finish(self, oidc: Oidc, query: str, state: str, browser: str) -> Identity:
        """Who came back with that query; raises ProviderProblem. Works once for each beginning."""
        pending = self._pending.pop(fingerprint(state), None)
        if pending is None or self._clock() - pending.at > UNDER_WAY:
            raise ProviderProblem("no sign-in of this state is under way: it took too long, or was used before")
        if not secrets.compare_digest(fingerprint(browser), pending.browser_hash):
            raise ProviderProblem("another browser began this sign-in")
        try:
            code = pending.asked.code(query)
            client = Client(oidc.client_id, resolve(oidc.client_secret, self._environ) if oidc.client_secret else None)
        except (EnrolmentError, UnresolvedReference) as err:
            raise ProviderProblem(str(err)) from None
        where = await self._provider.addresses(oidc.issuer)
        claims = await self._provider.claims(pending.asked, where, client, code)
        return Identity(_name(oidc, claims), role_of(oidc, claims), pending.wanted)

    async def end_address(self, oidc: Oidc, back_to: str) -> str | None:
        """Where to go to sign out at the provider as well; None where it has no such place."""
        try:
            where = await self._provider.addresses(oidc.issuer)
        except ProviderProblem:
            return None
        if where.end_session is None:
            return None
        joint = "&" if "?" in where.end_session else "?"
        query = urlencode({"client_id": oidc.client_id, "post_logout_redirect_uri": back_to})
        return f"{where.end_session}{joint}{query}"


def role_of(oidc: Oidc, claims: Mapping[str, Any]) -> Role | None:
    """The highest role that the claim gives; the default one where it gives none."""
    told = claims.get(oidc.role_claim)
    values = {one for one in (told if isinstance(told, list) else [told]) if isinstance(one, str)}
    for role in reversed(list(Role)):
        if values & set(getattr(oidc.roles, role.value)):
            return role
    return Role(oidc.default_role) if oidc.default_role else None


def _name(oidc: Oidc, claims: Mapping[str, Any]) -> str:
    told = claims.get(oidc.name_claim)
    if not isinstance(told, str) or not one_line(told):
        raise ProviderProblem(f"the provider does not say the claim {oidc.name_claim!r}; see name_claim and scopes")
    if oidc.name_claim == "email" and claims.get("email_verified") is False:
        raise ProviderProblem("the provider has not verified the email address")
    return one_line(told)[:_LONGEST_NAME]
