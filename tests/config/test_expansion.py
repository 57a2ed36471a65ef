"""`for_each` writes out integrations and workflows, each with what is its own over what is shared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from config.compiled import dump, parse
from config.model import Config, Objective
from config.secrets import resolve_integration, secret_values

Loader = Callable[..., Config]

ACCOUNTS = """\
integration: crm
title: The CRM
base_url: https://api.example.com
auth: {kind: oauth2, token_url: "https://api.example.com/t", client: {id: probe, secret: "${env:TOKEN}"}}
headers: {Accept: application/json, X-Account: main}
flows: [leads, billing]
quota: {reserve: 20%, probe_budget: 1% of daily}
runbook: https://wiki.example.com
variables: {market: DE, list_id: "1"}
objectives:
  - {sli: availability, target: 99%}
for_each:
  - {name: eu}
  - name: us
    title: CRM of the US
    tier: critical
    base_url: https://us.example.com
    auth: {client: {id: us-probe}}
    headers: {X-Account: us}
    flows: [leads]
    quota: {reserve: 10%}
    runbook:
    variables: {market: US}
  - {name: spare, auth: {kind: bearer, token: "${env:SPARE}"}}
workflows:
  - name: read
    steps:
      - name: get
        request: {path: "/{{market}}/{{list_id}}"}
"""


@pytest.fixture
def environ() -> dict[str, str]:
    return {"TOKEN": "t0ken-of-the-crm", "SPARE": "sp4re-token", "TEST": "t3st-token"}


def test_every_item_is_an_integration_with_its_own_over_the_shared(load_files: Loader) -> None:
    config = load_files({"crm.yaml": ACCOUNTS})
    assert [one.name for one in config.integrations] == ["crm-eu", "crm-us", "crm-spare"]
    eu, us, spare = config.integrations
    assert (eu.title, us.title, spare.title) == ("The CRM (eu)", "CRM of the US", "The CRM (spare)")
    assert (eu.base_url, us.base_url) == ("https://api.example.com", "https://us.example.com")
    assert us.headers == {"Accept": "application/json", "X-Account": "us"}
    assert (us.variables, eu.variables["market"]) == ({"market": "US", "list_id": "1"}, "DE")
    assert (us.flows, eu.flows) == (("leads",), ("leads", "billing"))
    assert (us.quota.reserve, us.quota.probe_budget, us.runbook) == (0.1, "1% of daily", None)
    assert us.auth.options["client"] == {"id": "us-probe", "secret": "${env:TOKEN}"}
    assert (us.tier, eu.tier) == ("critical", "important")
    assert all(len(one.workflows) == len(one.objectives) == 1 and one.for_each == () for one in config.integrations)


def test_a_credential_of_another_kind_replaces_the_shared_one(load_files: Loader) -> None:
    spare = load_files({"crm.yaml": ACCOUNTS}).integrations[2]
    assert (spare.auth.kind, spare.auth.options) == ("bearer", {"token": "${env:SPARE}"})


def test_both_sides_of_a_vendor_stand_in_one_file(load_files: Loader) -> None:
    sides = ACCOUNTS.split("for_each:", maxsplit=1)[0] + (
        "for_each:\n"
        "  - {name: live}\n"
        '  - {name: test, environment: sandbox, auth: {client: {secret: "${env:TEST}"}}}\n'
        "workflows: [{name: read, steps: [{name: get, request: {path: /x}}]}]\n"
    )
    config = load_files({"crm.yaml": sides})
    assert [(one.name, one.environment) for one in config.integrations] == [
        ("crm-live", "production"),
        ("crm-test", "sandbox"),
    ]


MARKETS = """\
integration: shop
base_url: https://api.example.com
objectives:
  - {sli: availability, target: 99%}
  - {sli: latency, target: 95%, threshold: 1s, workflow: read}
  - {sli: availability, target: 90%, workflow: other}
workflows:
  - name: other
    steps: [{name: get, request: {path: /x}}]
  - name: read
    every: 60s
    variables: {market: de, size: "10"}
    for_each:
      - {name: us, variables: {market: us}, every: 5m, regions: [local]}
      - {name: de}
    steps:
      - name: get
        request: {path: "/{{market}}/{{size}}"}
