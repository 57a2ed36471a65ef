"""How a drill ended, as a line of the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HEADER: Final = (
    "| drill | pages expected | pages sent | repeated | all resolved | lost | s | |\n|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Outcome:
    """`repeated`: messages that a receiver got twice and has no key to drop. `lost`: messages neither accepted nor
    overtaken by a newer one, and incidents that nobody was told of."""

    drill: str
    expected: int
    pages: int
    repeated: int
    resolved: bool
    lost: int
    seconds: float
    note: str = ""
    repeats_allowed: int = 0

    @property
    def passed(self) -> bool:
        """Whether everything is as it should be."""
        return self.pages == self.expected and self.repeated <= self.repeats_allowed and self.resolved and not self.lost

    @property
    def line(self) -> str:
        """For the table."""
        mark = "✓" if self.passed else "**FAILED**"
        cells = (
            self.drill,
            self.expected,
            self.pages,
            self.repeated,
            "yes" if self.resolved else "no",
            self.lost,
            f"{self.seconds:.0f}",
            " ".join(filter(None, (mark, self.note))),
        )
        return f"| {' | '.join(str(cell) for cell in cells)} |"
