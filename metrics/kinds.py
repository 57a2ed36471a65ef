"""Which failure kinds make which error series, and which outcomes mean what."""

from __future__ import annotations

from typing import Final

from probes.model import FailureKind, Outcome

CLIENT_ERRORS: Final = frozenset({FailureKind.STATUS_4XX, FailureKind.AUTH})
SERVER_ERRORS: Final = frozenset({FailureKind.STATUS_5XX})
THROTTLED: Final = frozenset({FailureKind.THROTTLED})
NETWORK: Final = frozenset(
    {
        FailureKind.DNS,
        FailureKind.CONNECT,
        FailureKind.TLS,
        FailureKind.TIMEOUT,
        FailureKind.PROTOCOL,
        FailureKind.DEADLINE,
    }
)
CORRECTNESS: Final = frozenset(
    {
        FailureKind.BODY,
        FailureKind.VENDOR_ERROR,
        FailureKind.SCHEMA,
        FailureKind.ASSERTION,
        FailureKind.CAPTURE,
    }
)
OURS: Final = frozenset({FailureKind.INTERNAL, FailureKind.PROXY})
"""Failures on our own side: they say nothing about the vendor."""
GOOD: Final = frozenset({Outcome.PASSED, Outcome.UNSTABLE})
UNMEASURED: Final = frozenset({Outcome.SKIPPED, Outcome.TAINTED})
"""Outcomes that say nothing about the vendor."""
MAINTENANCE: Final = "maintenance"
"""How the reason begins of a run that was skipped because the operator had declared maintenance."""


def sql_list(names: frozenset[FailureKind] | frozenset[Outcome]) -> str:
    """The names as a SQL list, for an IN; they are constants of ours, never input."""
    return "(" + ", ".join(f"'{name.value}'" for name in sorted(names)) + ")"
