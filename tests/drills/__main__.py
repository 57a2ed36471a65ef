"""`python -m tests.drills [NAME…]`: breaks everything that can break, counts what people were told, prints the table.

Nothing leaves loopback; what it starts it stops. Exit 1: a drill did not end as it should.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from tests.drills import injected, killed, real_time
from tests.drills.installation import installation
from tests.drills.outcome import HEADER, Outcome

KILLS: Final = 50
_KILLED: Final = f"hub killed at {KILLS} instants"


def outcomes(wanted: list[str]) -> Iterator[Outcome]:
    """Those whose name holds one of the words; all without any."""

    def meant(name: str) -> bool:
        return not wanted or any(word in name for word in wanted)

    for name, drill in {**injected.DRILLS, "judging and delivering killed": killed.drill}.items():
        if meant(name):
            yield from drill()
    in_real_time = {name: drill for name, drill in real_time.DRILLS.items() if meant(name)}
    if in_real_time:
        with tempfile.TemporaryDirectory() as folder, installation(Path(folder)) as found:
            for name, drill in in_real_time.items():
                yield real_time.run(found, name, drill)
    if meant(_KILLED):
        with tempfile.TemporaryDirectory() as folder, installation(Path(folder)) as found:
            hub = partial(real_time.hub_killed, kills=KILLS, random_of=random.Random(time.time_ns()))
            # A text or a Slack message that was taken in the instant before the kill is sent again.
            yield real_time.run(found, _KILLED, hub, repeats=KILLS)


def main(wanted: list[str]) -> int:
    """0 when every drill ended as it should."""
    print(HEADER, flush=True)
    passed = True
    for outcome in outcomes(wanted):
        print(outcome.line, flush=True)
        passed = passed and outcome.passed
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
