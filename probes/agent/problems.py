"""What keeps this prober from doing its work, in sentences for people; logged once per change."""

from __future__ import annotations

from typing import Final

import structlog

_LONGEST: Final = 2000

log = structlog.get_logger(__name__)


class Problems:
    """A board of named problems. A loop that fails a thousand times in the same way says so once."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def say(self, name: str, sentence: str) -> None:
        """This is wrong from now on; logged when it is new or reads differently. No secret belongs in it."""
        if self._said.get(name) != sentence:
            self._said[name] = sentence
            log.warning("problem", name=name, problem=sentence)

    def over(self, name: str) -> None:
        """That is no longer wrong; logged when it was."""
        if self._said.pop(name, None) is not None:
            log.info("problem_over", name=name)

    def __contains__(self, name: str) -> bool:
        return name in self._said

    @property
    def summary(self) -> str | None:
        """All of them in one line, or None."""
        return self.besides()

    def besides(self, *names: str) -> str | None:
        """All but these in one line, or None."""
        return "; ".join(self._said[name] for name in sorted(self._said) if name not in names)[:_LONGEST] or None
