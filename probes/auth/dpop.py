"""DPoP (RFC 9449): a token that only the holder of a key can use, and the proof of it on every request."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from joserfc.jwk import ECKey
from pydantic import SecretStr

from probes.auth.signing import Signer, signer
from probes.document import CorruptDocument, parse
from probes.http import Request, Response, origin

SCHEME: Final = "DPoP"
_USED: Final = "dpop_nonce"
"""Request extension: the nonce in its proof."""
_ERROR: Final = "use_dpop_nonce"
_NONCE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,1024}")
"""RFC 9449 §8.1: NQCHAR; and no longer than any server needs."""


@dataclass(frozen=True, slots=True)
class WantedKey:
    """The key to prove with as it is declared; None: a new one for each process."""

    secret: SecretStr | None = None
    reference: str = ""

    def identity(self) -> tuple[str, ...]:
        """What makes two keys differ, for a digest."""
        return (SCHEME, self.secret.get_secret_value() if self.secret is not None else "")


class ProofKey:
    """A key, and the nonces that servers gave for it. Lives as long as the process; its repr shows neither."""

    def __init__(self, wanted: WantedKey) -> None:
        """Raises UnfitKey."""
        secret = wanted.secret
        self._signer = signer(secret) if secret is not None else Signer(ECKey.generate_key("P-256"), "ES256", None)
        self._nonces: dict[tuple[str, str, int], str] = {}

    def prove(self, request: Request, now: datetime, token: str | None = None) -> None:
        """Put a proof on `request`, for this one use; `token` is the access token that goes with it."""
        claims: dict[str, Any] = {
            "jti": str(uuid4()),
            "htm": request.method,
            "htu": str(request.url.copy_with(query=None, fragment=None)),
            "iat": int(now.timestamp()),
        }
        if token is not None:
            digest = hashlib.sha256(token.encode("ascii", "replace")).digest()
            claims["ath"] = urlsafe_b64encode(digest).decode().rstrip("=")
        nonce = self._nonces.get(origin(request.url))
        if nonce is not None:
            claims["nonce"] = request.extensions[_USED] = nonce
        request.headers[SCHEME] = self._signer.sign({"typ": "dpop+jwt", "jwk": self._signer.public}, claims)

    def learn(self, request: Request, response: Response) -> bool:
        """Take in the nonce of an answer. True: it refuses the proof for want of that very nonce, so that the same
        request with a new proof can help. The body must have been read where it is a token endpoint's."""
        nonce = response.headers.get("DPoP-Nonce", "")
        if not _NONCE.fullmatch(nonce):
            return False
        self._nonces[origin(request.url)] = nonce
        # Against what this proof carried: another run may have learnt the new one meanwhile.
        return nonce != request.extensions.get(_USED) and _asks_for_nonce(response)


def _asks_for_nonce(response: Response) -> bool:
    if response.status_code == 401 and _ERROR in response.headers.get("WWW-Authenticate", ""):
        return True
    return response.status_code in (400, 401) and _error(response) == _ERROR


def _error(response: Response) -> object:
    try:
        body = parse(response.content)
    except CorruptDocument:
        return None
    return body.get("error") if isinstance(body, dict) else None
