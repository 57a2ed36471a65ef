"""Why an enrolment came to nothing."""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 200


class EnrolmentError(Exception):
    """What went wrong and what to do about it; holds no code and no token."""


def told(text: object) -> str:
    """A stranger's words as they may stand on a terminal: one line, short, without control characters."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", str(text))[:_LONGEST].strip()
