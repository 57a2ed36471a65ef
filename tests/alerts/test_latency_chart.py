"""The chart in a mail: the right series, the band it is held against, and words for who cannot see it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import numpy as np
import pytest
import structlog

from alerts.channels import build_sender
from alerts.channels.email import CHART, drawn
from alerts.latency_chart import latency_chart, milliseconds, series_of
from alerts.model import Action, Rule, Tier
from config.model import Channel
from metrics.baseline.series import Measure, Monitor, SeriesKey
from metrics.learning.band import Band, Normal
from metrics.store.learned.answers import JudgedBuckets

HOUR_MS = 3_600_000.0


def monitor(step: str = "create", region: str = "local", **more: Any) -> Monitor:
    known = {"integration": "hubspot", "workflow": "contact-roundtrip", "measure": Measure.TOTAL}
    return Monitor(SeriesKey(**{**known, "region": region, "subject": step, "bucket_s": 300, **more}), "UTC", 3.0, 0.0)


def normal(world: Any, *values: float, learned: bool = True) -> Normal:
    """A figure every five minutes up to T0, and the hours around it."""
    zero = world.T0.timestamp() * 1000
    t_ms = zero - np.arange(len(values))[::-1] * 300_000.0
    hours = (zero + np.array([-HOUR_MS, 0.0, HOUR_MS])) if learned else np.empty(0)
    band = Band(hours, np.full(len(hours), 110.0), np.full(len(hours), 180.0))
    nothing = Band(np.empty(0), np.empty(0), np.empty(0))
    return Normal(monitor(), JudgedBuckets(t_ms, np.array(values), np.zeros(len(values))), band, nothing)


def test_it_shows_the_step_and_region_that_fail(world: Any) -> None:
    there = [monitor("read"), monitor("create", "eu"), monitor("create"), monitor("create", measure=Measure.TTFB)]
    found = series_of(world.incident(), [*there, monitor(integration="github")])
    assert found == monitor("create")


@pytest.mark.parametrize("subject", ["region:eu", "changes:hubspot", "storm:vendors"])
def test_what_is_about_no_workflow_has_no_chart(world: Any, subject: str) -> None:
    assert series_of(world.incident(world.condition(subject=subject)), [monitor()]) is None
    assert series_of(world.incident(world.condition(workflow=None)), [monitor()]) is None


def test_the_band_ends_now_and_the_figures_are_told_in_words(world: Any) -> None:
    now = world.T0 + timedelta(minutes=4)
    chart = latency_chart(normal(world, 100.0, 120.0, 412.0), world.incident(), now)
    assert chart is not None
    (band,) = chart.bands
    assert band.t_ms[-1] == now.timestamp() * 1000
    assert chart.alt == (
        "Latency of contact-roundtrip, create from local: latest 412 ms, usual at this hour 110 ms, limit 180 ms;"
        " hours in UTC"
    )
    assert [span.label for span in chart.spans] == ["failing"]


def test_without_anything_learned_there_is_a_line_and_no_band(world: Any) -> None:
    chart = latency_chart(normal(world, 100.0, 120.0, learned=False), world.incident(), world.T0)
    assert chart is not None
    assert (chart.bands, len(chart.lines)) == ((), 1)
    assert "usual" not in chart.alt


@pytest.mark.parametrize("values", [(), (100.0,), (100.0, np.nan)], ids=["none", "one", "one and a gap"])
def test_without_two_figures_there_is_no_chart(world: Any, values: tuple[float, ...]) -> None:
    assert latency_chart(normal(world, *values), world.incident(), world.T0) is None


def test_what_is_slow_is_not_said_to_fail(world: Any) -> None:
    slow = world.incident(world.condition(rule=Rule.UNUSUAL))
    chart = latency_chart(normal(world, 100.0, 120.0), slow, world.T0)
    assert chart is not None
    assert chart.spans[0].label == "slow"


@pytest.mark.parametrize(("value", "text"), [(412.4, "412 ms"), (999.4, "999 ms"), (4210.0, "4.2 s")])
def test_latencies_read_well(value: float, text: str) -> None:
    assert milliseconds(value) == text


def email(client: Any, port: int, charts: Any) -> Any:
    options = {"kind": "email", "host": "127.0.0.1", "port": port, "starttls": False, "from_address": "l@example.com"}
    channel = Channel.model_validate({"name": "ops", "to": ["a@example.com"], **options})
    return build_sender(channel, {}, client, charts)


def pictures(mail: EmailMessage) -> list[tuple[str, bytes]]:
    found = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    return [(str(part["Content-ID"]), part.get_content()) for part in found]


async def test_a_mail_carries_the_picture_that_its_page_shows(world: Any, post_office: Any, client: Any) -> None:
    chart = latency_chart(normal(world, 100.0, 120.0, 412.0), world.incident(), world.T0)
    assert chart is not None

    async def charts(_: Any) -> Any:
        return chart

    await email(client, post_office.port, charts).send(world.notification())
    ((_, mail),) = post_office.mails
    ((cid, png),) = pictures(mail)
    assert cid == f"<{CHART}>"
    assert png == drawn(chart)
    assert f"cid:{CHART}" in mail.get_body(("html",)).get_content()
    assert chart.alt in mail.get_body(("plain",)).get_content()


@pytest.mark.parametrize("tier", [Tier.URGENT, Tier.REPORT])
async def test_without_a_chart_the_mail_has_no_picture(world: Any, post_office: Any, client: Any, tier: Tier) -> None:
    asked = []

    async def charts(notification: Any) -> Any:
        asked.append(notification)

    note = world.notification(Action.RESOLVE, tier=tier)
    await email(client, post_office.port, charts).send(note)
    ((_, mail),) = post_office.mails
    assert CHART not in [cid.strip("<>") for cid, _ in pictures(mail)]
    assert f"cid:{CHART}" not in mail.get_body(("html",)).get_content()
    assert bool(asked) is (tier is not Tier.REPORT)


async def test_a_chart_that_cannot_be_drawn_costs_the_picture_only(world: Any, post_office: Any, client: Any) -> None:
    whole = latency_chart(normal(world, 100.0, 120.0), world.incident(), world.T0)
    assert whole is not None
    uneven = replace(whole, lines=(replace(whole.lines[0], values=(1.0,)),))

    async def charts(_: Any) -> Any:
        return uneven

    with structlog.testing.capture_logs() as logged:
        await email(client, post_office.port, charts).send(world.notification())
    ((_, mail),) = post_office.mails
    assert pictures(mail) == []
    assert [line["event"] for line in logged] == ["email.no_picture"]
