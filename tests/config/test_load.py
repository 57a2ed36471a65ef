"""A directory of YAML becomes one Config."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, field_validator

from config.checks import steps
from config.load import load
from config.model import Config, ImpactTier
from config.plugins import Plugins
from config.problems import ConfigError, Problem, dotted, parse_dotted
from probes.assertions import operators

SHOP = """\
integration: shop
base_url: https://api.example.com
workflows:
  - name: read
    steps:
      - name: get
        request: {path: /x}
"""
Loader = Callable[..., Config]


def problems_of(load_files: Loader, files: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load_files(files)
    return [f"{Path(p.file).name}:{p.line}: {p.path}: {p.message}" for p in refused.value.problems]


def test_the_smallest_directory_is_one_integration(load_files: Loader, tmp_path: Path) -> None:
    config = load_files({"shop.yaml": SHOP})
    assert [integration.name for integration in config.integrations] == ["shop"]
    assert config.root == tmp_path
    assert [region.name for region in config.settings.regions] == ["local"]


def test_a_directory_that_does_not_exist_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "none", {})
    assert str(refused.value) == (
        f"{tmp_path}/none: the configuration directory does not exist; "
        f"`leadline init {tmp_path}/none` writes a starter set there"
    )


def test_a_file_instead_of_a_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    with pytest.raises(ConfigError, match="is a file, not a directory"):
        load(tmp_path / "shop.yaml", {})


def test_an_empty_directory_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, {})
    assert str(refused.value) == (
        f"{tmp_path}: no *.yaml file in this directory; `leadline init {tmp_path}` writes a starter set there"
    )


def test_hidden_files_and_directories_are_not_read(load_files: Loader) -> None:
    config = load_files({"shop.yaml": SHOP, ".hidden.yaml": "a: [", "more/other.yaml": "a: [", "notes.md": "x"})
    assert len(config.integrations) == 1


def test_files_of_comments_only_are_fine(load_files: Loader) -> None:
    comments = "# nothing yet\n"
    files = {"alerts.yaml": comments, "defaults.yaml": comments, "leadline.yaml": comments}
    assert load_files({"shop.yaml": SHOP} | files).alerting.channels == ()


def test_a_file_that_cannot_be_parsed_hides_no_mistake_of_the_others_and_makes_none(load_files: Loader) -> None:
    files = {
        "leadline.yaml": "regions: [",
        "shop.yaml": SHOP.replace("    steps", "    regions: [eu]\n    steps"),
        "b.yaml": "integration: b\n",
    }
    assert [line.split(": ")[:2] for line in problems_of(load_files, files)] == [
        ["b.yaml:1", "base_url"],
        ["b.yaml:1", "workflows"],
        ["leadline.yaml:1", ""],
    ]


def test_integrations_that_could_not_be_parsed_are_not_called_missing(load_files: Loader) -> None:
    assert len(problems_of(load_files, {"shop.yaml": "a: ["})) == 1


def test_secrets_may_be_missing_where_they_are_not_needed(load_files: Loader) -> None:
    text = SHOP + 'auth: {kind: oauth2, token_url: "${env:NONE}/token", client: {id: "${env:NONE}"}}\n'
    assert load_files({"shop.yaml": text}, require_secrets=False).integrations[0].auth.kind == "oauth2"
    with pytest.raises(ConfigError, match="environment variable NONE is not set"):
        load_files({"shop.yaml": text})


def test_a_malformed_reference_is_refused_even_where_secrets_may_be_missing(load_files: Loader) -> None:
    with pytest.raises(ConfigError, match="not a reference"):
        load_files({"shop.yaml": SHOP + 'auth: {kind: bearer, token: "${vault:x}"}\n'}, require_secrets=False)


def test_plain_text_is_refused_beside_a_reference_that_leads_nowhere(load_files: Loader) -> None:
    text = SHOP + 'auth: {kind: bearer, token: "hunter2${env:NONE}"}\n'
    with pytest.raises(ConfigError, match=r"auth\.token: a secret in plain text"):
        load_files({"shop.yaml": text}, require_secrets=False)


class Talkative(BaseModel):
    """Options of a plugin that quotes what it refuses."""

    zone: str

    @field_validator("zone")
    @classmethod
    def _refuse(cls, value: str) -> str:
        raise ValueError(f"there is no zone {value}")


def test_what_a_reference_stands_for_is_not_told_even_if_a_plugin_quotes_it(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP + "auth: {kind: x, zone: '${env:ZONE}'}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, {"ZONE": "hunter2"}, plugins=Plugins(auth={"x": Talkative}))
    assert str(refused.value) == f"{tmp_path}/shop.yaml:8: auth.zone: there is no zone ${{env:ZONE}}"


def test_without_plugins_kinds_and_vendors_are_not_judged(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP + "vendor: acme\nauth: {kind: acme, key: 1}\n", encoding="utf-8")
    assert load(tmp_path, {}).integrations[0].auth.options == {"key": 1}


def test_a_relative_file_reference_holds_from_any_directory(
    load_files: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SHOP + 'auth: {kind: bearer, token: "${file:secrets/shop}"}\ntls: {ca_file: ca.pem}\n'
    config = load_files({"shop.yaml": text, "secrets/shop": "k3y\n"})
    monkeypatch.chdir("/")
    assert config.integrations[0].auth.options == {"token": f"${{file:{tmp_path}/secrets/shop}}"}
    assert config.integrations[0].tls.ca_file == f"{tmp_path}/ca.pem"


def test_a_schema_file_is_in_the_config_under_the_name_that_the_step_uses(load_files: Loader) -> None:
    text = SHOP + "        expect: {schema: schemas/x.json}\n"
    config = load_files({"shop.yaml": text, "schemas/x.json": '{"type": "object"}'})
    assert config.schemas == {"schemas/x.json": {"type": "object"}}


def test_a_cleanup_step_may_stand_anywhere(load_files: Loader) -> None:
    cleanup = "      - name: before\n        always: true\n        request: {method: DELETE, path: /x}\n"
    text = SHOP.replace("      - name: get", cleanup + "      - name: get")
    assert load_files({"shop.yaml": text}).integrations[0].workflows[0].steps[0].always


def test_a_request_without_path_and_url_goes_to_base_url(load_files: Loader) -> None:
    assert load_files({"shop.yaml": SHOP.replace("{path: /x}", "{}")}).integrations[0].workflows[0].steps[0].request


def test_a_captured_variable_is_known_to_every_later_step(load_files: Loader) -> None:
    text = SHOP + (
        "        capture: {order: $.id, place: 'header:Location'}\n"
        "      - name: again\n"
        '        request: {url: "{{place}}", json: {id: "{{order}}", at: "{{now}}"}, method: POST}\n'
        '        expect: {json: {$.id: "{{order}}"}}\n'
        "      - name: clean up\n"
        "        always: true\n"
        '        request: {method: DELETE, path: "/x/{{order}}"}\n'
    )
    assert len(load_files({"shop.yaml": text}).integrations[0].workflows[0].steps) == 3


def test_a_literal_object_may_have_a_key_that_is_also_an_operator(load_files: Loader) -> None:
    text = SHOP + "        expect: {json: {$.shape: {type: circle, radius: 3}}}\n"
    step = load_files({"shop.yaml": text}).integrations[0].workflows[0].steps[0]
    assert step.expect.json_paths == {"$.shape": {"type": "circle", "radius": 3}}


def test_the_operators_that_are_checked_are_those_that_probes_know() -> None:
    assert steps.OPERATORS == operators.OPERATORS


class TestDefaults:
    """defaults.yaml lies under every integration."""

    def test_mappings_merge_and_lists_and_values_are_replaced(self, load_files: Loader) -> None:
        defaults = (
            "owner: growth\ntier: critical\nflows: [a, b]\nheaders: {X-A: '1', X-B: '1'}\n"
            "objectives: [{sli: availability, target: 99%}]\n"
            "workflow: {every: 5m, timeout: 30s, regions: [local]}\nstep: {retry: {attempts: 3, backoff: 2s}}\n"
        )
        own = SHOP + "        retry: {attempts: 1}\nowner: sales\nflows: [c]\nheaders: {X-B: '2'}\n"
        shop = load_files({"defaults.yaml": defaults, "shop.yaml": own}).integrations[0]
        assert (shop.owner, shop.tier, shop.flows) == ("sales", ImpactTier.CRITICAL, ("c",))
        assert shop.headers == {"X-A": "1", "X-B": "2"}
        assert len(shop.objectives) == 1
        workflow = shop.workflows[0]
        assert (workflow.every, workflow.timeout) == (timedelta(minutes=5), timedelta(seconds=30))
        assert workflow.steps[0].retry.attempts == 1
        assert workflow.steps[0].retry.backoff == timedelta(seconds=2)

    def test_an_empty_value_takes_a_default_away(self, load_files: Loader) -> None:
        files = {"defaults.yaml": "runbook: https://wiki.example.com\n", "shop.yaml": SHOP + "runbook:\n"}
        assert load_files(files).integrations[0].runbook is None

    def test_a_mistake_is_told_once_where_it_stands_whatever_inherits_it(self, load_files: Loader) -> None:
        files = {f"{name}.yaml": SHOP.replace("shop", name) for name in ("a", "b", "c")}
        files["defaults.yaml"] = "owner: o\nworkflow:\n  every: 60\nheaders: {X-Trace: '{{runid}}'}\nzzz: 1\n"
        lines = problems_of(load_files, files)
        assert [line.split(": ")[:2] for line in lines] == [
            ["defaults.yaml:3", "workflow.every"],
            ["defaults.yaml:4", "headers.X-Trace"],
            ["defaults.yaml:5", "zzz"],
        ]

    def test_defaults_that_everybody_overrides_are_still_checked(self, load_files: Loader) -> None:
        files = {"defaults.yaml": "tier: huge\n", "shop.yaml": SHOP + "tier: minor\n"}
        assert [line.split(": ")[0] for line in problems_of(load_files, files)] == ["defaults.yaml:1"]


class TestVersion:
    """The version says whether two configurations are the same."""

    def test_it_is_the_same_on_another_machine(self, load_files: Loader, tmp_path: Path) -> None:
        text = SHOP + 'auth: {kind: bearer, token: "${file:key}"}\ntls: {ca_file: ca.pem}\n'
        files = {"shop.yaml": text, "key": "k"}
        here, there = (load_files(files, root=tmp_path / name) for name in ("here", "there"))
        assert here.version == there.version

    def test_it_ignores_comments_the_order_of_keys_and_file_names(self, load_files: Loader, tmp_path: Path) -> None:
        lines = SHOP.splitlines(keepends=True)
        swapped = "".join(["# moved\n", lines[1], lines[0], *lines[2:]])
        other = SHOP.replace("shop", "other")
        first = load_files({"a.yaml": SHOP, "b.yaml": other}, root=tmp_path / "1")
        second = load_files({"z.yaml": swapped, "b.yaml": other}, root=tmp_path / "2")
        assert first.version == second.version

    def test_it_does_not_depend_on_the_secrets(self, tmp_path: Path, plugins: Plugins) -> None:
        text = SHOP + 'auth: {kind: bearer, token: "${env:K}"}\n'
        (tmp_path / "shop.yaml").write_text(text, encoding="utf-8")
        versions = {load(tmp_path, {"K": secret}, plugins=plugins).version for secret in ("old", "new")}
        assert len(versions) == 1

    @pytest.mark.parametrize(
        "change",
        [
            {"shop.yaml": SHOP.replace("/x", "/y")},
            {"shop.yaml": SHOP + "title: Shop\n"},
            {"shop.yaml": SHOP + "        expect: {schema: x.json}\n", "x.json": "{}"},
            {"defaults.yaml": "owner: growth\n"},
            {"defaults.yaml": "workflow: {every: 61s}\n"},
            {"alerts.yaml": "channels: [{name: log, kind: log}]\n"},
            {"leadline.yaml": "retention: {raw: 36d}\n"},
            {"other.yaml": SHOP.replace("shop", "other")},
        ],
        ids=["path", "title", "schema", "defaults", "workflow defaults", "channel", "retention", "integration"],
    )
    def test_it_changes_with_any_change(self, load_files: Loader, tmp_path: Path, change: dict[str, str]) -> None:
        before = load_files({"shop.yaml": SHOP}, root=tmp_path / "before")
        after = load_files({"shop.yaml": SHOP} | change, root=tmp_path / "after")
        assert before.version != after.version

    def test_it_changes_when_only_a_schema_file_changes(self, load_files: Loader, tmp_path: Path) -> None:
        text = SHOP + "        expect: {schema: x.json}\n"
        before = load_files({"shop.yaml": text, "x.json": "{}"}, root=tmp_path / "before")
        after = load_files({"shop.yaml": text, "x.json": '{"type": "object"}'}, root=tmp_path / "after")
        assert before.version != after.version


@pytest.mark.parametrize(
    "path", [("workflows", 0, "steps", 2, "expect", "jsn"), ("expect", "json", "$.a.b[0]"), ("a",), (), ("X-A", 1)]
)
def test_a_dotted_path_reads_back(path: tuple[str | int, ...]) -> None:
    assert parse_dotted(dotted(path)) == path


def test_problems_are_sorted_and_told_once() -> None:
    late, early = Problem("a.yaml", 10, "b", "wrong"), Problem("a.yaml", 9, "c", "wrong")
    assert ConfigError([late, early, late]).problems == (early, late)
