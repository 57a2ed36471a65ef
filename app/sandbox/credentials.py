"""Random credentials in the shapes that the vendors use, kept in the sandbox's directory across restarts."""

from __future__ import annotations

import json
import re
import secrets
import string
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.datadir import write_private

_PLACE: Final = re.compile(r"\{(\w+)(?::(\d+))?\}")
_ALPHABETS: Final = {
    "hex": "0123456789abcdef",
    "digits": "123456789",
    "alnum": string.ascii_letters + string.digits,
    "upper": string.ascii_uppercase + string.digits,
}


def make(shape: str) -> str:
    """`pk_{hex:34}` → `pk_` and 34 random hexadecimal digits. Also `{digits:n}`, `{alnum:n}`, `{upper:n}`, `{uuid}`."""

    def fill(place: re.Match[str]) -> str:
        kind, length = place.group(1), place.group(2)
        if kind == "uuid":
            return str(uuid.uuid4())
        return "".join(secrets.choice(_ALPHABETS[kind]) for _ in range(int(length)))

    return _PLACE.sub(fill, shape)


def keep(path: Path, shapes: Mapping[str, str]) -> dict[str, str]:
    """One value for each variable: that of the file where it has one, else a new one that the file then holds."""
    kept = read(path)
    values = {variable: kept.get(variable) or make(shape) for variable, shape in shapes.items()}
    if values != kept:
        write_private(path, json.dumps(values, indent=2))
    return values


def read(path: Path) -> dict[str, str]:
    """What the file holds; empty when it is missing or damaged."""
    try:
        kept = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in kept.items()} if isinstance(kept, dict) else {}
