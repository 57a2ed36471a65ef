"""How old a credential is, when it ends, and what that means for the people who own it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from config.model import Integration
from config.secrets import UnresolvedReference, resolve
from probes.auth import AUTH_METHODS, authenticator_for, credential_of
from probes.auth.model import AuthOptions, TokenLife
from probes.auth.mtls import certificate_end
from probes.auth.tokens import TokenCache, TokenStoreError
from probes.model import CredentialLife

SOON: Final = timedelta(days=14)
"""A change of secrets that needs another team takes a sprint."""


class CredentialState(StrEnum):
    """What a credential needs, worst first."""

    NOT_ENROLLED = "not_enrolled"
    RE_CONSENT = "re_consent"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    OVERDUE = "overdue"
    ENDS_SOON = "ends_soon"
    ROTATE_SOON = "rotate_soon"
    OK = "ok"


WORDS: Final = {
    CredentialState.NOT_ENROLLED: "not enrolled",
    CredentialState.RE_CONSENT: "re-consent needed",
    CredentialState.REFUSED: "refused",
    CredentialState.UNREADABLE: "not readable",
    CredentialState.OVERDUE: "overdue",
    CredentialState.ENDS_SOON: "ends soon",
    CredentialState.ROTATE_SOON: "rotate soon",
    CredentialState.OK: "ok",
}
DEAD: Final = frozenset({CredentialState.NOT_ENROLLED, CredentialState.RE_CONSENT})
"""Nothing but a person's consent gets it going again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A credential judged at an instant: `at` is since when it is so, or until when it is well; None if unknown."""

    state: CredentialState
    reason: str
    remedy: str = ""
    at: datetime | None = None


def standing(life: CredentialLife, now: datetime) -> Standing:
    """The worst that is true of it."""
    return next(found for judge in _JUDGES if (found := judge(life, now)) is not None)


def life_of(
    integration: Integration, environ: Mapping[str, str], tokens: TokenCache, clock: Callable[[], datetime]
) -> CredentialLife:
    """What this machine knows of the integration's credential. Never raises for what an operator can get wrong: that is
    told as `failure`. May read files."""
    spec = integration.auth
    blank = CredentialLife(integration.name, spec.kind, spec.kind)
    try:
        options = AUTH_METHODS[spec.kind].Options.model_validate(spec.options)
        blank = _rotation(replace(blank, credential=credential_of(spec, environ)), options)
        known = authenticator_for(spec, environ, tokens=tokens, clock=clock, integration=integration.name).life()
        certificate = integration.tls.client_certificate
        if options.shows_certificate and certificate is not None:
            known = replace(known, certificate_expires_at=certificate_end(resolve(certificate, environ)))
    except (UnresolvedReference, TokenStoreError) as err:
        return replace(blank, failure=str(err))
    except (ValueError, KeyError):
        # Refused when the configuration is loaded; a validation error may quote what it refuses.
        return replace(blank, failure="its options are not valid here; `leadline check` says why")
    return _known(blank, options, known)


def _rotation(life: CredentialLife, options: AuthOptions) -> CredentialLife:
    if options.rotated_on is None:
        return life
    began = datetime.combine(options.rotated_on, time(), UTC)
    due = began + options.rotate_every if options.rotate_every is not None else None
    return replace(life, rotated_on=options.rotated_on, rotate_due_at=due)


def _known(life: CredentialLife, options: AuthOptions, known: TokenLife) -> CredentialLife:
    due = life.rotate_due_at
    if due is None and options.rotate_every is not None and known.enrolled_at is not None:
        due = known.enrolled_at + options.rotate_every
    return replace(
        life,
        rotate_due_at=due,
        enrolled=known.enrolled,
        enrolled_at=known.enrolled_at,
        access_expires_at=known.access_expires_at,
        refresh_obtained_at=known.refresh_obtained_at,
        refresh_expires_at=known.refresh_expires_at,
        extended_by_use=known.extended_by_use,
        certificate_expires_at=known.certificate_expires_at,
        refused_at=known.refused_at,
        failed_at=known.refused_at,
        failure=known.refused or None,
    )


def _consent_needed(life: CredentialLife, now: datetime) -> Standing | None:
    remedy = _anew(life, _NEW_TOKEN)
    if life.enrolled is False:
        return Standing(CredentialState.NOT_ENROLLED, "nobody has consented yet", remedy)
    if life.refused_at is not None:
        return Standing(CredentialState.RE_CONSENT, life.failure or "the vendor refuses it", remedy, life.refused_at)
    ends = life.refresh_expires_at
    if ends is not None and ends <= now:
        return Standing(CredentialState.RE_CONSENT, "the refresh token has expired", remedy, ends)
    return None


def _anew(life: CredentialLife, otherwise: str) -> str:
    return f"leadline auth login {life.integration}" if life.enrolled is not None else otherwise


def _refused(life: CredentialLife, _: datetime) -> Standing | None:
    if life.failed_at is None or (life.last_ok_at is not None and life.last_ok_at >= life.failed_at):
        return None
    remedy = "check it at the vendor; a new one goes where the configuration refers to"
    return Standing(CredentialState.REFUSED, life.failure or "the vendor refuses it", remedy, life.failed_at)


def _unreadable(life: CredentialLife, _: datetime) -> Standing | None:
    if life.failed_at is not None or not life.failure:
        return None
    return Standing(CredentialState.UNREADABLE, life.failure, "mend that on the prober's machine")


def _ending(life: CredentialLife, now: datetime) -> Standing | None:
    ends = life.certificate_expires_at
    if ends is not None and ends - now <= SOON:
        over = ends <= now
        state = CredentialState.OVERDUE if over else CredentialState.ENDS_SOON
        words = "the client certificate has expired" if over else "the client certificate expires"
        return Standing(state, words, "put a new one where tls.client_certificate refers to", ends)
    ends = life.refresh_expires_at
    if ends is not None and ends - now <= _notice(life, ends):
        return Standing(CredentialState.ENDS_SOON, "the refresh token expires", _anew(life, _NEW_TOKEN), ends)
    return None


def _notice(life: CredentialLife, ends: datetime) -> timedelta:
    """How long before the end it is said: two weeks, but only the last quarter of a shorter life."""
    begun = life.refresh_obtained_at if life.extended_by_use else life.enrolled_at
    return min(SOON, (ends - begun) / 4) if begun is not None else SOON


def _rotating(life: CredentialLife, now: datetime) -> Standing | None:
    due = life.rotate_due_at
    if due is None or due - now > SOON:
        return None
    if due <= now:
        return Standing(CredentialState.OVERDUE, "its rotation is overdue", _anew(life, _ROTATE), due)
    return Standing(CredentialState.ROTATE_SOON, "its rotation is due", _anew(life, _ROTATE), due)


def _well(life: CredentialLife, _: datetime) -> Standing:
    known = (life.rotate_due_at, life.certificate_expires_at, None if life.extended_by_use else life.refresh_expires_at)
    until = min((one for one in known if one is not None), default=None)
    return Standing(CredentialState.OK, "", at=until)


_ROTATE: Final = "make a new secret at the vendor, put it where the configuration refers to, and set rotated_on"
_NEW_TOKEN: Final = "consent anew at the vendor, and put the new refresh token where the configuration refers to"  # noqa: S105
_JUDGES: Final[tuple[Callable[[CredentialLife, datetime], Standing | None], ...]] = (
    _consent_needed,
    _refused,
    _unreadable,
    _ending,
    _rotating,
    _well,
)
