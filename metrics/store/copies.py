"""A copy of the store's file as it was before its tables are changed, for the way back."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from metrics.store.failures import StoreUnavailable

KEPT_FOR: Final = timedelta(days=14)


def copies(store: Path) -> list[Path]:
    """The copies that are there, by name."""
    return sorted(store.parent.glob(f"{store.name}.before-[0-9][0-9][0-9][0-9]"))


def keep_copy(store: Path, version: int) -> Path:
    """Copies the file, which nobody may have open, to `….before-NNNN`; raises StoreUnavailable where it does not fit.

    A copy of that name that is there already was made before the same change, and stays.
    """
    copy = store.with_name(f"{store.name}.before-{version:04d}")
    if copy.exists():
        return copy
    size, free = store.stat().st_size, shutil.disk_usage(store.parent).free
    if free < 2 * size:
        raise StoreUnavailable(
            f"{store} needs newer tables, and there is no room for a copy of it before they are changed: "
            f"free {2 * size - free:,} bytes more on that disk"
        )
    draft = copy.with_name(copy.name + ".new")
    shutil.copyfile(store, draft)
    shutil.copymode(store, draft)
    draft.replace(copy)
    return copy


def drop_old_copies(store: Path, now: datetime) -> list[Path]:
    """Deletes copies that were made more than two weeks ago; which."""
    old = [copy for copy in copies(store) if now - datetime.fromtimestamp(copy.stat().st_mtime, UTC) > KEPT_FOR]
    for copy in old:
        copy.unlink(missing_ok=True)
    return old
