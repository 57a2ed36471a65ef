"""`alerts.yaml`: who hears of what, how sure we want to be before, and how loud."""

from __future__ import annotations

from pydantic import Field

from config.damping import Flapping, Storm
from config.declared import Declared, PluginSpec
from config.escalation import Escalation
from config.hours import ManyHours, ManyQuietHours
from config.maintenance import DeclaredSilence, Maintenance
from config.matching import Match
from config.rate import DeclaredRate
from config.reports import Reports
from config.rules import Rules
from config.scalars import Count, Duration, Name, Share
from config.self_test import SelfTest


class Channel(PluginSpec):
    """A named way of telling people; `kind` picks the sender."""

    name: Name = Field(description="What routes call it.")
    rate: DeclaredRate | None = Field(
        None, description="Never more messages than this, such as 60/min; the default depends on the kind."
    )
    self_test: bool = Field(True, description="Whether it is tested when `self_test` says so.")


class Route(Declared):
    """Which channels hear of which tier; the first route whose matchers all hold is used."""

    match: Match = Field(
        {},
        description="Property of the incident → value, pattern (`*`, `?`) or list; all must hold. Empty: everything.",
    )
    during: ManyHours = Field((), description="Hours of the week in which it is used. Default: always.")
    continues: bool = Field(False, alias="continue", description="Whether the routes after this one are looked at too.")
    urgent: tuple[Name, ...] = Field((), description="Channels for what cannot wait.")
    degraded: tuple[Name, ...] = Field((), description="Channels for what can wait till morning.")
    report: tuple[Name, ...] = Field((), description="Channels for what is over, and for the weekly review.")
    quiet_hours: ManyQuietHours | None = Field(
        None, description="Hours in which what can wait is not told. Default: those of `alerts.yaml`; []: none."
    )
    escalation: Name | None = Field(None, description="Who is told when nobody takes an urgent incident.")
    remind_every: Duration | None = Field(None, description="How often it is told that an incident is still open.")
    remind_acknowledged: bool = Field(False, description="Remind although somebody has it.")
    remind_changes: bool = Field(False, description="Remind of what is announced, for weeks, too.")


class Confirmation(Declared):
    """How sure we want to be before somebody is woken, and before it is called over."""

    failures: Count = Field(2, description="Consecutive failed runs that make a workflow down in a region.")
    recoveries: Count = Field(2, description="Consecutive good runs that end it.")
    quorum: Share = Field(
        0.5, description="More than this share of the reporting regions must agree.", validate_default=False
    )
    prober_silent_after: Duration = Field(
        "30s", validate_default=True, description="No word from a prober for this long is an alert."
    )
    min_bad_slices: Count = Field(
        3, description="Fewer bad slices than this in the long window never fire a burn alert."
    )


class Alerting(Declared):
    """`alerts.yaml`."""

    channels: tuple[Channel, ...] = Field((), description="Ways of telling people.")
    self_test: SelfTest = Field(SelfTest(), description="When channels prove that they still work.")
    next_channel_after: Duration = Field(
        "3m",
        validate_default=True,
        description="An urgent message that its channel has not taken for so long goes to the next one as well.",
    )
    escalations: tuple[Escalation, ...] = Field((), description="What happens when nobody acknowledges.")
    quiet_hours: ManyQuietHours = Field((), description="Hours in which what can wait is not told.")
    silences: tuple[DeclaredSilence, ...] = Field((), description="Incidents that need not be told for a while.")
    maintenance: tuple[Maintenance, ...] = Field((), description="Times at which things may break.")
    routes: tuple[Route, ...] = Field((), description="Who hears of what; the first that matches is used.")
    confirm: Confirmation = Field(Confirmation(), description="How sure to be before somebody is woken.")
    rules: Rules = Field({}, description="How single rules are set.")
    flapping: Flapping = Field(Flapping(), description="What is told of something that goes on and off.")
    storm: Storm = Field(Storm(), description="When many integrations that go down at once are one incident.")
    reports: Reports = Field(Reports(), description="Reports that come by themselves.")
