"""How an objective stood at any instant: its bad slices, what was promised, and which pairs of windows fired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics import slo
from metrics.hindsight.spells import Promises, Spells
from metrics.model import ObjectiveStatus, SliceCount
from metrics.store.buckets import epoch_ms
from metrics.store.from_runs.watched import Watched
from metrics.store.rollup.decided import Numbers

_MS: Final = timedelta(milliseconds=1)
_ANY: Final = datetime(2000, 1, 1).astimezone()
_FIELDS: Final = len(SliceCount._fields)
_BAD, _EXPECTED, _BAD_MS, _EXPECTED_MS = (
    SliceCount._fields.index(name) for name in ("bad", "expected", "bad_ms", "expected_ms")
)


@dataclass(frozen=True, slots=True)
class Promise:
    """One objective over the history. Of its budget nothing is told: only what burns, and how fast."""

    watched: Watched
    bad: Spells
    left_out: Spells
    """Slices that maintenance takes out of what was promised."""
    promises: Promises
    min_bad: int

    @property
    def lengths(self) -> tuple[int, ...]:
        """Of the long and the short window of each pair, milliseconds."""
        found = slo.windows(self.watched.objective, _ANY, self.watched.every, self.min_bad)
        return tuple(window.length // _MS for window in found[1:])

    def firing(self, at: Numbers) -> NDArray[np.bool_]:
        """By instant and pair."""
        return slo.firing_pairs(self.watched.objective, self._counts(at)[:, 1:], self.min_bad)

    def status(self, at: datetime) -> ObjectiveStatus:
        """What `objective_statuses` says of its burn at that instant."""
        one = self.watched
        windows = slo.windows(one.objective, at, one.every, self.min_bad)
        counts = self._counts(np.array([epoch_ms(at)], np.int64))
        found = slo.objective_statuses([(one.subject, one.objective)], windows, counts, self.min_bad)[0]
        status: ObjectiveStatus = found._replace(expected=0, coverage=None, budget_left=None, exhausted_in=None)
        return status._replace(pace_over=None)

    def changes(self) -> Numbers:
        """The instants at which another pair fires than right before."""
        candidates = np.unique(np.concatenate([np.zeros(0, np.int64), *self._candidates()]))
        if not len(candidates):
            return candidates
        firing = self.firing(candidates)
        before = np.vstack([np.zeros((1, firing.shape[1]), bool), firing[:-1]])
        changed: Numbers = candidates[(firing != before).any(axis=1)]
        return changed

    def _candidates(self) -> Iterator[Numbers]:
        """Where anything may change while something bad is in a short window: without that nothing fires."""
        lengths = self.lengths
        for long, short in zip(lengths[::2], lengths[1::2], strict=True):
            spans = _joined(np.maximum(self.bad.seen, self.bad.start), self.bad.start + short + 2)
            for window in (long, short):
                yield self.bad.changes(window)
                yield self.left_out.changes(window)
                yield self.promises.changes(window, spans)

    def _counts(self, at: Numbers) -> Numbers:
        """By instant, window and field; that of the budget is left empty."""
        counts = np.zeros((len(at), 1 + len(self.lengths), _FIELDS), np.int64)
        for place, window in enumerate(self.lengths, start=1):
            counts[:, place, _BAD], counts[:, place, _BAD_MS] = self.bad.within(at, window)
            promised, out = self.promises.within(at, window), self.left_out.within(at, window)
            counts[:, place, _EXPECTED] = promised[0] - out[0]
            counts[:, place, _EXPECTED_MS] = promised[1] - out[1]
        return counts


def _joined(starts: Numbers, ends: Numbers) -> list[tuple[int, int]]:
    """Spans that overlap as one, in order."""
    found: list[tuple[int, int]] = []
    order = np.argsort(starts, kind="stable")
    pairs: Sequence[tuple[int, int]] = list(zip(starts[order].tolist(), ends[order].tolist(), strict=True))
    for start, end in pairs:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif start <= end:
            found.append((start, end))
    return found
