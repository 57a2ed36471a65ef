"""The two cookies of sign-in, as strict as a browser knows them."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final

from starlette.responses import Response

_SESSION: Final = "leadline-session"
_UNDER_WAY: Final = "leadline-sign-in"


@dataclass(frozen=True, slots=True)
class Cookies:
    """`secure`: people reach the hub by https, so the cookies never go another way, nor to a neighbour's host."""

    secure: bool

    @property
    def session(self) -> str:
        """The name of the cookie that says who somebody is."""
        return self._named(_SESSION)

    @property
    def under_way(self) -> str:
        """The name of the cookie of a sign-in at a provider that is under way."""
        return self._named(_UNDER_WAY)

    def put(self, response: Response, name: str, value: str, lasts_s: int) -> None:
        """Give it to the browser. Lax: a link in a message to us carries it, a form elsewhere does not."""
        response.set_cookie(name, value, max_age=lasts_s, path="/", secure=self.secure, httponly=True, samesite="lax")

    def drop(self, response: Response, name: str) -> None:
        """Take it back."""
        response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="lax")

    def _named(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name


def cookie(header: str, name: str) -> str | None:
    """The value of that cookie in a `Cookie` header; None where it is not."""
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return found.value if found else None
