"""What the grants share that live on a person's consent: its refresh token is kept, and spent by one at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from pydantic import SecretStr

from probes.auth.model import AuthFailure, TokenLife, spellings
from probes.auth.oauth2 import OAuthAuthenticator
from probes.auth.token_answer import Grant
from probes.auth.tokens import Consent, TokenStoreError, cache_key
from probes.http import Response
from probes.model import FailureKind

_TOO_SOON: Final = timedelta(seconds=30)
"""Two refreshes this close together do not tell whether the first one moved the end."""


class StoredGrantAuthenticator(OAuthAuthenticator):
    """Sends the newest refresh token. The next one is kept before the access token that came with it is used.

    `grant` names the consent in the store, `first` is the refresh token to begin with (None: somebody has to consent
    first, and `missing` says how).
    """

    least_token_s = 15.0
    """An answer that is not waited for may bring the only refresh token that is still good."""

    def __init__(self, *args: Any, grant: str, first: SecretStr | None, missing: str = "", **named: Any) -> None:
        super().__init__(*args, **named)
        self._grant, self._first, self._missing = grant, first, missing
        self._key = cache_key(self._key, grant)
        # Of the consent, not of the token: two scopes of one consent spend the same refresh token.
        self._lock_key = grant

    def life(self) -> TokenLife:
        """What the store holds of it."""
        consent = self._tokens.store.read(self._grant) or Consent()
        held = self._tokens.get(self._key) or consent.access.get(self._key)
        return TokenLife(
            access_expires_at=held.expires_at if held is not None else None,
            refresh_obtained_at=consent.refresh_obtained_at,
            refresh_expires_at=consent.refresh_expires_at,
            extended_by_use=consent.extended_by_use,
            enrolled=consent.refresh_token is not None if self._first is None else None,
            enrolled_at=consent.enrolled_at,
            account=consent.account,
            refused_at=consent.refused_at,
            refused=consent.refused,
        )

    def _recall(self) -> None:
        if self._fresh_token() is None:
            with _as_failures():
                self._seen(self._tokens.store.read(self._grant))

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._fresh_token() is not None:
            yield
            return
        store = self._tokens.store
        with _as_failures():
            async with store.turn(self._grant):
                self._seen(await store.off_loop(store.read, self._grant))
                yield

    def _seen(self, consent: Consent | None) -> None:
        """Another process may have fetched since: its access token is as good as one of ours."""
        self._tokens.see(self._grant, consent)
        kept = consent.access.get(self._key) if consent is not None else None
        if kept is not None and kept.is_fresh(self._clock()):
            self._tokens.adopt(self._key, kept)

    def _consent(self) -> Consent:
        return self._tokens.consent(self._grant) or Consent()

    def _current(self) -> SecretStr | None:
        return self._consent().refresh_token or self._first

    def _grant_params(self) -> dict[str, str]:
        current = self._current()
        if current is None:
            raise AuthFailure(self._missing, FailureKind.AUTH, needs_consent=True)
        return {**self._params, "refresh_token": current.get_secret_value()}

    def _grant_secrets(self) -> frozenset[str]:
        tokens = (token for token in (self._first, self._current()) if token is not None)
        return super()._grant_secrets().union(*(spellings(token.get_secret_value()) for token in tokens))

    def _accept(self, response: Response) -> None:
        consent, result = self._outcome(response)
        with _as_failures(result):
            if consent is not None:
                self._tokens.store.keep(self._grant, consent)
        self._conclude(consent, result)

    async def _accept_soon(self, response: Response) -> None:
        consent, result = self._outcome(response)
        with _as_failures(result):
            if consent is not None:
                await self._tokens.store.off_loop(self._tokens.store.keep, self._grant, consent)
        self._conclude(consent, result)

    def _outcome(self, response: Response) -> tuple[Consent | None, Grant | AuthFailure]:
        """What to keep (None: nothing new), and what the answer was."""
        try:
            grant = self._granted(response)
        except AuthFailure as err:
            before = self._consent()
            if not err.needs_consent or before.refused_at is not None:
                return None, err
            return replace(before, refused_at=self._clock(), refused=err.message), err
        return self._next(grant), grant

    def _next(self, grant: Grant) -> Consent:
        before, now = self._consent(), grant.token.obtained_at
        rotated = grant.refresh_token is not None and grant.refresh_token != self._current()
        ends = now + grant.refresh_life if grant.refresh_life is not None else None
        others = {key: token for key, token in before.access.items() if token.expires_at > now}
        return replace(
            before,
            refresh_token=grant.refresh_token if rotated else before.refresh_token,
            refresh_obtained_at=now if rotated or ends is not None else before.refresh_obtained_at,
            refresh_expires_at=ends if rotated or ends is not None else before.refresh_expires_at,
            extended_by_use=_is_extended(before, replace(before, refresh_obtained_at=now, refresh_expires_at=ends)),
            access={**others, self._key: grant.token},
            refused_at=None,
            refused="",
        )

    def _conclude(self, consent: Consent | None, result: Grant | AuthFailure) -> None:
        if consent is not None:
            self._tokens.see(self._grant, consent)
        if isinstance(result, AuthFailure):
            raise result
        self._tokens.put(self._key, result.token)


def _is_extended(before: Consent, now: Consent) -> bool:
    """Whether use moves the end on: by as much as time has passed, rather than not at all."""
    was, ends = before.refresh_expires_at, now.refresh_expires_at
    if was is None or ends is None or before.refresh_obtained_at is None or now.refresh_obtained_at is None:
        return before.extended_by_use and ends is not None
    passed = now.refresh_obtained_at - before.refresh_obtained_at
    return ends - was > passed / 2 if passed >= _TOO_SOON else before.extended_by_use


@contextmanager
def _as_failures(instead: object = None) -> Iterator[None]:
    """A store that cannot be used is a failure of ours, unless there is one of the vendor's to tell of."""
    with suppress(TokenStoreError) if isinstance(instead, AuthFailure) else _raised():
        yield


@contextmanager
def _raised() -> Iterator[None]:
    try:
        yield
    except TokenStoreError as err:
        raise AuthFailure(str(err), FailureKind.INTERNAL) from err
