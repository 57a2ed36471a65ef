"""docs/sandbox.md names everything that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.sandbox.faults import RECEIVER_FAULTS, VENDOR_FAULTS
from app.sandbox.receivers import RECEIVERS
from app.sandbox.vendors import VENDOR_SIMULATORS

DOCUMENT = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text()


@pytest.mark.parametrize("name", [*VENDOR_FAULTS, *RECEIVER_FAULTS, *RECEIVERS, *VENDOR_SIMULATORS])
def test_every_vendor_receiver_and_fault_has_a_row(name) -> None:
    assert f"\n| `{name}` |" in DOCUMENT
