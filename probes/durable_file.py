"""Replacing a file so that a crash at any instant leaves the old content or the new, never neither."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

_Place = Callable[[Path, Path], object]


def replace_file(path: Path, content: bytes, *, replace: _Place = os.replace) -> None:
    """Write `content` for its owner's eyes only. On return it is on the disk; raises OSError, and then nothing has
    changed. `replace` puts the finished draft in place; with `os.link` an existing file wins (FileExistsError)."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Without it, the name may still lead to the old content after a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
