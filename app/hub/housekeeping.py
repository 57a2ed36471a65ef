"""The hub's hourly round: forget what is too old, seal what is closed. It never stands in the way of measuring."""

from __future__ import annotations

import time

import structlog

from app.hub.state import HubState
from metrics.store.copies import drop_old_copies
from metrics.store.retention import forget_old
from metrics.store.sealing.rounds import drop_months, seal_closed

log = structlog.get_logger(__name__)


def housekeep_once(state: HubState) -> None:
    """One round, each part on its own; a failure is kept for `leadline doctor` until a round goes well."""
    try:
        _forget(state)
        _seal(state)
    except Exception as err:
        state.store_problem = f"{type(err).__name__}: {str(err).splitlines()[0]}" if str(err) else type(err).__name__
        raise
    state.store_problem = None


def _forget(state: HubState) -> None:
    retention, now = state.config.settings.retention, state.clock()
    gone = state.store.write(lambda con: forget_old(con, now, retention)).result()
    freed = drop_months(state.store, now, retention.raw)
    for copy in drop_old_copies(state.store.path, now) if state.store.path else ():
        log.info("hub.copy_dropped", file=copy.name)
    if gone or freed:
        log.info("hub.forgot", rows=gone, bytes_freed=freed)


def _seal(state: HubState) -> None:
    started = time.monotonic()
    delay = state.config.settings.retention.seal_after
    sealed = seal_closed(state.store, state.clock(), delay, stopping=state.stopping.is_set)
    if sealed.pieces or sealed.left:
        seconds = round(time.monotonic() - started, 1)
        log.info("hub.sealed", rows=sealed.rows, pieces=sealed.pieces, left=sealed.left, seconds=seconds)
