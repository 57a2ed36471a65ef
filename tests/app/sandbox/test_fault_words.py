"""Faults as people type them."""

from __future__ import annotations

import pytest

from app.sandbox.faults import RECEIVER_FAULTS, VENDOR_FAULTS, FaultError, FaultSwitches, parse, validate


@pytest.mark.parametrize(
    ("words", "faults"),
    [
        pytest.param(["throttle"], {"throttle": True}, id="a name alone switches on"),
        pytest.param(["error-rate=0.25"], {"error-rate": 0.25}, id="a share"),
        pytest.param(["latency=800"], {"latency": 800.0}, id="milliseconds"),
        pytest.param(["latency=800ms"], {"latency": 800.0}, id="milliseconds with their unit"),
        pytest.param(["latency=x3"], {"latency": "x3"}, id="a factor"),
        pytest.param(["throttle=off"], {"throttle": False}, id="off"),
        pytest.param(["reset=on", "slow-drip=50"], {"reset": True, "slow-drip": 50.0}, id="several"),
        pytest.param(["status=503", "down"], {"status": 503.0, "down": True}, id="faults of receivers"),
        pytest.param(["throttle=5"], {"throttle": 5.0}, id="throttle of a receiver takes seconds"),
    ],
)
def test_words_become_faults(words, faults) -> None:
    assert parse(words) == faults


@pytest.mark.parametrize(
    ("word", "message"),
    [
        pytest.param("explode", r"unknown fault 'explode'; valid: latency, error-rate, .*down", id="unknown"),
        pytest.param("error-rate=2", "error-rate takes a share from 0 to 1, not '2'", id="a share above 1"),
        pytest.param("error-rate=nan", "error-rate takes a share from 0 to 1, not 'nan'", id="not a number"),
        pytest.param("latency=fast", r"latency takes milliseconds .*or a factor \(latency=x3\), not 'fast'", id="word"),
        pytest.param("latency=x0", "latency takes milliseconds", id="a factor of nothing"),
        pytest.param("latency=-5", "latency takes milliseconds", id="negative"),
        pytest.param("reset=7", "reset takes no value; write the name alone, or =off, not '7'", id="a value too many"),
        pytest.param("status=200", "status takes a status from 400 to 599, not '200'", id="a status that is no error"),
    ],
)
def test_a_wrong_word_says_what_is_right(word, message) -> None:
    with pytest.raises(FaultError, match=message):
        parse([word])


@pytest.mark.parametrize("catalogue", [VENDOR_FAULTS, RECEIVER_FAULTS])
def test_every_fault_can_be_switched_on_by_its_name_alone_and_off(catalogue) -> None:
    switches = FaultSwitches(catalogue)
    switches.merge(parse(list(catalogue)))
    assert set(switches.active()) == set(catalogue)
    switches.merge(parse([f"{name}=off" for name in catalogue]))
    assert switches.active() == {}


def test_one_wrong_fault_changes_nothing() -> None:
    switches = FaultSwitches(VENDOR_FAULTS)
    with pytest.raises(FaultError):
        switches.merge({"reset": True, "error-rate": 9})
    assert switches.active() == {}


def test_a_vendor_does_not_know_the_faults_of_receivers() -> None:
    with pytest.raises(FaultError, match="unknown fault 'down'; valid: latency"):
        validate({"down": True}, VENDOR_FAULTS)
