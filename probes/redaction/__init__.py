"""What may be shown of what was sent and received. On by default; there is no switch."""

from probes.redaction.redactor import Redactor, redactor_for

__all__ = ["Redactor", "redactor_for"]
