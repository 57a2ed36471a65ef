"""Every credential as this machine knows it: what `leadline auth status` tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from config.model import Config, Integration
from config.secrets import UnresolvedReference
from probes.auth import TokenCache, authenticator_for
from probes.auth.life import WORDS, CredentialState, Standing, life_of, standing
from probes.auth.tokens import TokenStoreError
from probes.model import CredentialLife


@dataclass(frozen=True, slots=True)
class Known:
    """One integration's credential, judged at `now`. `account` is the person's who consented."""

    life: CredentialLife
    account: str
    standing: Standing
    now: datetime

    @property
    def is_well(self) -> bool:
        """Whether it needs nothing."""
        return self.standing.state is CredentialState.OK

    def line(self) -> str:
        """For a terminal: state, what it is, and everything that is known of its life."""
        return " · ".join(part for part in self._parts() if part)

    def _parts(self) -> Iterator[str]:
        life, standing = self.life, self.standing
        why = f" ({standing.reason}{_day(standing.at)})" if standing.reason else ""
        yield f"{life.integration}: {WORDS[standing.state]}{why}"
        yield f"{life.kind} {life.credential}" if life.credential != life.kind else life.kind
        yield f"account {self.account}" if self.account else ""
        yield f"consented {self._ago(life.enrolled_at)}" if life.enrolled_at else ""
        if life.rotated_on is not None:
            yield f"rotated {self._ago(datetime.combine(life.rotated_on, time(), UTC))}"
        yield f"rotation due{_day(life.rotate_due_at)}" if life.rotate_due_at else ""
        yield f"access token until {_minute(life.access_expires_at)}" if life.access_expires_at else ""
        if life.refresh_expires_at is not None:
            yield f"refresh token until{_day(life.refresh_expires_at)}{', moved on by use' * life.extended_by_use}"
        yield f"client certificate until{_day(life.certificate_expires_at)}" if life.certificate_expires_at else ""

    def _ago(self, at: datetime) -> str:
        return f"{max(0, (self.now - at).days)} d ago"

    def document(self) -> dict[str, Any]:
        """The same for a script; instants in ISO 8601, None where nothing is known."""
        life = self.life
        days = ("rotated_on", "rotate_due_at", "enrolled_at", "access_expires_at", "refresh_obtained_at")
        more = ("refresh_expires_at", "certificate_expires_at", "refused_at")
        found = {name: getattr(life, name) for name in (*days, *more)}
        return {
            "integration": life.integration,
            "method": life.kind,
            "credential": life.credential,
            "account": self.account or None,
            "state": self.standing.state.value,
            "reason": self.standing.reason,
            "remedy": self.standing.remedy,
            **{name: at.isoformat() if at is not None else None for name, at in found.items()},
            "extended_by_use": life.extended_by_use,
        }


def known_credentials(
    config: Config, environ: Mapping[str, str], tokens: TokenCache, clock: Callable[[], datetime]
) -> tuple[Known, ...]:
    """Every integration's that has one. What cannot be read is told as such."""
    return tuple(_known(one, environ, tokens, clock) for one in config.integrations if one.auth.kind != "none")


def _known(
    integration: Integration, environ: Mapping[str, str], tokens: TokenCache, clock: Callable[[], datetime]
) -> Known:
    life = life_of(integration, environ, tokens, clock)
    return Known(life, _account(integration, environ, tokens, clock), standing(life, clock()), clock())


def _account(
    integration: Integration, environ: Mapping[str, str], tokens: TokenCache, clock: Callable[[], datetime]
) -> str:
    try:
        return authenticator_for(integration.auth, environ, tokens=tokens, clock=clock).life().account
    except (UnresolvedReference, TokenStoreError, ValueError, KeyError):
        return ""  # `life_of` has said why.


def _day(at: datetime | None) -> str:
    return f" {at.astimezone(UTC):%Y-%m-%d}" if at is not None else ""


def _minute(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at is not None else ""
