"""What an auth method is: its options, its authenticator and its failure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, ConfigDict, Field

from config.scalars import Duration, Name
from probes.auth.tokens import TokenCache
from probes.http import Auth, Request
from probes.model import Failure, FailureKind


class AuthOptions(BaseModel):
    """Options that every method has. Unknown keys are refused; values are never echoed in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    credential: Name | None = Field(
        None, description="Its name in quota and credential reports; default: a fingerprint."
    )
    rotate_every: Duration | None = Field(None, description="How long the secret may live before it must be rotated.")
    rotated_on: date | None = Field(None, description="The day of its last rotation.")

    @property
    def shows_certificate(self) -> bool:
        """Whether the connection's client certificate is part of the credential."""
        return False

    def warnings(self) -> Iterator[tuple[str, str]]:
        """(option, why it had better not be needed) of what works all the same."""
        yield from ()


class AuthFailure(Exception):  # noqa: N818 - a failure is data here; it becomes a Failure
    """The credential could not be turned into a usable request: where, what, and whether retrying helps.

    `kind` is AUTH for a credential that the vendor denies, THROTTLED, STATUS_4XX, STATUS_5XX, PROTOCOL or BODY for a
    token endpoint that answers otherwise. The message holds the vendor's error code and words, never a secret.
    `needs_consent`: only a person can mend it, by consenting anew.
    Transport errors are not wrapped: they pass through as they are.
    """

    def __init__(
        self,
        message: str,
        kind: FailureKind,
        *,
        retryable: bool = False,
        retry_after_s: float | None = None,
        needs_consent: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.needs_consent = needs_consent

    @property
    def failure(self) -> Failure:
        """The same as data, for the step named "token"."""
        return Failure(self.kind, self.message, self.retryable, self.retry_after_s)


@dataclass(frozen=True, slots=True)
class TokenLife:
    """What this machine knows of a credential's age and end; None where it knows nothing. Holds no secret."""

    access_expires_at: datetime | None = None
    refresh_obtained_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    extended_by_use: bool = False
    """Each use moves `refresh_expires_at` on."""
    enrolled: bool | None = None
    """Whether a person has consented; None where nobody has to."""
    enrolled_at: datetime | None = None
    account: str = ""
    """Whose it is; for this machine's own terminal only."""
    refused_at: datetime | None = None
    refused: str = ""
    """Why the vendor takes the consent no more."""
    certificate_expires_at: datetime | None = None
    """End of the client certificate that the credential consists of."""


class Authenticator(Auth):
    """Puts a credential on requests, as a generator without I/O: `auth_flow` yields requests and receives answers.

    `credential` is a stable label without a secret; quota readings carry it.
    """

    reads_answers = True
    """Whether `auth_flow` looks at the answer to the request that it was given; if not, it is not handed one."""

    least_token_s = 0.0
    """Time that a token request has in any case, whatever is left by the clocks of its step and workflow."""

    def __init__(self, credential: str) -> None:
        self.credential = credential

    def invalidate(self, request: Request | None = None) -> bool:
        """Drop the token that `request` carried (default: any), because the vendor rejected it.

        True: the next attempt will carry a fresh one, so that trying again can help. Nothing is sent from here: a
        second attempt is the runner's, and visible as such.
        """
        return False

    def secret_texts(self) -> frozenset[str]:
        """Every secret that this authenticator holds now, for the redaction of evidence."""
        return frozenset()

    def life(self) -> TokenLife:
        """How old the credential is and when it ends. May read a file; raises `TokenStoreError`."""
        return TokenLife()


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What a method needs beside its options."""

    environ: Mapping[str, str]
    credential: str
    clock: Callable[[], datetime]
    tokens: TokenCache
    integration: str = ""
    """Whose credential it is, for remedies that name it."""


class AuthMethod(Protocol):
    """One way of authenticating; a module of `probes.auth` gives one."""

    @property
    def Options(self) -> type[AuthOptions]:  # noqa: N802 - it is a class
        """The options model."""
        ...

    def account(self, options: Any, environ: Mapping[str, str]) -> str:
        """The non-secret text that tells one credential from another: a client id, a user, a reference."""
        ...

    def build(self, options: Any, context: BuildContext) -> Authenticator:
        """An authenticator with its references resolved; raises UnresolvedReference if one cannot be."""
        ...


def spellings(secret: str) -> frozenset[str]:
    """A secret as it is and as addresses and forms spell it: whatever of these is echoed must not be shown."""
    # Half a character is none that UTF-8 has, yet JSON and the environment can bring one.
    encoded = quote(secret, safe="", errors="surrogatepass"), quote_plus(secret, errors="surrogatepass")
    return frozenset({secret, *encoded}) - {""}


def fingerprint(kind: str, account: str) -> str:
    """`<kind>:<first 8 of sha256>`: stable, and tells nothing of the account."""
    return f"{kind}:{hashlib.sha256(account.encode()).hexdigest()[:8]}"
