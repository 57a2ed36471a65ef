"""Teams, Alertmanager and the plain HTTP target refuse what the real ones refuse."""

from __future__ import annotations

import pytest

CARD = {"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "text": "down"}]}
ALERT = {"labels": {"alertname": "Down"}, "startsAt": "2026-11-22T03:00:00Z", "endsAt": "2036-11-22T03:00:00Z"}


def message(**card):
    content = {**CARD, **card}
    return {
        "type": "message",
        "summary": "s",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}],
    }


async def post(caller, variable, body, path=""):
    auth = ("leadline", caller.environ["ALERTMANAGER_PASSWORD"]) if variable == "ALERTMANAGER_URL" else None
    return await caller.http.post(caller.environ[variable] + path, json=body, auth=auth)


async def received(caller, name):
    return (await caller.http.get(f"{caller.sandbox.admin_url}/received/{name}")).json()


async def test_teams_shows_the_lines_of_a_card(caller) -> None:
    answer = await post(caller, "TEAMS_WEBHOOK_URL", message())
    assert (answer.status_code, answer.content) == (202, b"")
    (card,) = (await received(caller, "teams"))["now"]
    assert card["lines"] == ["down"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param({"text": "plain"}, "TriggerInputSchemaMismatch", id="no envelope"),
        pytest.param(message(type="MessageCard"), "'type' must be 'AdaptiveCard'", id="the old kind of card"),
        pytest.param(message(version="9.9"), "not supported", id="a version that is none"),
        pytest.param(message(body=[{"type": "TextBlock"}]), "Required property 'text'", id="a block without its text"),
        pytest.param(message(body=[{"type": "Marquee", "text": "x"}]), "Unknown element type", id="an unknown element"),
        pytest.param(message(actions=[{"type": "Action.OpenUrl", "url": "x"}]), "absolute address", id="a bad address"),
        pytest.param(message(body=[{"type": "TextBlock", "text": "x" * 29_000}]), "MessageSizeExceeded", id="too long"),
    ],
)
async def test_teams_refuses_a_bad_card(caller, body, problem) -> None:
    answer = await post(caller, "TEAMS_WEBHOOK_URL", body)
    assert answer.status_code == 400
    assert problem in answer.text


async def test_teams_refuses_another_signature(caller) -> None:
    url = caller.environ["TEAMS_WEBHOOK_URL"].partition("&sig=")[0] + "&sig=guessed"
    assert (await caller.http.post(url, json=message())).status_code == 401


async def test_alertmanager_keeps_one_alert_for_the_same_labels(caller) -> None:
    assert (await post(caller, "ALERTMANAGER_URL", [ALERT], "/api/v2/alerts")).status_code == 200
    over = {**ALERT, "endsAt": "2026-11-22T03:01:00Z"}
    await post(caller, "ALERTMANAGER_URL", [over], "/api/v2/alerts")
    (alert,) = (await received(caller, "alertmanager"))["now"]
    assert alert["state"] == "resolved"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param({"labels": {}}, "at least one label pair", id="no labels"),
        pytest.param({"labels": {"alertname": "x", "a-b": "c"}}, "invalid label set", id="a name with a dash"),
        pytest.param({"labels": {"alertname": 1}}, "invalid label set", id="a value that is no text"),
        pytest.param({"annotations": {"1st": "c"}}, "invalid annotations", id="an annotation with a digit first"),
        pytest.param({"endsAt": "2020-01-01T00:00:00Z"}, "start time must be before end", id="an end before its start"),
        pytest.param({"startsAt": "yesterday"}, "date-time", id="a time that is none"),
    ],
)
async def test_alertmanager_refuses_a_bad_alert(caller, change, problem) -> None:
    answer = await post(caller, "ALERTMANAGER_URL", [{**ALERT, **change}], "/api/v2/alerts")
    assert answer.status_code == 400
    assert problem in answer.text
    assert (await received(caller, "alertmanager"))["now"] == []


async def test_alertmanager_asks_for_the_password(caller) -> None:
    url = caller.environ["ALERTMANAGER_URL"] + "/api/v2/status"
    assert (await caller.http.get(url)).status_code == 401
    known = ("leadline", caller.environ["ALERTMANAGER_PASSWORD"])
    assert (await caller.http.get(url, auth=known)).status_code == 200


async def test_the_http_target_takes_what_comes_to_its_secret_path(caller) -> None:
    url = caller.environ["HTTP_TARGET_URL"]
    assert (await caller.http.post(url, json={"title": "down"})).status_code == 200
    assert (await caller.http.post(url + "x", json={})).status_code == 404
    assert [one["line"] for one in (await received(caller, "http"))["received"]] == ["down"]
