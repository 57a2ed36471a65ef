"""What an evaluation would have said at any instant of stored history, and when it would have said something new."""

from metrics.hindsight.past import Past, Seen

__all__ = ["Past", "Seen"]