"""


def test_every_item_of_a_workflow_is_a_workflow_with_the_objectives_on_it(load_files: Loader) -> None:
    shop = load_files({"shop.yaml": MARKETS}).integrations[0]
    assert [(one.name, one.every.total_seconds()) for one in shop.workflows] == [
        ("other", 60),
        ("read-us", 300),
        ("read-de", 60),
    ]
    assert [one.variables for one in shop.workflows[1:]] == [
        {"market": "us", "size": "10"},
        {"market": "de", "size": "10"},
    ]
    watched = [(one.sli.value, one.workflow) for one in shop.objectives]
    assert watched == [
        ("availability", None),
        ("latency", "read-us"),
        ("latency", "read-de"),
        ("availability", "other"),
    ]
    assert isinstance(shop.objectives[1], Objective)


def test_workflows_of_accounts_multiply(load_files: Loader) -> None:
    both = MARKETS.replace("workflows:\n", "for_each: [{name: a}, {name: b}]\nworkflows:\n", 1)
    config = load_files({"shop.yaml": both})
    names = [(one.name, [workflow.name for workflow in one.workflows]) for one in config.integrations]
    assert names == [("shop-a", ["other", "read-us", "read-de"]), ("shop-b", ["other", "read-us", "read-de"])]


def test_defaults_lie_under_every_item(load_files: Loader) -> None:
    defaults = "environment: sandbox\nquota: {reserve: 50%}\n"
    config = load_files({"defaults.yaml": defaults, "crm.yaml": ACCOUNTS})
    assert {one.environment for one in config.integrations} == {"sandbox"}
    assert [one.quota.reserve for one in config.integrations] == [0.2, 0.1, 0.2]


def test_what_was_written_out_survives_the_way_to_the_prober(load_files: Loader) -> None:
    config = load_files({"crm.yaml": ACCOUNTS, "shop.yaml": MARKETS})
    assert parse(dump(config)) == config
    assert json.loads(dump(config))["integrations"][0]["for_each"] == []


EVERY_BODY = """\
integration: shop
base_url: https://api.example.com
variables: {key: "${env:TOKEN}", account: "${env:TEST}"}
workflows:
  - name: read
    namespaces: {o: "urn:o"}
    cookies: false
    steps:
      - name: form
        when: "{{ environment == 'production' }}"
        request:
          path: /x
          multipart:
            a: 1
            f: {filename: a.txt, content: "{{key}} ${env:SPARE}"}
            g: {filename: b.txt, file: files/b.txt}
          idempotency_key: true
      - name: ask
        when: false
        request: {path: /g, graphql: {query: "{ a }", variables: {n: 1}}}
        repeat: {cursor: after, next: $.data.next, max: 3, at_cap: stop}
      - name: soap
        request: {path: /s, xml: <a/>, soap_action: "urn:a"}
        expect: {xml: {//o:a: ok}}
        capture: {a: "xpath://o:a", b: "regex:(x)", c: "cookie:sid", d: status, e: url}
"""


def test_every_word_of_the_language_survives_the_way_to_the_prober(load_files: Loader, tmp_path: Path) -> None:
    files = {"shop.yaml": EVERY_BODY, "files/b.txt": "content of b"}
    config = load_files(files, root=tmp_path)
    assert parse(dump(config)) == config
    form, ask, soap = config.integrations[0].workflows[0].steps
    assert [step.request.method for step in (form, ask, soap)] == ["POST", "POST", "POST"]
    assert (form.when, ask.when) == ("{{ environment == 'production' }}", "false")
    assert config.files == {"files/b.txt": "Y29udGVudCBvZiBi"}


def test_a_file_to_send_changes_the_version(load_files: Loader, tmp_path: Path) -> None:
    first = load_files({"shop.yaml": EVERY_BODY, "files/b.txt": "1"}, root=tmp_path)
    second = load_files({"files/b.txt": "2"}, root=tmp_path)
    assert first.version != second.version


def test_a_large_file_is_refused(load_files: Loader, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r'"files/b.txt" is larger than 256 KiB'):
        load_files({"shop.yaml": EVERY_BODY, "files/b.txt": "x" * 300_000}, root=tmp_path)


def test_references_are_resolved_in_every_text_and_their_values_are_secrets(
    load_files: Loader, tmp_path: Path, environ: dict[str, str]
) -> None:
    declared = load_files({"shop.yaml": EVERY_BODY, "files/b.txt": "1"}, root=tmp_path).integrations[0]
    resolved = resolve_integration(declared, environ)
    part = (resolved.workflows[0].steps[0].request.multipart or {})["f"]
    assert not isinstance(part, str)
    assert (part.content, resolved.variables["key"]) == ("{{key}} sp4re-token", "t0ken-of-the-crm")
    assert secret_values(declared, environ) == set(environ.values())
    assert secret_values(resolved, environ) == set(environ.values())
