"""What people were told, as the receivers have it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import plain_http


@dataclass(frozen=True)
class Told:
    """One drill's worth of messages. A page is an incident at the pager: a trigger whose dedup key was not open."""

    pages: tuple[str, ...]
    """Dedup keys, one for each time that somebody was woken."""
    still_open: tuple[str, ...]
    triggers: int
    texts: tuple[str, ...]
    slack_messages: tuple[str, ...]
    """What each top-level message reads now."""
    mails: tuple[str, ...]

    def repeated(self) -> dict[str, int]:
        """How often a receiver got anew what it had already got, beyond what its dedup key takes back."""
        return {
            "pages": sum(count - 1 for count in Counter(self.pages).values()),
            "texts": sum(count - 1 for count in Counter(self.texts).values()),
            "mails": sum(count - 1 for count in Counter(self.mails).values()),
        }


class Receivers:
    """The sandbox's receivers, over its admin address."""

    def __init__(self, admin: str) -> None:
        self.admin = admin

    def told(self) -> Told:
        """Everything since `forget`."""
        pager, slack = self._received("pagerduty"), self._received("slack")
        incidents = [one for one in reversed(pager["now"]) if not one["dedup_key"].startswith("leadline/self-test")]
        return Told(
            pages=tuple(one["dedup_key"] for one in incidents),
            still_open=tuple(one["dedup_key"] for one in incidents if one["status"] != "resolved"),
            triggers=sum(one.get("event_action") == "trigger" for one in pager["received"]),
            texts=tuple(one["body"] for one in self._received("twilio")["received"]),
            slack_messages=tuple(one["text"] for one in slack["now"] if "thread_ts" not in one),
            mails=tuple(one["message_id"] for one in self._received("smtp")["received"]),
        )

    def forget(self) -> None:
        """Empties all of them."""
        for name in ("pagerduty", "twilio", "slack", "smtp"):
            plain_http.delete(f"{self.admin}/received/{name}", timeout=10).raise_for_status()

    def _received(self, name: str) -> dict[str, Any]:
        return dict(plain_http.get(f"{self.admin}/received/{name}", timeout=10).json())
