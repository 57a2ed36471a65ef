"""GitHub REST: 5,000 calls an hour in `x-ratelimit-*`; spent is a 403 with `x-ratelimit-remaining: 0`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any, ClassVar, Final

from app.sandbox.latency import LatencyProfile
from app.sandbox.limits import FixedWindow
from app.sandbox.messages import Request, Response, json_response
from app.sandbox.simulator import Route, Simulator, route

OWNER: Final = "leadline-demo"
REPOSITORY: Final = "storefront"
_SHA: Final = "6dcb09b5b57875f334f61aebed695e2e4193db5e"
_DOCS: Final = "https://docs.github.com/rest"


class GitHub(Simulator):
    """One repository, read-only; `/rate_limit` costs nothing."""

    name = "github"
    title = "GitHub"
    profile = LatencyProfile(
        base_ms=55, afternoon=0.35, weekend=0.4, noise=0.12, tail=0.004, timezone="UTC", peak_hour=16
    )
    credentials: ClassVar[Mapping[str, str]] = {"GITHUB_TOKEN": "ghp_{alnum:36}"}

    def __init__(self, secrets: Mapping[str, str], random: Random) -> None:
        super().__init__(secrets, random)
        self.core = FixedWindow(limit=5000, window=timedelta(hours=1))

    def routes(self) -> tuple[Route, ...]:
        return (
            route("GET", "/rate_limit", self._rate_limit),
            route("GET", "/repos/{owner}/{repository}", self._repository),
            route("GET", "/repos/{owner}/{repository}/branches/{branch}", self._branch),
            route("GET", "/repos/{owner}/{repository}/commits/{sha}/status", self._status),
        )

    def refusal(self, request: Request) -> Response | None:
        given = request.credential() or request.credential("token")
        if given != self.secret("TOKEN"):
            return self.denied(request)
        if request.path == "/rate_limit" or self.core.take(request.received_at):
            return None
        return self.throttled(request)

    def headers(self, request: Request) -> dict[str, str]:
        return {**self._limits(request, self.core.remaining(request.received_at)), **self._identity()}

    def fallen_forward(self) -> dict[str, str]:
        return {"X-GitHub-Api-Version-Selected": "2026-03-10"}

    def not_found(self, request: Request) -> Response:
        return self._error(404, "Not Found", _DOCS)

    def throttled(self, request: Request) -> Response:
        text = "API rate limit exceeded for user ID 583231. If you reach out to GitHub Support, include the request ID."
        refused = self._error(403, text, f"{_DOCS}/overview/rate-limits-for-the-rest-api")
        return refused.with_headers(self._limits(request, 0))

    def denied(self, request: Request) -> Response:
        return self._error(401, "Bad credentials", _DOCS)

    def grant_denied(self, request: Request) -> Response:
        return self.denied(request)

    def broken(self, request: Request) -> Response:
        text = "Server Error: Sorry, there was a problem with the response. Please contact us if the problem persists."
        return self._error(502, text, _DOCS)

    def _rate_limit(self, request: Request) -> Response:
        core = {
            "limit": self.core.limit,
            "used": self.core.used(request.received_at),
            "remaining": self.core.remaining(request.received_at),
            "reset": int(self.core.reset_at(request.received_at).timestamp()),
        }
        search = {"limit": 30, "used": 0, "remaining": 30, "reset": int(request.received_at.timestamp()) + 60}
        return json_response(200, {"resources": {"core": core, "search": search}, "rate": core})

    def _repository(self, request: Request, owner: str, repository: str) -> Response:
        if not _is_ours(owner, repository):
            return self.not_found(request)
        return json_response(
            200,
            {
                "id": 1296269,
                "node_id": "MDEwOlJlcG9zaXRvcnkxMjk2MjY5",
                "name": REPOSITORY,
                "full_name": f"{OWNER}/{REPOSITORY}",
                "private": True,
                "owner": {"login": OWNER, "id": 9919, "type": "Organization"},
                "default_branch": "main",
                "open_issues_count": 7,
                "archived": False,
                "disabled": False,
            },
        )

    def _branch(self, request: Request, owner: str, repository: str, branch: str) -> Response:
        if not _is_ours(owner, repository) or branch != "main":
            return self.not_found(request)
        commit = {"sha": _SHA, "url": f"https://api.github.com/repos/{OWNER}/{REPOSITORY}/commits/{_SHA}"}
        return json_response(200, {"name": branch, "commit": commit, "protected": True})

    def _status(self, request: Request, owner: str, repository: str, sha: str) -> Response:
        if not _is_ours(owner, repository) or sha != _SHA:
            return self.not_found(request)
        checks: list[dict[str, Any]] = [{"id": 1, "context": "ci/build", "state": "success"}]
        return json_response(200, {"state": "success", "statuses": checks, "sha": sha, "total_count": len(checks)})

    def _limits(self, request: Request, remaining: int) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(self.core.limit),
            "x-ratelimit-remaining": str(remaining),
            "x-ratelimit-used": str(self.core.limit - remaining),
            "x-ratelimit-reset": str(int(self.core.reset_at(request.received_at).timestamp())),
            "x-ratelimit-resource": "core",
        }

    def _error(self, status: int, message: str, documentation: str) -> Response:
        body = {"message": message, "documentation_url": documentation, "status": str(status)}
        return json_response(status, body, self._identity())

    def _identity(self) -> dict[str, str]:
        request_id = f"{self.hex(4)}:{self.hex(6)}:{self.hex(7)}:{self.hex(7)}:{self.hex(8)}".upper()
        return {"x-github-request-id": request_id, "x-github-media-type": "github.v3; format=json"}


def _is_ours(owner: str, repository: str) -> bool:
    return (owner, repository) == (OWNER, REPOSITORY)
