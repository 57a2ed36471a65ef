"""The wire: one HTTP exchange at a time, every phase stamped where it happens, every hostile answer bounded."""

from probes.transport.answered import Answered
from probes.transport.declared import transports
from probes.transport.failure import Partial, Phase, TransportFailure
from probes.transport.limits import Limits
from probes.transport.probe import ProbeTransport
from probes.transport.trust import Trust

__all__ = ["Answered", "Limits", "Partial", "Phase", "ProbeTransport", "TransportFailure", "Trust", "transports"]
