"""Keeps the hub's memory to what it uses: what a large look at the store took goes back to the system after it."""

from __future__ import annotations

import ctypes
from typing import Any, Final

import pyarrow as pa

GIVE_BACK_EVERY_S: Final = 30.0

# Parameters of glibc's mallopt, by their numbers in malloc.h.
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
_LARGE: Final = 1 << 20
"""Bytes. A block of a megabyte is mapped by itself and unmapped when it is freed; left to itself, glibc takes up to
32 MB from its arenas instead, and one small block above it keeps all of it."""
_ARENAS: Final = 2
"""One for each thread, up to eight for each core, is glibc's own choice: each keeps what was freed in it."""


def settle() -> None:
    """Sets the allocators up; once, before there are threads. Where the C library is another one, it stays as it is."""
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_ARENA_MAX, _ARENAS)
        libc.mallopt(_MMAP_THRESHOLD, _LARGE)


def give_back() -> None:
    """What is free amid what is used goes back, too: what Arrow keeps for the next answer, then the C library's."""
    pa.default_memory_pool().release_unused()
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


def _glibc() -> Any | None:
    try:
        libc = ctypes.CDLL(None)
        return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
    except OSError:
        return None
