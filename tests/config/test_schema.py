"""The editors' schemas are fresh, and agree with what loads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from app.wiring import plugins as installed
from config import starter
from config.plugins import Plugins
from config.pydantic_errors import known_keys
from config.schema import schemas, text, write
from config.yaml_source import parse

COMMITTED = Path(__file__).parents[2] / "config" / "schema"
REMEDY = "write them anew: from app.wiring import plugins; config.schema.write(Path('config/schema'), plugins())"


def validator(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(schema)


def yaml(text: str) -> object:
    document, problems = parse(text, "x.yaml")
    assert problems == []
    return document.value


@pytest.mark.parametrize("name", ["integration", "alerts", "leadline", "defaults"])
def test_the_committed_schemas_are_fresh(name: str) -> None:
    file = f"{name}.schema.json"
    assert (COMMITTED / file).read_text(encoding="utf-8") == text(schemas(installed())[file]), REMEDY


def test_each_schema_is_a_valid_schema() -> None:
    for schema in schemas(installed()).values():
        jsonschema_rs.meta.validate(schema)


@pytest.mark.parametrize("name", starter.FILES)
def test_the_starter_set_fits_its_schemas(name: str) -> None:
    kind = {"example.yaml": "integration"}.get(name, name.removesuffix(".yaml"))
    made = schemas(installed())[f"{kind}.schema.json"]
    source = (Path(starter.__file__).parent / name).read_text(encoding="utf-8")
    assert [error.message for error in validator(made).iter_errors(yaml(source))] == []
    assert source.startswith(f"# yaml-language-server: $schema=.schema/{kind}.schema.json\n")


BASE = "integration: a\nbase_url: https://a.example.com\nworkflows: [{name: w, steps: [{name: s, request: {}}]}]\n"


@pytest.mark.parametrize(
    ("more", "fits"),
    [
        ("", True),
        ("auth: {kind: bearer, token: '${env:T}'}", True),
        ("auth: {kind: bearer, token: hunter2}", False),
        ("auth: {kind: bearer}", False),
        ("auth: {kind: oauth2, token_url: '${env:U}/t', client: {id: a, secret: '${env:T}'}}", True),
        ("auth: {kind: oauth2, token_url: u, client: {id: a, secrt: '${env:T}'}}", False),
        ("auth: {kind: carrier-pigeon}", False),
        ("vendor: acme", False),
        ("ownr: me", False),
        ("objectives: [{sli: availability, target: 99.9%, window: 1h 30m}]", True),
        ("objectives: [{sli: availability, target: 0.999}]", True),
        ("objectives: [{sli: availability, target: 20}]", False),
        ("objectives: [{sli: latency, target: 99%, threshold: 200}]", False),
        ("headers: {X-Version: 2}", True),
        ("auth: {kind: bearer}\nfor_each: [{name: eu, auth: {token: '${env:T}'}}]", True),
        ("for_each: [{name: eu, base_ulr: a}]", False),
        ("for_each: [{base_url: https://eu.example.com}]", False),
        ("variables: {market: DE, size: 10}", True),
        ("headers: {X-Version: 2.5}", False),
    ],
)
def test_an_editor_underlines_what_would_not_load(plugins: Plugins, more: str, fits: bool) -> None:
    schema = schemas(plugins)["integration.schema.json"]
    assert validator(schema).is_valid(yaml(BASE + more)) is fits


STEP = "integration: a\nbase_url: https://a.example.com\nworkflows: [{name: w, steps: [{name: s, %s}]}]\n"


@pytest.mark.parametrize(
    ("step", "fits"),
    [
        ("request: {multipart: {a: 1, b: {filename: f, content: x}}}", True),
        ("request: {multipart: {b: {content: x}}}", False),
        ("request: {multipart: {b: {filename: f, contents: x}}}", False),
        ("request: {graphql: {query: '{ a }', variables: {n: [1]}}}", True),
        ("request: {graphql: {}}", False),
        ("request: {idempotency_key: true}", True),
        ("request: {idempotency_key: 'a-{{run_id}}'}", True),
        ("request: {}, when: false", True),
        ("request: {}, when: [a]", False),
        ("request: {}, repeat: {next: link:next, at_cap: stop}", True),
        ("request: {}, repeat: {next: link:next, max: 0}", False),
        ("request: {}, expect: {xml: {//a: 1}}", True),
    ],
)
def test_an_editor_knows_the_words_of_a_step(plugins: Plugins, step: str, fits: bool) -> None:
    assert validator(schemas(plugins)["integration.schema.json"]).is_valid(yaml(STEP % step)) is fits


def test_an_address_is_wanted_of_the_integration_or_of_its_items(plugins: Plugins) -> None:
    check = validator(schemas(plugins)["integration.schema.json"])
    rest = "integration: a\nworkflows: [{name: w, steps: [{name: s, request: {}}]}]\n"
    assert not check.is_valid(yaml(rest))
    assert check.is_valid(yaml(rest + "for_each: [{name: eu, base_url: https://eu.example.com}]"))


def test_a_channel_has_the_options_of_its_kind(plugins: Plugins) -> None:
    check = validator(schemas(plugins)["alerts.schema.json"])
    assert check.is_valid(yaml("channels: [{name: ops, kind: slack, webhook_url: '${env:U}'}]"))
    assert not check.is_valid(yaml("channels: [{name: ops, kind: slack, webhook_url: '${env:U}', url: x}]"))


def test_every_key_describes_itself() -> None:
    silent = []
    for file, schema in schemas(Plugins()).items():
        for place in [schema, *schema["$defs"].values()]:
            fields = place.get("properties", {})
            silent += [(file, name) for name, field in fields.items() if not is_described(field, schema)]
    assert silent == []


def is_described(field: dict[str, Any], schema: dict[str, Any]) -> bool:
    """By itself, or by the definition that it refers to."""
    definition = schema["$defs"].get(field.get("$ref", "").removeprefix("#/$defs/"), {})
    return "description" in field or "description" in definition


def test_writing_replaces_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "alerts.schema.json").write_text("old", encoding="utf-8")
    written = write(tmp_path / ".", Plugins())
    assert sorted(path.name for path in written) == sorted(schemas(Plugins()))
    assert json.loads((tmp_path / "alerts.schema.json").read_text(encoding="utf-8"))["title"] == "Leadline: alerts.yaml"


def test_known_keys_follow_lists_mappings_and_options() -> None:
    from config.model import Integration

    assert "json" in known_keys(Integration, ("workflows", 0, "steps", 0, "expect"))
    assert known_keys(Integration, ("workflows", 0, "steps", 0, "until")) == {"status", "json", "within", "every"}
    assert known_keys(Integration, ("headers",)) == frozenset()
