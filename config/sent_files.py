"""Files that steps send (`multipart: {part: {file: …}}`): read once each, and carried to the probers."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 256 * 1024
MAX_TOGETHER: Final = 2 * 1024 * 1024


class SentFiles:
    """The files below one configuration directory; `loaded` holds the good ones in base64 by the name a step uses."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._faults: dict[str, str | None] = {}
        self._together = 0
        self.loaded: dict[str, str] = {}

    def fault(self, name: str) -> str | None:
        """What is wrong with the file of that name, with the remedy; None when it can be sent."""
        if name not in self._faults:
            self._faults[name] = self._load(name)
        return self._faults[name]

    def _load(self, name: str) -> str | None:
        path = (self._root / name).resolve()
        if not path.is_relative_to(self._root):
            return f'"{name}" lies outside the configuration directory; move the file into it'
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return f'file "{name}" does not exist; it is looked up beside this file'
        except (OSError, ValueError) as err:
            return f'"{name}" cannot be read: {getattr(err, "strerror", None) or "not a path"}'
        self._together += len(content)
        if len(content) > MAX_BYTES:
            return f'"{name}" is larger than 256 KiB; a probe sends a small one'
        if self._together > MAX_TOGETHER:
            return f'with "{name}" the files to send are larger than 2 MiB together; send smaller ones'
        self.loaded[name] = base64.b64encode(content).decode("ascii")
        return None
