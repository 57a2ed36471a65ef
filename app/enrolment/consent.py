"""One consent on its way: the address to open, and what the answer must hold to be believed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit, urlunsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from oauthlib.oauth2 import MismatchingStateError, OAuth2Error, WebApplicationClient

from app.enrolment.problem import EnrolmentError, told
from app.enrolment.provider import Provider

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key of the provider's; with a shared secret, whoever holds it could sign."""
LEEWAY_S: Final = 60
_ACCOUNT: Final = ("email", "preferred_username", "name", "sub")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for; state, nonce and verifier are for this once. Its repr shows none of them."""

    provider: Provider
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    verifier: str = field(default_factory=lambda: WebApplicationClient("").create_code_verifier(96), repr=False)

    @property
    def address(self) -> str:
        """The consent page, for a person's browser."""
        client = WebApplicationClient(self.client_id)
        challenge = client.create_code_challenge(self.verifier, "S256")
        parts = urlsplit(self.provider.authorization_url)
        # The library knows no loopback; whether http is allowed was decided when the address was checked.
        uri = client.prepare_request_uri(
            urlunsplit(parts._replace(scheme="https")),
            redirect_uri=self.redirect_uri,
            scope=list(self.scopes) or None,
            state=self.state,
            code_challenge=challenge,
            code_challenge_method="S256",
            **({"nonce": self.nonce} if self.wants_id_token else {}),
            **self.params,
        )
        return urlunsplit(urlsplit(str(uri))._replace(scheme=parts.scheme))

    @property
    def wants_id_token(self) -> bool:
        """Whether the provider is to say who consented."""
        return "openid" in self.scopes

    def code(self, query: str) -> str:
        """The code in the query that came back; raises EnrolmentError for a refusal, or for another log-in's answer."""
        try:
            found = WebApplicationClient(self.client_id).parse_request_uri_response(
                f"https://loopback/?{query}", state=self.state
            )
        except MismatchingStateError:
            raise EnrolmentError(
                "what came back is the answer to another log-in (its state differs); start again, and use the newest "
                "address only"
            ) from None
        except OAuth2Error as err:
            raise _refused(err) from None
        issuer = parse_qs(query).get("iss")
        if issuer and self.provider.issuer and issuer != [self.provider.issuer]:
            raise EnrolmentError(f"the answer came from {told(issuer[0])}, not from {self.provider.issuer}")
        return str(found["code"])

    def account(self, id_token: str, keys: KeySet, now: datetime) -> str:
        """Whose consent it is, by an id_token that holds."""
        return _account(self.claims(id_token, keys, now))

    def claims(self, id_token: str, keys: KeySet, now: datetime) -> Mapping[str, Any]:
        """What an id_token says that holds: signature, issuer, audience, expiry, nonce. Raises EnrolmentError."""
        claims = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.provider.issuer},
            aud={"essential": True, "value": self.client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": self.nonce},
        )
        try:
            found: dict[str, Any] = jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
            claims.validate(found)
        except (JoseError, ValueError) as err:
            # From None, and only its kind: the library's words may quote the token.
            raise EnrolmentError(f"the id_token is not to be trusted: {_short(err)}") from None
        if isinstance(found["aud"], list) and len(found["aud"]) > 1 and found.get("azp") != self.client_id:
            raise EnrolmentError("the id_token is not to be trusted: it was made for another client")
        return found


def _refused(err: OAuth2Error) -> EnrolmentError:
    words = told(": ".join(part for part in (err.error, err.description) if part))
    if err.error == "access_denied":
        return EnrolmentError(f"consent was denied ({words}); nothing was changed")
    return EnrolmentError(f"the consent page answered {words}; nothing was changed")


def _short(err: Exception) -> str:
    name = getattr(err, "error", "") or type(err).__name__
    claim = getattr(err, "claim", "")
    return told(f"{name} ({claim})" if claim else name)


def _account(claims: Mapping[str, Any]) -> str:
    return next((told(claims[name]) for name in _ACCOUNT if isinstance(claims.get(name), str) and claims[name]), "")
