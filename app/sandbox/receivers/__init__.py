"""Every receiver of the sandbox. A new one is one file and one line here."""

from __future__ import annotations

from typing import Final

from app.sandbox.receiver import Receiver
from app.sandbox.receivers.alertmanager import Alertmanager
from app.sandbox.receivers.http_target import HttpTarget
from app.sandbox.receivers.pagerduty import PagerDuty
from app.sandbox.receivers.slack import Slack
from app.sandbox.receivers.smtp import Smtp
from app.sandbox.receivers.teams import Teams
from app.sandbox.receivers.twilio import Twilio

RECEIVERS: Final[dict[str, type[Receiver]]] = {
    "pagerduty": PagerDuty,
    "twilio": Twilio,
    "slack": Slack,
    "smtp": Smtp,
    "teams": Teams,
    "alertmanager": Alertmanager,
    "http": HttpTarget,
}
