"""What an assertion reads, and what one kind of assertion is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

from config.model import Expect
from probes.extraction import Extracted
from probes.http import Headers
from probes.model import Assertion, FailureKind


class Absent(Enum):
    """There is no such value; unlike None, which JSON can hold."""

    ABSENT = "absent"


_WIDE_TEXT: Final = 2 * 1024 * 1024

ABSENT: Final[Literal[Absent.ABSENT]] = Absent.ABSENT

NO_SUCH_PATH: Final = "no such path"


@dataclass(frozen=True, slots=True)
class Received:
    """An answer as assertions and captures read it. `document` is the parsed JSON, ABSENT where there is none; `url` is
    the address that was asked, `extracted` what patterns and XPaths found, `earlier` the headers of the redirects."""

    status: int
    headers: Headers
    body: bytes
    document: Any = ABSENT
    url: str = ""
    extracted: Extracted = field(default_factory=Extracted)
    earlier: tuple[Headers, ...] = ()

    @property
    def text(self) -> str:
        """The body as UTF-8 text, unreadable bytes replaced. Of one that is not plain ASCII the first 2 MiB."""
        # Four bytes a character are what such a text may take in memory.
        body = self.body if self.body.isascii() else self.body[:_WIDE_TEXT]
        return body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Expectation:
    """An `expect` with its templates rendered, beside `written`, the one that the operator wrote."""

    rendered: Expect
    written: Expect
    schema: Any = None


Check: TypeAlias = Callable[[Expectation, Received], Iterable[Assertion]]
"""Holds one part of the expectation against the answer; their texts are not redacted yet. Never raises."""


@dataclass(frozen=True, slots=True)
class AssertionKind:
    """A check and the kind of failure it means."""

    check: Check
    failure: FailureKind
