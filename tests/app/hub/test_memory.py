"""The hub's memory is what it uses."""

from __future__ import annotations

import subprocess
import sys

import pytest

_LARGE_THEN_SMALL = """
import resource, numpy as np
from app.hub import memory
memory.settle()
memory.settle()
rss = lambda: int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6
before, kept = rss(), []
for _ in range(40):
    large = np.ones(500_000)
    kept.append(np.ones(100))
    del large
blocks = [np.ones(500_000) for _ in range(40)]
most = rss()
del blocks
memory.give_back()
print(round(most - before), round(rss() - before))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_what_a_large_look_took_goes_back_to_the_system() -> None:
    told = subprocess.run([sys.executable, "-c", _LARGE_THEN_SMALL], capture_output=True, text=True, check=True).stdout
    most, after = told.split()
    assert int(most) > 150
    assert int(after) < 20
