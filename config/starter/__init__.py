"""What `leadline init DIR` writes: a commented set of files that loads as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from config import schema
from config.plugins import Plugins

FILES: Final = ("leadline.yaml", "defaults.yaml", "alerts.yaml", "example.yaml")
SCHEMAS: Final = ".schema"


class StarterError(Exception):
    """The starter set was not written; nothing was changed. The message says why, and what to do."""


def write_starter(directory: Path, plugins: Plugins | None = None) -> tuple[Path, ...]:
    """Writes the starter set and the editors' schemas into `directory`, made if need be; the YAML files written.

    Raises `StarterError` if one of the files exists, or the directory cannot be written.
    """
    existing = [name for name in FILES if (directory / name).exists()]
    if existing:
        files = ", ".join(str(directory / name) for name in existing)
        raise StarterError(f"already there, and left as it is: {files}; choose another directory, or remove it first")
    source = Path(__file__).parent
    written = []
    try:
        schema.write(directory / SCHEMAS, plugins or Plugins())
        for name in FILES:
            # x: never over a file that appeared in the meantime.
            with (directory / name).open("x", encoding="utf-8") as file:
                file.write((source / name).read_text(encoding="utf-8"))
            written.append(directory / name)
    except OSError as err:
        raise StarterError(f"{directory} cannot be written: {err.strerror}; choose another directory") from err
    return tuple(written)
