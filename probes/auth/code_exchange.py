"""The last step of an enrolment: the code that came back from the consent page, for tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from pydantic import SecretStr

from probes.auth.model import spellings
from probes.auth.oauth2 import OAuthAuthenticator, TokenEndpoint
from probes.auth.token_answer import Grant
from probes.auth.tokens import TokenCache
from probes.http import Response


class CodeExchange(OAuthAuthenticator):
    """Drive its `auth_flow` until it yields the request that it was given: then `grant` is what came of the code.

    `params` are those of RFC 6749 §4.1.3, `secret_params` the ones that no message may show. Raises AuthFailure where
    the vendor refuses.
    """

    grant: Grant | None = None

    def __init__(
        self,
        endpoint: TokenEndpoint,
        params: Mapping[str, str],
        secret_params: Mapping[str, SecretStr],
        clock: Callable[[], datetime],
    ) -> None:
        revealed = {name: value.get_secret_value() for name, value in secret_params.items()}
        self._hidden = frozenset().union(*map(spellings, revealed.values()))
        super().__init__(
            "enrolment",
            endpoint,
            {**params, **revealed, "grant_type": "authorization_code"},
            scheme="Bearer",
            default_life=timedelta(hours=1),
            tokens=TokenCache(),
            clock=clock,
        )

    def _grant_secrets(self) -> frozenset[str]:
        return super()._grant_secrets() | self._hidden

    def _accept(self, response: Response) -> None:
        self.grant = self._granted(response)
        self._tokens.put(self._key, self.grant.token)
