"""Cookies within one run, as a session log-in needs them: kept in memory, sent back to where they came from only."""

from __future__ import annotations

from typing import Final

from probes.http import Cookies, Headers, Request, Response, origin

MOST: Final = 50
"""Cookies of one origin; what it sets beyond that is not kept."""

LONGEST: Final = 4096


class CookieJar:
    """Owned by one run. A cookie goes back to the scheme, host and port that set it, whatever its Domain asks for."""

    def __init__(self) -> None:
        self._by_origin: dict[tuple[str, str, int], Cookies] = {}

    def put_on(self, request: Request) -> None:
        """Add the cookies that are due, unless the request brings its own."""
        cookies = self._by_origin.get(origin(request.url))
        if cookies is not None and "cookie" not in request.headers:
            cookies.set_cookie_header(request)

    def learn(self, request: Request, headers: Headers) -> None:
        """Keep what an answer sets."""
        lines = (line for line in headers.get_list("set-cookie") if len(line) <= LONGEST)
        # What is not ASCII could be kept but not sent back.
        fresh = [("Set-Cookie", line) for line in lines if line.isascii()]
        if not fresh:
            return
        cookies = self._by_origin.setdefault(origin(request.url), Cookies())
        if len(cookies) < MOST:
            cookies.extract_cookies(Response(200, headers=fresh[:MOST], request=request))


def set_by(headers: Headers, name: str) -> str | None:
    """The value that an answer gives a cookie; None where it sets none of that name."""
    found = None
    for line in headers.get_list("set-cookie"):
        key, equals, value = line.partition(";")[0].partition("=")
        if equals and key.strip() == name:
            found = value.strip().strip('"')
    return found
