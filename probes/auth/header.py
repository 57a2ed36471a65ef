"""A secret that is the same on every request: the base of basic, bearer and api_key."""

from __future__ import annotations

from collections.abc import Generator

from pydantic import SecretStr

from probes.auth.model import Authenticator
from probes.http import Request, Response


class HeaderAuthenticator(Authenticator):
    """Puts one fixed header on every request."""

    reads_answers = False

    def __init__(self, credential: str, name: str, value: SecretStr, secrets: frozenset[str]) -> None:
        super().__init__(credential)
        self._name = name
        self._value = value
        self._secrets = secrets

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """The request with the header; nothing else is ever sent."""
        request.headers[self._name] = self._value.get_secret_value()
        yield request

    def secret_texts(self) -> frozenset[str]:
        """The secret, alone and as it stands in the header."""
        return self._secrets | {self._value.get_secret_value()}
