"""What may be shown of what was sent and received. On by default; there is no switch."""

from probes.redaction.redactor import Redactor

__all__ = ["Redactor"]
