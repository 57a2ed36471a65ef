"""When each phase of one exchange ended, by `time.perf_counter`."""

from __future__ import annotations

from dataclasses import dataclass

from probes.model import Timings
from probes.transport.failure import Phase


@dataclass(slots=True)
class Stopwatch:
    """Stamps of one exchange in seconds; None where it has not happened.

    `greeted`, `secured`: the handshake's first message was handed over, its last one came. `ready`: the connection can
    take bytes.
    """

    started: float
    resolved: float | None = None
    connected: float | None = None
    greeted: float | None = None
    secured: float | None = None
    ready: float | None = None
    sent: float | None = None
    first_byte: float | None = None
    last_byte: float | None = None

    @property
    def timings(self) -> Timings:
        """The phases that ended."""
        return Timings(
            dns_ms=_ms(self.started, self.resolved),
            connect_ms=_ms(self.resolved, self.connected),
            tls_ms=_ms(self.greeted, self.secured),
            send_ms=_ms(self.ready, self.sent),
            wait_ms=_ms(self.sent, self.first_byte),
            ttfb_ms=_ms(self.started, self.first_byte),
            download_ms=_ms(self.first_byte, self.last_byte),
            total_ms=_ms(self.started, self.last_byte),
        )

    def phase(self, *, tls: bool) -> Phase:
        """What was going on last."""
        if self.ready is not None:
            return self._exchange_phase()
        if self.resolved is None:
            return Phase.DNS
        return Phase.TLS if tls and self.connected is not None else Phase.CONNECT

    def _exchange_phase(self) -> Phase:
        if self.first_byte is not None:
            return Phase.DOWNLOAD
        return Phase.SEND if self.sent is None else Phase.WAIT


def _ms(begin: float | None, end: float | None) -> float | None:
    # An answer can begin before the request is fully written; that wait is none, not negative.
    return max(0.0, (end - begin) * 1000) if begin is not None and end is not None else None
