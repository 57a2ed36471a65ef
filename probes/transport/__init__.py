"""The wire: one HTTP/1.1 exchange at a time, every phase stamped where it happens, every hostile answer bounded."""

from probes.transport.failure import Partial, Phase, TransportFailure
from probes.transport.limits import Limits
from probes.transport.probe import ProbeTransport

__all__ = ["Limits", "Partial", "Phase", "ProbeTransport", "TransportFailure"]
