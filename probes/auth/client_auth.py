"""How an OAuth client shows who it is at the token endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote_plus

from pydantic import SecretStr

from probes.auth.basic import basic_header
from probes.auth.model import spellings


@dataclass(frozen=True, slots=True)
class Client:
    """Says its name and proves nothing: a public client, or one that the connection's certificate speaks for."""

    client_id: str

    def fields(self, token_url: str, now: datetime) -> dict[str, str]:
        """What it adds to the form; made anew for each request."""
        return {"client_id": self.client_id}

    def headers(self) -> dict[str, str]:
        """What it adds to the headers."""
        return {}

    def secret_texts(self) -> frozenset[str]:
        """What must not be seen in evidence."""
        return frozenset()

    def identity(self) -> tuple[str, ...]:
        """Everything that makes it another client, secrets included: for a digest only."""
        return (self.client_id,)


@dataclass(frozen=True, slots=True)
class ClientWithSecret(Client):
    """`client_secret_post` (RFC 6749 §2.3.1): id and secret in the form."""

    secret: SecretStr

    def fields(self, token_url: str, now: datetime) -> dict[str, str]:
        """Id and secret."""
        return {"client_id": self.client_id, "client_secret": self.secret.get_secret_value()}

    def secret_texts(self) -> frozenset[str]:
        """The secret, as it is and as it is spelt in a form and in a header."""
        return spellings(self.secret.get_secret_value()) | {self._basic().removeprefix("Basic ")}

    def identity(self) -> tuple[str, ...]:
        """Id and secret: a rotated secret gets a token of its own."""
        return (self.client_id, self.secret.get_secret_value())

    def _basic(self) -> str:
        # RFC 6749 §2.3.1: both are form-encoded before they are joined.
        secret = quote_plus(self.secret.get_secret_value())
        return basic_header(quote_plus(self.client_id), secret).get_secret_value()


@dataclass(frozen=True, slots=True)
class ClientWithBasic(ClientWithSecret):
    """`client_secret_basic` (RFC 6749 §2.3.1): id and secret in a header."""

    def fields(self, token_url: str, now: datetime) -> dict[str, str]:
        """Nothing: both stand in the header."""
        return {}

    def headers(self) -> dict[str, str]:
        """`Authorization: Basic …`."""
        return {"Authorization": self._basic()}
