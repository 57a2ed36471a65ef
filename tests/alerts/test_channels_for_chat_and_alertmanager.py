"""Teams, Alertmanager and Apprise beyond the contract, each against a server that answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.channels import CHANNELS, Receipt, TransportError, build_sender
from alerts.channels.alertmanager import alerts
from alerts.channels.teams import message
from alerts.model import Action, Tier
from app.sandbox.receivers.adaptive_card import card_problem, texts
from app.sandbox.receivers.teams import MAX_BYTES
from config.model import Channel

YEAR = timedelta(days=365)


def channel(client: Any, environ: dict[str, str] | None = None, **options: Any) -> Any:
    return build_sender(Channel.model_validate({"name": "ops", **options}), environ or {"KEY": "k" * 32}, client)


async def refused(made: Any, notification: Any) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await made.send(notification)
    return caught.value


# Teams


def card(notification: Any) -> dict[str, Any]:
    found: dict[str, Any] = message(notification)["attachments"][0]["content"]
    return found


def test_a_card_says_what_broke_and_where_to_go(world: Any) -> None:
    shown = card(world.notification(page="https://leadline.example.com/incident/1"))
    lines = texts(shown["body"])
    assert lines[0] == "🔴 URGENT: HubSpot contact-roundtrip DOWN"
    assert "HubSpot contact-roundtrip DOWN: create → 503" in lines
    assert "Flows: lead-routing" in lines
    assert [action["title"] for action in shown["actions"]] == ["Incident page", "Dashboard", "Runbook"]


def test_the_end_looks_like_an_end(world: Any) -> None:
    shown = card(world.notification(Action.RESOLVE))
    assert shown["body"][0]["style"] == "good"
    assert texts(shown["body"])[0].startswith("✅ RESOLVED:")
    assert shown["fallbackText"].startswith("RESOLVED after 12 min")


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=300), count=st.integers(1, 60))
def test_whatever_a_vendor_says_the_card_is_valid_and_fits(world: Any, words: str, count: int) -> None:
    held = (world.condition(key=str(n), summary=words * 3, blame_reason=words * 5) for n in range(count))
    note = world.notification(incident=world.incident(*held, owner=words, flows=tuple(words[:50] for _ in range(20))))
    assert card_problem(card(note)) is None
    assert len(json.dumps(json.dumps(message(note), ensure_ascii=False), ensure_ascii=False).encode()) <= MAX_BYTES


def test_a_vendors_markdown_is_never_read_as_markdown(world: Any) -> None:
    note = world.notification(incident=world.incident(world.condition(summary="[log in](https://evil.example.com)")))
    shown = json.dumps(card(note)["body"])
    assert "[log in](https://evil.example.com)" in shown
    assert '"TextBlock"' not in shown  # Only text blocks and fact sets read Markdown.
    assert '"FactSet"' not in shown


@pytest.mark.parametrize(("status", "permanent"), [(413, True), (429, False), (500, False)])
async def test_an_error_inside_200_is_an_error(
    world: Any, desk: Any, client: Any, status: int, permanent: bool
) -> None:
    desk.answers(
        200, f"Webhook message delivery failed with error: Teams endpoint returned HTTP error {status} with Id"
    )
    made = channel(client, {"HOOK": f"{desk.url}/hook"}, kind="teams", webhook_url="${env:HOOK}")
    err = await refused(made, world.notification())
    assert (err.permanent, err.status) == (permanent, status)


# Alertmanager


def test_an_open_incident_is_an_alert_that_ends_far_ahead(world: Any) -> None:
    note = world.notification()
    (alert, quieter) = alerts(note, {"env": "prod"}, YEAR)
    assert alert["labels"] == {
        "alertname": "LeadlineIntegration", "severity": "critical", "source": "leadline", "subject": "hubspot",
        "integration": "hubspot", "incident": "20261122-030000-hubspot", "owner": "growth", "flows": "lead-routing",
        "env": "prod",
    }  # fmt: skip
    assert alert["startsAt"] == world.T0.isoformat()
    assert datetime.fromisoformat(alert["endsAt"]) == note.sent_at + YEAR
    assert alert["annotations"]["summary"].startswith("HubSpot contact-roundtrip DOWN 4 min")
    assert alert["annotations"]["runbook_url"] == "https://wiki.example.com/hubspot"
    assert (quieter["labels"]["severity"], quieter["endsAt"]) == ("warning", note.sent_at.isoformat())


def test_the_end_ends_the_alert_under_the_labels_it_began_with(world: Any) -> None:
    begun, over = (alerts(world.notification(action), {}, YEAR) for action in (Action.TRIGGER, Action.RESOLVE))
    assert [one["labels"] for one in over] == [one["labels"] for one in begun]
    assert {one["endsAt"] for one in over} == {(world.T0 + timedelta(minutes=12)).isoformat()}


def test_an_incident_that_is_degraded_only_is_one_warning(world: Any) -> None:
    (alert,) = alerts(world.notification(incident=world.incident(tier=Tier.DEGRADED)), {}, YEAR)
    assert alert["labels"]["severity"] == "warning"


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("changes:hubspot", "LeadlineChanges"), ("flow:leads", "LeadlineFlow"), ("region:eu", "LeadlineRegion"),
        ("prober:p1", "LeadlineProber"), ("channel:ops", "LeadlineChannel"), ("storm:vendors", "LeadlineStorm"),
    ],
)  # fmt: skip
def test_alerts_are_named_by_what_they_are_about(world: Any, subject: str, name: str) -> None:
    (alert, _) = alerts(world.notification(incident=world.incident(subject=subject)), {}, YEAR)
    assert alert["labels"]["alertname"] == name


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(since=st.integers(-500_000, 100), resolved=st.one_of(st.none(), st.integers(-1000, 500)))
def test_an_alert_never_ends_before_it_begins(world: Any, since: int, resolved: int | None) -> None:
    begin = world.T0 + timedelta(minutes=since)
    end = None if resolved is None else world.T0 + timedelta(minutes=resolved)
    note = world.notification(incident=world.incident(world.condition(since=begin), resolved_at=end))
    for alert in alerts(note, {}, YEAR):
        assert datetime.fromisoformat(alert["startsAt"]) <= datetime.fromisoformat(alert["endsAt"])


async def test_every_instance_gets_the_alert_and_a_retry_goes_to_the_missed_one_only(
    world: Any, desk: Any, client: Any
) -> None:
    desk.answer = lambda posted: (503, "", {}) if posted.path.startswith("/b/") else (200, "", {})
    made = channel(client, kind="alertmanager", urls=[f"{desk.url}/a", f"{desk.url}/b/api/v2/alerts"])
    note = world.notification()
    err = await refused(made, note)
    assert (err.permanent, sorted(p.path for p in desk.posted)) == (False, ["/a/api/v2/alerts", "/b/api/v2/alerts"])
    desk.posted.clear()
    desk.answers(200)
    assert isinstance(await made.send(replace(note, receipt=err.keep)), Receipt)
    assert [p.path for p in desk.posted] == ["/b/api/v2/alerts"]


@pytest.mark.parametrize(
    ("options", "header"),
    [
        ({"username": "u", "password": "${env:KEY}"}, "Basic dTpraw=="),
        ({"bearer_token": "${env:KEY}"}, "Bearer kk"),
        ({}, None),
    ],
)
async def test_alertmanager_is_asked_with_the_credential_it_wants(
    world: Any, desk: Any, client: Any, options: dict[str, str], header: str | None
) -> None:
    await channel(client, {"KEY": "kk"}, kind="alertmanager", urls=[desk.url], **options).send(world.notification())
    assert desk.posted[0].headers.get("authorization") == header


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"labels": {"a-b": "c"}}, "'a-b' is no name of a label"),
        ({"labels": {"severity": "c"}}, "severity is a label that Leadline gives itself"),
        ({"username": "u"}, "belong together"),
        ({"bearer_token": "${env:A}", "username": "u", "password": "${env:A}"}, "give either"),
        ({"urls": []}, "at least 1 item"),
    ],
)
def test_options_of_alertmanager_that_cannot_work_are_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        CHANNELS["alertmanager"].Options.model_validate({"urls": ["http://am:9093"], **options})


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://am.example.com:9093", "must be https"),
        ("https://u:secret-in-url@am.example.com", "hold a password"),
        ("ftp://127.0.0.1", "must be https"),
    ],
)
async def test_a_credential_travels_hidden(world: Any, client: Any, url: str, problem: str) -> None:
    made = channel(client, kind="alertmanager", urls=[url], bearer_token="${env:KEY}")
    err = await refused(made, world.notification())
    assert problem in str(err)
    assert "secret-in-url" not in str(err)


# Apprise


def apprise(client: Any, *urls: str) -> Any:
    environ = {f"URL{n}": url for n, url in enumerate(urls)}
    return channel(client, environ, kind="apprise", urls=[f"${{env:{name}}}" for name in environ])


async def test_apprise_tells_title_and_body(world: Any, desk: Any, client: Any) -> None:
    receipt = await apprise(client, desk.url.replace("http", "json")).send(world.notification())
    (posted,) = desk.posted
    assert posted.json["title"].startswith("HubSpot contact-roundtrip DOWN 4 min")
    assert "Runbook:" in posted.json["message"]
    assert posted.json["type"] == "failure"
    assert receipt.answer == "accepted by 1 service"


@pytest.mark.parametrize(("status", "permanent"), [(404, True), (401, True), (429, False), (500, False), (503, False)])
async def test_apprise_knows_what_is_for_good_where_its_service_names_a_status(
    world: Any, desk: Any, client: Any, status: int, permanent: bool
) -> None:
    desk.answers(status, "no")
    err = await refused(apprise(client, desk.url.replace("http", "json")), world.notification())
    assert (err.permanent, err.status, str(err)) == (permanent, status, f"apprise json: HTTP {status}")


async def test_apprise_repeats_only_what_failed(world: Any, desk: Any, client: Any) -> None:
    desk.answer = lambda posted: (503, "", {}) if posted.path == "/b" else (200, "", {})
    made = apprise(client, *(f"{desk.url.replace('http', 'json')}/{path}" for path in "ab"))
    err = await refused(made, world.notification())
    desk.posted.clear()
    desk.answers(200)
    await made.send(world.notification(receipt=err.keep))
    assert [posted.path for posted in desk.posted] == ["/b"]


async def test_an_address_that_apprise_does_not_understand_is_told_without_its_secret(world: Any, client: Any) -> None:
    for url in ("nosuchthing://t0ken-t0ken", "t0ken-t0ken"):
        err = await refused(apprise(client, url), world.notification())
        assert "its url 1 is none that Apprise understands" in str(err)
        assert "t0ken" not in str(err)
