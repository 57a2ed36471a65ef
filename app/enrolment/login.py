"""One enrolment from beginning to end: ask, wait, exchange, check, keep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import httpx
from pydantic import SecretStr

from app.enrolment.consent import Asked
from app.enrolment.loopback import Loopback, listening
from app.enrolment.problem import EnrolmentError
from app.enrolment.provider import Provider, keys_of, provider_of
from config.model import Integration
from config.secrets import resolve, resolve_integration
from probes.auth import AuthFailure, TokenStore, credential_of
from probes.auth.code_exchange import CodeExchange
from probes.auth.oauth2_authorization_code import Options, endpoint, grant_key
from probes.auth.token_answer import Grant
from probes.auth.tokens import Consent
from probes.transport import TransportFailure
from probes.transport.declared import transports

TURN_WITHIN: Final = timedelta(seconds=15)
"""Longest that another process may hold the consent: one token request of a run."""
_PAGE_ELSEWHERE: Final = "https://loopback/"
_LIMITS: Final = {"timeout": {"total": 30.0}}


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What is to be enrolled, and where its consent is kept."""

    integration: Integration
    environ: Mapping[str, str]
    store: TokenStore
    clock: Callable[[], datetime]

    @property
    def options(self) -> Options:
        """Of its auth method, references unresolved."""
        return Options.model_validate(self.integration.auth.options)

    @property
    def key(self) -> str:
        """Under which the prober looks for it; raises UnresolvedReference."""
        return grant_key(self.options, self.environ, credential_of(self.integration.auth, self.environ))


async def enrol(enrolment: Enrolment, show: Callable[[str], None], *, within: timedelta) -> Consent:
    """Get a person's consent and keep it. `show` is given the address to open.

    Raises EnrolmentError, TokenStoreError (nothing is overwritten that cannot be read), UnresolvedReference.
    """
    # First of all, so that nobody consents for a token that cannot be kept.
    enrolment.store.read(enrolment.key)
    resolved = resolve_integration(enrolment.integration, enrolment.environ)
    # As the prober reaches the vendor: its authority, its proxy, its client certificate.
    transport = transports(resolved, enrolment.environ)()
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        provider = await provider_of(client, enrolment.options, enrolment.environ)
        with listening(enrolment.options.redirect_uri) as loopback:
            asked = _asked(enrolment, provider, loopback.redirect_uri)
            show(asked.address)
            query = await _answer(loopback, within)
            try:
                consent = await _consent(client, enrolment, asked, query)
                await _keep(enrolment, consent)
            except EnrolmentError as err:
                loopback.show("It did not work", str(err))
                raise
            except Exception:
                loopback.show("It did not work", "The terminal says why.")
                raise
            loopback.show("Done", f"{enrolment.integration.label} is enrolled. You can close this page.")
            return consent


def _asked(enrolment: Enrolment, provider: Provider, redirect_uri: str) -> Asked:
    options, environ = enrolment.options, enrolment.environ
    return Asked(
        provider=provider,
        client_id=resolve(options.client_id, environ),
        redirect_uri=redirect_uri,
        scopes=options.scopes,
        params={name: resolve(value, environ) for name, value in options.authorization_params.items()},
    )


async def _answer(loopback: Loopback, within: timedelta) -> str:
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await asyncio.wrap_future(loopback.answer)
    except TimeoutError:
        raise EnrolmentError(
            f"nobody consented within {within.total_seconds():g} s; start again, and open the address in a browser "
            "that can reach this machine's loopback (from elsewhere: ssh -L)"
        ) from None


async def _consent(client: httpx.AsyncClient, enrolment: Enrolment, asked: Asked, query: str) -> Consent:
    grant = await _grant(client, enrolment, asked, asked.code(query))
    now, account = enrolment.clock(), ""
    if asked.wants_id_token:
        if grant.id_token is None:
            raise EnrolmentError("no id_token came, although `openid` was asked for; check the client at the vendor")
        account = asked.account(grant.id_token.get_secret_value(), await keys_of(client, asked.provider), now)
    if grant.refresh_token is None:
        raise EnrolmentError(
            "the vendor gave no refresh token, so this would end with the access token; add the scope "
            "`offline_access`, or `authorization_params: {access_type: offline, prompt: consent}`, as the vendor has it"
        )
    return Consent(
        refresh_token=grant.refresh_token,
        refresh_obtained_at=now,
        refresh_expires_at=now + grant.refresh_life if grant.refresh_life is not None else None,
        enrolled_at=now,
        account=account,
        token_url=asked.provider.token_url,
    )


async def _grant(client: httpx.AsyncClient, enrolment: Enrolment, asked: Asked, code: str) -> Grant:
    options, environ = enrolment.options, enrolment.environ
    exchange = CodeExchange(
        endpoint(options, environ, asked.provider.token_url),
        {
            **{name: resolve(value, environ) for name, value in options.params.items()},
            "redirect_uri": asked.redirect_uri,
        },
        {"code": SecretStr(code), "code_verifier": SecretStr(asked.verifier)},
        enrolment.clock,
    )
    last = httpx.Request("GET", _PAGE_ELSEWHERE, extensions=_LIMITS)
    flow = exchange.auth_flow(last)
    try:
        request = next(flow)
        while request is not last:
            request = flow.send(await client.send(request))
    except AuthFailure as err:
        raise EnrolmentError(f"{asked.provider.token_url}: {err.message}") from None
    except TransportFailure as err:
        raise EnrolmentError(f"{asked.provider.token_url}: {err.message}") from None
    finally:
        flow.close()
    if exchange.grant is None:
        raise EnrolmentError(f"{asked.provider.token_url}: no token came")
    return exchange.grant


async def _keep(enrolment: Enrolment, consent: Consent) -> None:
    store = enrolment.store
    try:
        async with asyncio.timeout(TURN_WITHIN.total_seconds()), store.turn(enrolment.key):
            await store.off_loop(store.keep, enrolment.key, consent)
    except TimeoutError:
        raise EnrolmentError(
            "another Leadline process holds the token and does not let go; stop it and start again"
        ) from None
