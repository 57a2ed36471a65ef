"""Slices that were bad, and from when to when anybody could know: what burn rates are at any instant. Exact.

Instants and lengths are whole milliseconds. A slice counts in a window of length L that ends at t when it begins in
t − L ≤ start < t and is known at t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from metrics.store.rollup.decided import Numbers
from metrics.store.schedule import Segment

NEVER: Final = 1 << 60
"""Later than any instant."""


@dataclass(frozen=True)
class Spells:
    """Slices: when each begins, how long it is, from when on it is known, and until when that stands."""

    start: Numbers
    length: Numbers
    seen: Numbers
    gone: Numbers

    @classmethod
    def joined(cls, parts: Sequence[Spells]) -> Spells:
        """All of them."""
        nothing = np.zeros(0, np.int64)
        columns = ("start", "length", "seen", "gone")
        return cls(*(np.concatenate([nothing, *(getattr(one, name) for one in parts)]) for name in columns))

    def within(self, at: Numbers, window: int) -> tuple[Numbers, Numbers]:
        """How many are in the window that ends at each of those instants, and how long they are together."""
        count, length = np.zeros(len(at), np.int64), np.zeros(len(at), np.int64)
        for sign, (edges, running) in zip((1, -1, -1, 1), self._edges(window), strict=True):
            place = np.searchsorted(edges, at, "right")
            count += sign * place
            length += sign * running[place]
        return count, length

    def changes(self, window: int) -> Numbers:
        """The instants at which `within` may say something else."""
        return np.unique(np.concatenate([edges for edges, _ in self._edges(window)]))

    def _edges(self, window: int) -> list[tuple[Numbers, Numbers]]:
        """In: known and begun. Out of the window. Known no more, inside it and outside."""
        if window not in self._kept:
            after, out = self.start + 1, self.start + window + 1
            self._kept[window] = [
                self._sorted(np.maximum(self.seen, after)),
                self._sorted(np.maximum(self.seen, out)),
                self._sorted(np.maximum(self.gone, after)),
                self._sorted(np.maximum(self.gone, out)),
            ]
        return self._kept[window]

    @cached_property
    def _kept(self) -> dict[int, list[tuple[Numbers, Numbers]]]:
        return {}

    def _sorted(self, instants: Numbers) -> tuple[Numbers, Numbers]:
        """In order, and how long all before each are together."""
        order = np.argsort(instants, kind="stable")
        running = np.zeros(len(order) + 1, np.int64)
        np.cumsum(self.length[order], out=running[1:])
        return instants[order], running


@dataclass(frozen=True, slots=True)
class Promises:
    """What schedules promise: slices from the first of each segment on, or slices of time from one instant on."""

    segments: tuple[Segment, ...]

    def within(self, at: Numbers, window: int) -> tuple[Numbers, Numbers]:
        """Slices that begin in the window that ends at each instant, and their milliseconds."""
        count, length = np.zeros(len(at), np.int64), np.zeros(len(at), np.int64)
        for segment in self.segments:
            low = np.maximum(at - window, segment.first_ms)
            high = at if segment.end_ms is None else np.minimum(at, segment.end_ms)
            slices = np.maximum(0, -(-high // segment.every_ms) - -(-low // segment.every_ms))
            count += slices
            length += slices * segment.every_ms
        return count, length

    def changes(self, window: int, spans: Sequence[tuple[int, int]]) -> Numbers:
        """Instants within those spans at which `within` may say something else.

        Where the window is a whole number of slices, one leaves it as another one enters: only while it fills, or
        where the interval changes, does anything change.
        """
        found = [np.zeros(0, np.int64)]
        for segment in self.segments:
            last = NEVER if segment.end_ms is None else segment.end_ms + window
            full = last if window % segment.every_ms else segment.first_ms + window
            stretches = [(segment.first_ms, full), *([] if segment.end_ms is None else [(segment.end_ms, last)])]
            for first, end in stretches:
                for a, b in spans:
                    found += _grid(max(a, first), min(b, end), segment.every_ms, window)
        return np.unique(np.concatenate(found))


def _grid(first: int, end: int, every: int, window: int) -> list[Numbers]:
    """One millisecond after slices begin, and after they leave the window."""
    if first > end:
        return []
    begun = np.arange(first // every * every, end + every, every) + 1
    return [begun, begun + window % every] if window % every else [begun]
