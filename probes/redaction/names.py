"""Names of headers, parameters and JSON fields that say what their value is."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

REDACTED: Final = "[redacted]"
PERSONAL: Final = "[personal]"

_SECRET_WORDS: Final = (
    "secret", "password", "passwd", "passphrase", "apikey", "authorization", "cookie", "credential", "privatekey",
    "signature", "accesstoken", "refreshtoken", "idtoken", "authtoken", "sessionid", "assertion", "clientkey",
)  # fmt: skip
_SECRET_NAMES: Final = frozenset(
    {"token", "auth", "key", "pwd", "pass", "session", "jwt", "sid", "otp", "pin", "hapikey", "sig", "bearer", "dpop"}
)
_PERSONAL_WORDS: Final = (
    "email", "phone", "firstname", "lastname", "middlename", "fullname", "surname", "birth", "address", "street",
    "postcode", "postalcode", "zipcode", "passport", "iban", "cardnumber", "socialsecurity", "taxid", "username",
)  # fmt: skip
_PERSONAL_NAMES: Final = frozenset(
    {
        "mobile", "fax", "dob", "age", "gender", "ssn", "zip", "city", "line1", "line2", "lat", "lng", "latitude",
        "longitude", "displayname", "givenname", "familyname", "em", "ph", "fn", "ln", "mail", "ip", "db", "ge",
    }
)  # fmt: skip
_PUBLIC: Final = frozenset(
    {
        "pagetoken", "nextpagetoken", "tokentype", "tokensperday", "tokensperhour", "emailscount", "addressid",
        "addresscount", "xcontentsignature",
    }
)  # fmt: skip
_NOT_LETTERS: Final = re.compile(r"[^a-z0-9]")


@lru_cache(maxsize=8192)
def mask_for(name: str) -> str | None:
    """What stands in place of a value of that name; None where the name says nothing of it."""
    bare = _NOT_LETTERS.sub("", name.lower()[:200])
    if bare in _PUBLIC:
        return None
    if bare in _SECRET_NAMES or bare.endswith("token") or any(word in bare for word in _SECRET_WORDS):
        return REDACTED
    if bare in _PERSONAL_NAMES or any(word in bare for word in _PERSONAL_WORDS):
        return PERSONAL
    return None
