"""Where the hub's configuration comes from: a directory that is watched, and the last good state of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.errors import UserError
from app.wiring import load_config
from config.compiled import parse
from config.model import Config

Signature = tuple[tuple[str, int, int], ...]


def signature(directory: Path, leave_out: Path | None = None) -> Signature:
    """Names, sizes and modification times of what is in the directory: differs when anything was edited.

    Neither hidden files and folders nor `leave_out` count: `leadline up` in a directory keeps its own data there.
    """
    apart = leave_out.resolve() if leave_out is not None else None
    entries = []
    for folder, folders, files in os.walk(directory):
        place = Path(folder)
        folders[:] = [name for name in folders if not name.startswith(".") and (place / name).resolve() != apart]
        for path in (place / name for name in files if not name.startswith(".")):
            try:
                stat = path.stat()
            except OSError:
                continue  # An editor replaced it between listing and looking; the next look sees the new one.
            entries.append((str(path), stat.st_size, stat.st_mtime_ns))
    return tuple(sorted(entries))


@dataclass(slots=True)
class ConfigSource:
    """Reads the directory when it changed. `load` is `app.wiring.load_config` with the hub's environment."""

    directory: Path
    environ: Mapping[str, str]
    require_secrets: bool = True
    data: Path | None = None
    """The data directory, which may lie within; what changes there is no change of configuration."""
    _seen: Signature = ()

    def load(self) -> Config:
        """The configuration as it is on disk now; `UserError` with every problem."""
        self._seen = signature(self.directory, self.data)
        return load_config(self.directory, self.environ, require_secrets=self.require_secrets)

    def changed(self) -> bool:
        """Whether anything in the directory differs from when it was last loaded."""
        return signature(self.directory, self.data) != self._seen

    def first(self, last_good: Path) -> tuple[Config, str | None]:
        """The configuration to start with, and the problem with the newest one if an older one had to be taken."""
        try:
            return self.load(), None
        except UserError as err:
            earlier = _read_last_good(last_good)
            if earlier is None or earlier.root != self.directory.resolve():
                raise
            return earlier, str(err)


def _read_last_good(path: Path) -> Config | None:
    try:
        return parse(path.read_text())
    except (OSError, ValueError):
        return None


def reload_if_changed(source: ConfigSource, adopt: Callable[[Config], None], refuse: Callable[[str], None]) -> None:
    """Load a changed directory: `adopt` a good configuration, or `refuse` with the problems of a bad one."""
    if not source.changed():
        return
    try:
        adopt(source.load())
    except UserError as err:
        refuse(str(err))
