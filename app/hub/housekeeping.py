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
    failed: list[Exception] = []
    for part in (_forget, _seal):
        try:
            part(state)
        except Exception as err:  # noqa: BLE001 - raised below, after the other part had its turn
            failed.append(err)
    if not failed:
        state.store_problem = None
        return
    said = str(failed[0]).splitlines()
    state.store_problem = ": ".join([type(failed[0]).__name__, *said[:1]])
    raise failed[0]


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
