"""Whose fault it looks like."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.blame import Witnesses, blame
from alerts.model import Blame
from probes.model import FailureKind

K = FailureKind


@pytest.mark.parametrize(
    ("kind", "whose"),
    [
        (K.AUTH, Blame.CREDENTIAL),
        (K.THROTTLED, Blame.QUOTA),
        (K.SCHEMA, Blame.VENDOR_CHANGE),
        (K.ASSERTION, Blame.VENDOR_CHANGE),
        (K.CAPTURE, Blame.VENDOR_CHANGE),
        (K.STATUS_4XX, Blame.OURS),
        (K.STATUS_5XX, Blame.VENDOR),
        (K.VENDOR_ERROR, Blame.VENDOR),
        (K.BODY, Blame.VENDOR),
        (K.TLS, Blame.VENDOR),
        (K.TIMEOUT, Blame.VENDOR),
        (K.PROXY, Blame.OURS),
        (K.INTERNAL, Blame.PROBER),
    ],
)
def test_the_kind_of_failure_points_at_somebody(world: Any, kind: FailureKind, whose: Blame) -> None:
    found, why = blame([world.region(failing=2, kind=kind)], [])
    assert found is whose
    assert why


@pytest.mark.parametrize("kind", list(FailureKind))
def test_every_kind_of_failure_has_its_sentence(world: Any, kind: FailureKind) -> None:
    assert blame([world.region(failing=2, kind=kind)], [])[1]


@pytest.mark.parametrize("kind", [K.DNS, K.CONNECT, K.TIMEOUT])
def test_what_fails_from_one_region_only_is_the_network(world: Any, kind: FailureKind) -> None:
    found, why = blame([world.region(region="eu", failing=2, kind=kind)], [world.region()])
    assert found is Blame.NETWORK
    assert why == f"{kind} fails from eu only; it works from local"


def test_a_503_from_one_region_only_is_still_the_vendors(world: Any) -> None:
    assert blame([world.region(region="eu", failing=2)], [world.region()])[0] is Blame.VENDOR


def test_the_most_common_kind_decides(world: Any) -> None:
    failing = [world.region(failing=2, kind=kind) for kind in (K.TIMEOUT, K.AUTH, K.AUTH)]
    assert blame(failing, [])[0] is Blame.CREDENTIAL


def test_other_integrations_that_answer_clear_the_network(world: Any) -> None:
    _, why = blame([world.region(failing=2, kind=K.CONNECT)], [], Witnesses(others_answer=True))
    assert why.endswith("while other integrations answer from there")


def test_an_unclassified_failure_accuses_nobody(world: Any) -> None:
    assert blame([world.region(failing=2, kind=None)], [])[0] is Blame.UNKNOWN
