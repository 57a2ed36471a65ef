"""What a token endpoint's answer means (RFC 6749 §5): a token, or an AuthFailure that says why not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import SecretStr

from probes.auth.model import AuthFailure, spellings
from probes.auth.tokens import Token
from probes.document import CorruptDocument, parse
from probes.http import Response
from probes.model import FailureKind
from probes.vendors.retry_after import parse_retry_after

LONGEST_LIFE_S: Final = 365 * 86400.0
REFRESH_LIVES: Final = ("refresh_token_expires_in", "refresh_expires_in", "x_refresh_token_expires_in")
REMEDIES: Final = {
    "invalid_grant": "the vendor does not grant this client a token of its own",
    "invalid_client": "client id or secret (or key) is wrong, expired or revoked",
    "unauthorized_client": "this client may not use this grant",
    "invalid_scope": "a scope is unknown or was not granted",
}
RE_CONSENT: Final = "re-consent needed, because the refresh token is expired, revoked or already used"
_LONGEST_WORDS: Final = 160
_READ: Final = 8 * 1024
"""Of longer words only so much is looked at: this runs on the loop that the probes are timed on."""
_OUTAGES: Final = frozenset({"server_error", "temporarily_unavailable"})
_DENIALS: Final = frozenset({400, 401, 403})


@dataclass(frozen=True, slots=True)
class Grant:
    """What came of a token request; `refresh_token` only where the vendor rotated it, `refresh_life` where it says."""

    token: Token
    refresh_token: SecretStr | None
    refresh_life: timedelta | None = None
    id_token: SecretStr | None = None


def read_grant(
    response: Response,
    now: datetime,
    *,
    grant_type: str,
    default_life: timedelta,
    secrets: Iterable[str],
    bound: bool = False,
) -> Grant:
    """The token in an answer that has been read; raises AuthFailure where there is none. `bound`: it has to be bound to
    our key (RFC 9449 §5)."""
    body = _json_object(response)
    error = _error(body)
    if response.status_code // 100 != 2 or error is not None:
        code, words = error if error is not None else ("", "")
        told = ": ".join(part for part in (code, words or _own_words(body)) if part)
        raise _refusal(response, code, _clean(told, secrets), now, grant_type)
    value = body.get("access_token")
    if not isinstance(value, str) or not value:
        names = f", which holds {_clean(', '.join(body), secrets)}" if body else ""
        raise AuthFailure(f"no token (HTTP {response.status_code}): none is in the answer{names}", FailureKind.BODY)
    if not value.isprintable():
        words = "its token holds a character that no request can carry"
        raise AuthFailure(f"no token (HTTP {response.status_code}): {words}", FailureKind.BODY)
    if bound and str(body.get("token_type", "")).lower() != "dpop":
        words = "the vendor ignores DPoP: its token is bound to no key; leave out `dpop`"
        raise AuthFailure(f"no token (HTTP {response.status_code}): {words}", FailureKind.AUTH)
    life = _life(body.get("expires_in"), default_life)
    token = Token(SecretStr(value), now, now + life)
    return Grant(token, _secret(body, "refresh_token"), _refresh_life(body), _secret(body, "id_token"))


def _secret(body: dict[str, Any], name: str) -> SecretStr | None:
    value = body.get(name)
    return SecretStr(value) if isinstance(value, str) and value and value.isprintable() else None


def _refresh_life(body: dict[str, Any]) -> timedelta | None:
    """No standard names it; these are what vendors call it. Zero is how some say that it has no end."""
    found = next((body[name] for name in REFRESH_LIVES if name in body), None)
    life = _life(found, timedelta(0))
    return life if life > timedelta(0) else None


def _json_object(response: Response) -> dict[str, Any]:
    try:
        body = parse(response.content)
    except CorruptDocument:
        return {}
    return body if isinstance(body, dict) else {}


def _life(expires_in: object, default: timedelta) -> timedelta:
    # Some vendors send the seconds as text; some, none at all.
    text = str(expires_in) if isinstance(expires_in, (int, float, str)) else ""
    if isinstance(expires_in, bool) or not re.fullmatch(r"\d{1,12}(\.\d+)?", text, re.ASCII):
        return default
    return timedelta(seconds=min(float(text), LONGEST_LIFE_S))


def _error(body: dict[str, Any]) -> tuple[str, str] | None:
    """(code, words), also where a vendor nests them as {"error": {"code": …, "message": …}}."""
    error = body.get("error")
    if isinstance(error, dict):
        code = error.get("code", error.get("type", "error"))
        return str(code), str(error.get("message", ""))
    if not error:
        return None
    return str(error), str(body.get("error_description", ""))


def _own_words(body: dict[str, Any]) -> str:
    """What a vendor says that does not keep to OAuth's names, such as HubSpot."""
    return ": ".join(body[name] for name in ("status", "message") if isinstance(body.get(name), str))


def _refusal(response: Response, code: str, told: str, now: datetime, grant_type: str) -> AuthFailure:
    kind = _kind(response.status_code, code)
    remedy = _remedy(code, grant_type) if kind is FailureKind.AUTH else ""
    words = "; ".join(part for part in (told, remedy) if part)
    message = f"no token (HTTP {response.status_code})" + (f": {words}" if words else "")
    wait = parse_retry_after(response.headers.get("retry-after", ""), now)
    retryable = kind in {FailureKind.THROTTLED, FailureKind.STATUS_5XX}
    return AuthFailure(message, kind, retryable=retryable, retry_after_s=wait, needs_consent=remedy == RE_CONSENT)


def _remedy(code: str, grant_type: str) -> str:
    return RE_CONSENT if (code, grant_type) == ("invalid_grant", "refresh_token") else REMEDIES.get(code, "")


def _kind(status: int, code: str) -> FailureKind:
    if status == 429 or code == "slow_down":
        return FailureKind.THROTTLED
    if status >= 500 or code in _OUTAGES:
        return FailureKind.STATUS_5XX
    if status in _DENIALS or code:
        return FailureKind.AUTH
    return FailureKind.STATUS_4XX if status >= 400 else FailureKind.PROTOCOL


def _clean(text: str, secrets: Iterable[str]) -> str:
    """Without secrets, as they are and as they are spelt in an address; one line, at most 160 characters."""
    text = text[:_READ]
    every = {spelling for secret in secrets for spelling in spellings(secret)}
    for spelling in sorted(every, key=len, reverse=True):
        text = text.replace(spelling, "•••")
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", text)[:_LONGEST_WORDS].strip()
