"""Where the hub's configuration comes from: a directory that is watched, and the last good state of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.errors import UserError
from app.wiring import load_config
from config.compiled import parse
from config.model import Config

Signature = tuple[tuple[str, int, int], ...]


def signature(directory: Path) -> Signature:
    """Names, sizes and modification times of everything in the directory: differs when anything was edited."""
    entries = []
    for path in sorted(directory.rglob("*")):
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue  # An editor replaced it between listing and looking; the next look sees the new one.
        entries.append((str(path), stat.st_size, stat.st_mtime_ns))
    return tuple(entries)


@dataclass(slots=True)
class ConfigSource:
    """Reads the directory when it changed. `load` is `app.wiring.load_config` with the hub's environment."""

    directory: Path
    environ: Mapping[str, str]
    require_secrets: bool = True
    _seen: Signature = ()

    def load(self) -> Config:
        """The configuration as it is on disk now; `UserError` with every problem."""
        self._seen = signature(self.directory)
        return load_config(self.directory, self.environ, require_secrets=self.require_secrets)

    def changed(self) -> bool:
        """Whether anything in the directory differs from when it was last loaded."""
        return signature(self.directory) != self._seen

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
        config = source.load()
    except UserError as err:
        refuse(str(err))
        return
    adopt(config)
