"""Private keys that sign JWTs: read from PEM or JWK, with the algorithm that fits them."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import Any, Final, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey
from pydantic import SecretStr

PrivateKey = RSAKey | ECKey | OKPKey
Algorithm = Literal["RS256", "PS256", "ES256", "ES384", "EdDSA"]

_BY_CURVE: Final[dict[str, tuple[Algorithm, ...]]] = {"P-256": ("ES256",), "P-384": ("ES384",), "Ed25519": ("EdDSA",)}
_RSA: Final[tuple[Algorithm, ...]] = ("RS256", "PS256")
_FEWEST_RSA_BITS: Final = 2048


class UnfitKey(ValueError):  # noqa: N818 - the configuration's, not the program's
    """A key that cannot sign. Says what it is and what would do; quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and the algorithm that it signs with; the repr shows neither."""

    key: PrivateKey
    algorithm: Algorithm
    kid: str | None

    def __repr__(self) -> str:
        return f"Signer({self.algorithm})"

    @property
    def public(self) -> dict[str, Any]:
        """The public half, as a JWK without a name."""
        return {name: value for name, value in self.key.as_dict(private=False).items() if name != "kid"}

    def sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """A signed JWT; `header` needs no `alg`."""
        if self.algorithm != "EdDSA":
            return self._signed(header, claims)
        with warnings.catch_warnings():
            # RFC 9864 prefers the name Ed25519, which few servers know yet.
            warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)
            return self._signed(header, claims)

    def _signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": self.algorithm, **header}, claims, self.key, algorithms=[self.algorithm])


def signer(secret: SecretStr, algorithm: Algorithm | None = None) -> Signer:
    """From PEM or JWK text; without an `algorithm` the usual one of such a key. Raises UnfitKey."""
    key = _imported(secret.get_secret_value())
    fitting = _fitting(key)
    if algorithm is not None and algorithm not in fitting:
        raise UnfitKey(f"{algorithm} does not go with this key; it can sign {' or '.join(fitting)}")
    named = key.as_dict(private=False).get("kid")
    return Signer(key, algorithm or fitting[0], named if isinstance(named, str) else None)


def _imported(text: str) -> PrivateKey:
    try:
        with warnings.catch_warnings():
            # A weak key is refused below, in our own words.
            warnings.simplefilter("ignore", SecurityWarning)
            key = _from_jwk(json.loads(text)) if text.lstrip().startswith("{") else _from_pem(text)
    except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError):
        # From None: a parser's message may quote what it could not read.
        raise UnfitKey("not a private key; give it unencrypted, as PEM or as a JWK") from None
    if key is None or not key.is_private:
        raise UnfitKey("not a private key of a kind that signs; use RSA, EC (P-256, P-384) or Ed25519")
    return key


def _from_jwk(jwk: Any) -> PrivateKey | None:
    kinds: dict[str, type[PrivateKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    kind = kinds.get(jwk["kty"])
    return kind.import_key(jwk) if kind is not None else None


def _from_pem(text: str) -> PrivateKey | None:
    match load_pem_private_key(text.encode(), None):
        case rsa.RSAPrivateKey():
            return RSAKey.import_key(text)
        case ec.EllipticCurvePrivateKey():
            return ECKey.import_key(text)
        case ed25519.Ed25519PrivateKey():
            return OKPKey.import_key(text)
    return None


def _fitting(key: PrivateKey) -> tuple[Algorithm, ...]:
    if isinstance(key, RSAKey):
        if key.private_key is not None and key.private_key.key_size < _FEWEST_RSA_BITS:
            raise UnfitKey(f"an RSA key of less than {_FEWEST_RSA_BITS} bits is too weak; make a new one")
        return _RSA
    fitting = _BY_CURVE.get(str(key.curve_name), ())
    if not fitting:
        raise UnfitKey(f"the curve {key.curve_name} is not supported; use P-256, P-384, Ed25519 or RSA")
    return fitting
