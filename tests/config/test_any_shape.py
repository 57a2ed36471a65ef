"""Whatever shape a file has, loading it ends in a Config or in problems, never in a crash."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from config.compiled import dump, parse
from config.defaults import Defaults
from config.load import load
from config.model import Alerting, Settings
from config.plugins import Plugins
from config.problems import ConfigError
from config.schema import schemas

_SCHEMAS = schemas(Plugins()).values()
KEYS = sorted({key for s in _SCHEMAS for place in [s, *s["$defs"].values()] for key in place.get("properties", {})})
WORDS = [
    "60s",
    "99.9%",
    "100%",
    "a",
    "local",
    "$.id",
    "$[",
    "{{run_id}}",
    "{{x}}",
    "{{",
    "${env:A}",
    "${",
    "https://a.b",
]

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYS, "$.id"]), inner, max_size=5),
    max_leaves=20,
)
steps = st.fixed_dictionaries(
    {"name": values, "request": values},
    optional=dict.fromkeys(("expect", "until", "repeat", "when", "capture"), values),
)
items = st.fixed_dictionaries({"name": st.sampled_from(["a", "b"])}, optional={"variables": values, "every": values})
workflows = st.fixed_dictionaries(
    {"name": values, "steps": st.lists(steps | values, max_size=3) | values},
    optional={"for_each": st.lists(items | values, max_size=3), "variables": values, "namespaces": values},
)


def file_of(model: type, **likely: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = {key: likely.get(key, values) for key in model.model_fields}  # type: ignore[attr-defined]
    return st.fixed_dictionaries({}, optional=keys) | values


integrations = st.fixed_dictionaries(
    {
        "integration": st.just("a"),
        "base_url": st.just("https://a.example.com"),
        "workflows": st.lists(workflows) | values,
    },
    optional=dict.fromkeys(
        ("auth", "quota", "objectives", "tls", "headers", "flows", "vendor", "owner", "variables"), values
    )
    | {"for_each": st.lists(values, max_size=3) | values},
)


@pytest.mark.slow
@settings(max_examples=examples(50), deadline=None)
@given(
    files=st.fixed_dictionaries(
        {"a.yaml": integrations},
        optional={
            "leadline.yaml": file_of(Settings),
            "alerts.yaml": file_of(Alerting),
            "defaults.yaml": file_of(Defaults),
        },
    )
)
def test_any_shape_is_loaded_or_refused(files: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        for file, value in files.items():
            (Path(name) / file).write_text(json.dumps(value), encoding="utf-8")
        try:
            config = load(Path(name), {})
        except ConfigError:
            return
        assert parse(dump(config)) == config
