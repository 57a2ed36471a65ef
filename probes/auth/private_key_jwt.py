"""`private_key_jwt`: an OAuth client that signs a statement of who it is (RFC 7523 §2.2) in place of a secret."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from joserfc.errors import JoseError
from pydantic import Field, SecretStr, field_validator

from config.declared import Declared
from config.scalars import Duration
from config.secrets import SecretRef, resolve
from probes.auth.client_auth import Client
from probes.auth.model import AuthFailure
from probes.auth.signing import Algorithm, UnfitKey, signer
from probes.model import FailureKind

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST: Final = timedelta(minutes=10)


class AssertionOptions(Declared):
    """The key that signs, and what the vendor wants to be told beside the usual."""

    key: SecretRef = Field(description="Private key, PEM or JWK, such as ${file:/run/secrets/client.pem}.")
    kid: str | None = Field(None, description="The key's name at the vendor; default: the JWK's own, or none.")
    algorithm: Algorithm | None = Field(None, description="Default: the usual one of such a key.")
    audience: str | None = Field(None, description="Whom it is meant for, such as the issuer; default: `token_url`.")
    lifetime: Duration = Field("60s", validate_default=True, description="How long it may be used; at most 10m.")
    header: dict[str, str] = Field({}, description="More of the JWT's header, such as `x5t#S256` for Microsoft.")

    @field_validator("lifetime")
    @classmethod
    def _short(cls, lifetime: timedelta) -> timedelta:
        if not timedelta(seconds=5) <= lifetime <= _LONGEST:
            raise ValueError("between 5s and 10m: it is made anew for each token request")
        return lifetime


@dataclass(frozen=True, slots=True)
class ClientWithKey(Client):
    """Signs a new assertion for each token request."""

    key: SecretStr
    key_reference: str
    kid: str | None
    algorithm: Algorithm | None
    audience: str | None
    lifetime: timedelta
    header: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, client_id: str, options: AssertionOptions, environ: Mapping[str, str]) -> ClientWithKey:
        """With its references resolved; raises UnresolvedReference."""
        return cls(
            client_id,
            key=options.key.reveal(environ),
            key_reference=str(options.key),
            kid=resolve(options.kid, environ) if options.kid is not None else None,
            algorithm=options.algorithm,
            audience=resolve(options.audience, environ) if options.audience is not None else None,
            lifetime=options.lifetime,
            header=tuple((name, resolve(value, environ)) for name, value in options.header.items()),
        )

    def fields(self, token_url: str, now: datetime) -> dict[str, str]:
        """Id and assertion; raises AuthFailure (INTERNAL) for a key or a header that cannot be signed with."""
        # The key is read here, not earlier: most runs find a token and need none.
        try:
            signing = signer(self.key, self.algorithm)
        except UnfitKey as err:
            raise AuthFailure(f"{self.key_reference}: {err}", FailureKind.INTERNAL) from None
        kid = self.kid or signing.kid
        issued = int(now.timestamp())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.audience or token_url,
            "jti": str(uuid4()),
            "iat": issued,
            "exp": issued + int(self.lifetime.total_seconds()),
        }
        try:
            assertion = signing.sign(dict(self.header) | ({"kid": kid} if kid else {}), claims)
        except (JoseError, ValueError) as err:
            # From None, and only its kind: the library's words may quote a value.
            words = f"`assertion.header` does not make a JWT ({type(err).__name__.removesuffix('Error')})"
            raise AuthFailure(words, FailureKind.INTERNAL) from None
        return {
            "client_id": self.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }

    def secret_texts(self) -> frozenset[str]:
        """The key."""
        return frozenset({self.key.get_secret_value()})

    def identity(self) -> tuple[str, ...]:
        """Id and key."""
        return (self.client_id, hashlib.sha256(self.key.get_secret_value().encode()).hexdigest())
