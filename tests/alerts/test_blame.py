"""Whose fault it looks like."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.blame import Witnesses, blame, witnesses
from alerts.model import Blame
from alerts.scene import Known, Scene
from alerts.status_pages.model import Health, Notice
from alerts.status_pages.standing import VendorStatus
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


def status(**more: Any) -> VendorStatus:
    known: dict[str, Any] = {
        "integration": "hubspot", "address": "https://status.example.com", "read_at": None, "problem": "",
        "indicator": Health.OPERATIONAL, "description": "", "exact": False, "notices": (),
    }  # fmt: skip
    return VendorStatus(**{**known, **more})


OUTAGE = Notice("i1", "API errors", "identified", Health.MAJOR_OUTAGE, datetime(2026, 11, 22, tzinfo=UTC),
                "https://status.example.com/i1", ("API",))  # fmt: skip
ON_THE_PAGE = status(indicator=Health.MAJOR_OUTAGE, notices=(OUTAGE,))
OF_OUR_COMPONENT = status(indicator=Health.MAJOR_OUTAGE, notices=(OUTAGE,), exact=True)


@pytest.mark.parametrize(
    ("kind", "seen", "whose"),
    [
        (K.STATUS_5XX, ON_THE_PAGE, Blame.VENDOR),
        (K.DEPENDENCY, ON_THE_PAGE, Blame.VENDOR),
        (K.AUTH, ON_THE_PAGE, Blame.CREDENTIAL),
        (K.AUTH, OF_OUR_COMPONENT, Blame.VENDOR),
        (K.STATUS_4XX, ON_THE_PAGE, Blame.OURS),
        (K.SCHEMA, OF_OUR_COMPONENT, Blame.VENDOR),
        (K.PROXY, OF_OUR_COMPONENT, Blame.OURS),
        (K.INTERNAL, OF_OUR_COMPONENT, Blame.PROBER),
    ],
)
def test_an_admitted_outage_is_the_vendors_unless_something_else_points_at_us(
    world: Any, kind: FailureKind, seen: VendorStatus, whose: Blame
) -> None:
    found, why = blame([world.region(failing=2, kind=kind)], [], Witnesses(status=seen))
    assert found is whose
    assert "admits “API errors” (identified, https://status.example.com/i1)" in why


def test_a_region_that_is_cut_off_is_the_network_even_while_the_vendor_admits_something(world: Any) -> None:
    failing, fine = [world.region(region="eu", failing=2, kind=K.TIMEOUT)], [world.region()]
    found, why = blame(failing, fine, Witnesses(status=ON_THE_PAGE))
    assert found is Blame.NETWORK
    assert why.startswith("timeout fails from eu only; it works from local; still, the vendor's status page admits")
    assert blame(failing, fine, Witnesses(status=OF_OUR_COMPONENT))[0] is Blame.VENDOR


def test_that_all_is_well_is_said_against_the_vendor_and_changes_nothing(world: Any) -> None:
    found, why = blame([world.region(failing=2)], [], Witnesses(status=status()))
    assert found is Blame.VENDOR
    assert why.endswith("seen from local; the vendor's status page says all is well")
    assert "status page" not in blame([world.region(failing=2, kind=K.AUTH)], [], Witnesses(status=status()))[1]


def test_a_page_that_tells_nothing_is_no_witness(world: Any) -> None:
    silent = Witnesses(status=status(indicator=Health.UNKNOWN))
    assert blame([world.region(failing=2)], [], silent) == blame([world.region(failing=2)], [])


def test_the_regions_that_work_and_the_vendors_other_accounts_are_named(world: Any) -> None:
    assert blame([world.region(region="eu", failing=2)], [world.region()])[1].endswith(
        "seen from eu; it works from local"
    )
    refused = [world.region(failing=2, kind=K.AUTH)]
    assert blame(refused, [], Witnesses(siblings=("hubspot-eu",)))[1].endswith(
        "credential, and takes that of hubspot-eu"
    )


def test_other_integrations_of_the_vendor_that_answer_from_there_are_found(world: Any) -> None:
    accounts = [world.integration(name, vendor="hubspot") for name in ("hubspot", "hubspot-eu")]
    config = world.config(*accounts, world.integration("other", vendor="generic"))
    failing = world.region(failing=2)
    seen = world.seen(
        0,
        world.workflow(failing),
        world.workflow(world.region(), name="hubspot-eu"),
        world.workflow(world.region(), name="other"),
    )
    found = witnesses(Scene.of(seen, config, Known()), accounts[0], [failing])
    assert (found.others_answer, found.siblings, found.status) == (True, ("hubspot-eu",), None)
