"""No credential at all."""

from __future__ import annotations

from collections.abc import Mapping

from probes.auth.model import Authenticator, AuthOptions, BuildContext


class Options(AuthOptions):
    """Nothing but what every method has."""


class Anonymous(Authenticator):
    """Leaves requests alone."""

    reads_answers = False


def account(options: Options, environ: Mapping[str, str]) -> str:
    """There is none; all anonymous use of a vendor shares one quota."""
    return "anonymous"


def build(options: Options, context: BuildContext) -> Authenticator:
    """Sends requests as they are."""
    return Anonymous(context.credential)
