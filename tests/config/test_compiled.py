"""A compiled configuration is the same configuration, and holds no secret."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.compiled import dump, parse
from config.load import load
from config.model import Config, Integration

EXAMPLE = Path(__file__).parents[2] / "config" / "example"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def test_a_full_configuration_reads_back_exactly(load_files: Callable[..., Config]) -> None:
    files = {
        "leadline.yaml": "regions: [{name: local}, {name: eu, token: '${env:TOKEN}'}]\nhub: {timezone: Asia/Tokyo}\n",
        "alerts.yaml": (
            "channels: [{name: ops, kind: slack, webhook_url: '${env:TOKEN}'}]\n"
            "routes: [{match: {tier: critical}, urgent: [ops]}, {degraded: [ops]}]\nconfirm: {quorum: 66.7%}\n"
        ),
        "shop.yaml": (
            "integration: shop\nbase_url: https://api.example.com\nquota: {reserve: 20%, probe_budget: 1% of daily}\n"
            "auth: {kind: bearer, token: '${env:TOKEN}'}\n"
            "objectives: [{sli: latency, threshold: 250ms, target: 99.95%, window: 7d}]\n"
            "workflows:\n  - name: read\n    regions: [local, eu]\n    every: 90s\n    steps:\n"
            "      - name: get\n        request: {path: /x, json: {a: [1, 2.5, null, true, ü]}, method: POST}\n"
            "        expect: {status: [200, 2xx], json: {$.a: {ge: 1.5}}, schema: x.json, body: {contains: a}}\n"
            "        until: {json: {$.total: 1}, within: 1500ms, every: 0.5s}\n"
        ),
        "x.json": '{"type": "object"}',
    }
    config = load_files(files)
    assert parse(dump(config)) == config
    assert dump(parse(dump(config))) == dump(config)


def test_no_secret_is_in_it(load_files: Callable[..., Config], environ: dict[str, str]) -> None:
    text = (
        "integration: shop\nbase_url: https://api.example.com\nauth: {kind: bearer, token: '${env:TOKEN}'}\n"
        "headers: {X-Api-Key: '${file:key}'}\n"
        "workflows: [{name: read, steps: [{name: get, request: {path: '/${env:TOKEN}'}}]}]\n"
    )
    compiled = dump(load_files({"shop.yaml": text, "key": "s3cret-of-the-file"}))
    assert environ["TOKEN"] not in compiled
    assert "s3cret-of-the-file" not in compiled
    assert "${env:TOKEN}" in compiled


@given(body=values, expected=st.dictionaries(texts, values, max_size=3), options=st.dictionaries(texts, values))
def test_whatever_json_a_request_or_a_plugin_has_reads_back(body: Any, expected: Any, options: Any) -> None:
    step = {"name": "s", "request": {"json": body}, "expect": {"json": expected}}
    options = {key: value for key, value in options.items() if key != "kind"}
    declared = {
        "integration": "shop",
        "base_url": "https://api.example.com",
        "auth": {**options, "kind": "x"},
        "workflows": [{"name": "read", "steps": [step]}],
    }
    config = Config(root=Path("/c"), version="v", integrations=(Integration.model_validate(declared),))
    assert parse(dump(config)) == config


@pytest.mark.skipif(not EXAMPLE.is_dir(), reason="the example is written elsewhere")
def test_the_example_reads_back() -> None:
    config = load(EXAMPLE, {}, require_secrets=False)
    assert parse(dump(config)) == config


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"root": "/", "version": "v", "integrations": [{}]}'])
def test_anything_else_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)
