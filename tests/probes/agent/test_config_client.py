"""A prober follows the hub's configuration, and starts on the last good one while the hub is away."""

from __future__ import annotations

import json

import pytest

from config import compiled
from probes.agent.config_client import ConfigClient
from probes.agent.work import plan, replan


@pytest.fixture
def cache(settings):
    settings.data.mkdir(parents=True)
    return settings.file("config.json")


@pytest.fixture
def configs(client, cache, problems):
    return ConfigClient(client, cache, problems)


@pytest.fixture
def publish(hub, make_config):
    def one(version="v1", /, **changes):
        config = make_config(version, **changes)
        hub.document = {"version": version, "config": json.loads(compiled.dump(config))}
        return config

    return one


async def test_the_hubs_configuration_comes_as_the_hub_has_it(configs, publish):
    config = publish("v1")
    assert await configs.refresh() == config
    assert (configs.current, configs.version) == (config, "v1")


async def test_an_unchanged_configuration_is_not_sent_again(configs, publish, hub):
    publish("v1")
    await configs.refresh()
    assert await configs.refresh() is None
    assert hub.config_requests[1]["if-none-match"] == '"v1"'


async def test_a_changed_configuration_is_new(configs, publish):
    publish("v1")
    await configs.refresh()
    changed = publish("v2")
    assert await configs.refresh() == changed


async def test_a_prober_starts_on_what_it_knew_while_the_hub_is_away(configs, publish, client, cache, problems, hub):
    config = publish("v1")
    await configs.refresh()
    await hub.stop()
    restarted = ConfigClient(client, cache, problems)
    assert restarted.load_cached() == config
    assert await restarted.refresh() is None
    assert "cannot be reached" in problems.summary
    await hub.start()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"config": 7}', b'{"config": {"version": "v1"}}', b"\xff\xfe"], ids=repr
)
async def test_a_damaged_cache_is_as_good_as_none(configs, cache, content):
    cache.write_bytes(content)
    assert configs.load_cached() is None


async def test_no_cache_is_no_configuration(configs):
    assert configs.load_cached() is None


async def test_a_configuration_that_cannot_be_read_leaves_the_last_good_one(configs, publish, hub, problems):
    config = publish("v1")
    await configs.refresh()
    hub.document = {"version": "v2", "config": {"nonsense": True}}
    assert await configs.refresh() is None
    assert configs.current == config
    assert "cannot be read" in problems.summary
    publish("v3")
    await configs.refresh()
    assert problems.summary is None


async def test_the_cache_holds_references_and_no_secret(configs, publish, cache):
    publish("v1", auth={"kind": "bearer", "token": "${env:CRM_TOKEN}"})
    await configs.refresh()
    assert "${env:CRM_TOKEN}" in cache.read_text()


def test_a_missing_secret_keeps_only_its_own_integration_back(make_config):
    with_secret = make_config("v1", works={"crm/read": "60s"}, auth={"kind": "bearer", "token": "${env:CRM_TOKEN}"})
    without = make_config("v1", works={"ads/read": "60s", "ads/write": "60s"})
    both = with_secret.model_copy(update={"integrations": with_secret.integrations + without.integrations})
    planned = plan(both, "local", {})
    assert [str(key) for key in planned.works] == ["ads/read", "ads/write"]
    assert list(planned.unresolved) == ["crm"]
    assert "CRM_TOKEN" in planned.unresolved["crm"].reason
    assert len(plan(both, "local", {"CRM_TOKEN": "s3cret"}).works) == 3


def test_a_missing_secret_keeps_back_the_workflows_of_others_that_need_it(make_config):
    mail = make_config("v1", works={"mail/read": "60s"}, auth={"kind": "bearer", "token": "${env:MAIL_TOKEN}"})
    crm = make_config("v1", works={"crm/read": "60s", "crm/sync": "60s"}).integrations[0]
    sync = crm.workflows[1]
    across = sync.model_copy(update={"steps": (*sync.steps, sync.steps[0].model_copy(update={"integration": "mail"}))})
    crm = crm.model_copy(update={"workflows": (crm.workflows[0], across)})
    config = mail.model_copy(update={"integrations": (*mail.integrations, crm)})
    planned = plan(config, "local", {})
    assert [str(key) for key in planned.works] == ["crm/read"]
    assert list(planned.unresolved) == ["mail"]
    assert replan(planned, "local", {"MAIL_TOKEN": "s3cret"}) == plan(config, "local", {"MAIL_TOKEN": "s3cret"})
    assert len(replan(planned, "local", {"MAIL_TOKEN": "s3cret"}).works) == 3


def test_a_secret_that_came_later_leads_to_the_plan_as_if_it_had_been_there(make_config):
    config = make_config("v1", works={"crm/read": "60s", "crm/write": "1h"}, headers={"x": "${env:LATE}"})
    planned = plan(config, "local", {})
    assert replan(planned, "local", {}) == planned
    assert replan(planned, "local", {"LATE": "s3cret"}) == plan(config, "local", {"LATE": "s3cret"})


def test_another_regions_workflows_are_not_ours(make_config):
    assert plan(make_config(), "eu", {}).works == {}
