"""OpenSLO v1: what is written reads back the same; what does not map is said, with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.model import Config, Integration, Objective, Settings
from config.openslo.reading import Taken, taken_over
from config.openslo.writing import documents

STEP = {"name": "get", "request": {"path": "/"}, "record": {"score": "$.score"}}


def config(objectives: list[Any], of_flow: list[Any]) -> Config:
    declared = {
        "integration": "Ads.eu_1", "base_url": "https://api.example.com", "flows": ["leads"],
        "objectives": objectives, "workflows": [{"name": "read", "steps": [STEP]}],
    }  # fmt: skip
    flows = [{"name": "leads", "objectives": of_flow}] if of_flow else []
    return Config(
        root=Path("config"), version="v1", integrations=(Integration.model_validate(declared),),
        settings=Settings.model_validate({"flows": flows}),
    )  # fmt: skip


def written(found: Config) -> str:
    """JSON is YAML."""
    return "\n---\n".join(json.dumps(document, indent=1) for document in documents(found))


durations = st.sampled_from(["1h", "7d", "4w", "30d", "90s", "36h", "1d", "1500ms"])
windows = durations | st.builds(
    lambda period, zone: {"calendar": period, "time_zone": zone},
    st.sampled_from(["week", "month", "quarter", "year"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
)
common = {
    "target": st.sampled_from(["99.9%", "95%", "99.995%", 0.123456, "50%"]),
    "window": windows,
}
rest = {
    "page": st.booleans(), "throttled_is_bad": st.booleans(), "workflow": st.sampled_from(["read", None]),
    "maintenance": st.sampled_from(["counts", "excluded"]), "min_bad": st.sampled_from([None, 1, 5]),
}  # fmt: skip
limits = st.sampled_from(["200ms", "3s", "1500ms", "2m"])
plain = st.fixed_dictionaries({"sli": st.sampled_from(["availability", "correctness"]), **common}, optional=rest)
timed = st.fixed_dictionaries({"sli": st.just("ttfb"), "threshold": limits, **common}, optional=rest)
recorded = st.fixed_dictionaries(
    {"sli": st.just("recorded"), "value": st.just("score"), "at_most": st.floats(-1e6, 1e6), **common},
    optional={"at_least": st.floats(-1e6, 1e6), **rest},
)
sliced = st.fixed_dictionaries(
    {"sli": st.just("availability"), "method": st.just("time_slices"), "slice_target": common["target"], **common},
    optional={"slice": st.sampled_from(["5m", "1h", "90s"]), **rest},
)
of_flows = st.fixed_dictionaries(
    {"sli": st.just("availability"), **common}, optional={"slice": st.sampled_from(["5m", "1h"])}
)


@settings(deadline=None, max_examples=60)
@given(st.lists(plain | timed | recorded | sliced, max_size=3), st.lists(of_flows, max_size=2))
def test_what_is_written_reads_back_the_same(objectives: list[Any], of_flow: list[Any]) -> None:
    found = config(objectives, of_flow)
    taken = taken_over(written(found), "slo.yaml")
    assert (taken.problems, taken.notes) == ([], []) if objectives or of_flow else taken.problems
    own = {"Ads.eu_1": list(found.integrations[0].objectives)} if objectives else {}
    assert {name: list(map(with_slice, some)) for name, some in taken.integrations.items()} == {
        name: list(map(with_slice, some)) for name, some in own.items()
    }
    promised = {flow.name: [as_of_a_flow(one) for one in flow.objectives] for flow in found.settings.flows}
    assert {name: list(map(as_of_a_flow, some)) for name, some in taken.flows.items()} == promised


def with_slice(objective: Objective) -> dict[str, Any]:
    """A slice of 5 minutes is what one has that does not say how long it is."""
    told = objective.model_dump(mode="json")
    return told | {"slice": told["slice"] or "5m"} if told["method"] == "time_slices" else told


def as_of_a_flow(objective: Objective) -> dict[str, Any]:
    """Of a flow these say nothing: it is always counted in slices of time, good when all of it is."""
    told = objective.model_dump(mode="json")
    return {**told, "method": "time_slices", "slice_target": told["slice_target"] or "100%"}


FOREIGN = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: web, annotations: {leadline/sli: latency}}
spec:
  service: shop
  indicatorRef: web-latency
  timeWindow: [{duration: 1M, isRolling: true}]
  budgetingMethod: Occurrences
  objectives:
    - {op: lt, value: 200, targetPercent: 95}
    - {op: lte, value: 500, target: 0.99}
  alertPolicies: [{alertPolicyRef: fast}]
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: web-latency}
spec: {thresholdMetric: {metricSource: {type: Prometheus, spec: {query: up}}}}
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: fast}
spec: {}
"""


def read(*replaced: tuple[str, str]) -> Taken:
    text = FOREIGN
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    return taken_over(text, "slo.yaml")


def test_a_document_of_another_tool_is_taken_over_and_what_is_left_out_is_said() -> None:
    taken = read()
    assert taken.problems == []
    assert taken.integrations == {
        "shop": [
            Objective.model_validate({"sli": "latency", "threshold": "200ms", "target": "95%", "window": "30d"}),
            Objective.model_validate({"sli": "latency", "threshold": "500ms", "target": "99%", "window": "30d"}),
        ]
    }
    assert [str(note) for note in taken.notes] == [
        "slo.yaml:20: kind: AlertPolicy is not taken over: Leadline alerts by its own table of burn rates",
        "slo.yaml:7: spec.timeWindow[0].duration: a rolling 1M is read as 30d",
        "slo.yaml:10: spec.objectives[0].op: lt is read as lte: a value of exactly that is good",
        "slo.yaml:12: spec.alertPolicies: not taken over: Leadline alerts by its own table of burn rates",
    ]


@pytest.mark.parametrize(
    ("replaced", "message"),
    [
        (("leadline/sli: latency", "x: y"), "slo.yaml:4: spec.indicator: what Leadline is to measure does not follow"),
        (("targetPercent: 95", "targetPercent: 100"), "slo.yaml:10: spec.objectives[0].targetPercent: must be"),
        (("kind: SLO", "kind: SLOs"), 'slo.yaml:2: kind: unknown kind (did you mean "SLO"?)'),
        (("openslo/v1\nkind: SLO", "openslo/v2\nkind: SLO"), "slo.yaml:1: apiVersion: not a document of openslo/v1"),
        (("duration: 1M", "duration: soon"), "slo.yaml:7: spec.timeWindow[0].duration: not a duration"),
        (("Occurrences", "RatioTimeslices"), "slo.yaml:8: spec.budgetingMethod: must be Occurrences or Timeslices"),
        (("Occurrences", "Timeslices"), "slo.yaml:10: spec.objectives[0]: Timeslices need timeSliceTarget"),
        (("web-latency\n  timeW", "web\n  timeW"), 'slo.yaml:6: spec.indicatorRef: no SLI "web" in this file'),
        (("service: shop\n", "\n"), "slo.yaml:4: spec.service: required key is missing"),
        (("op: lt,", "op: gte,"), "slo.yaml:10: spec.objectives[0].op: latency is not held against a number"),
        (("spec: {}", "spec: {"), "slo.yaml:23: not valid YAML"),
    ],
    ids=[
        "nothing that Leadline measures", "no budget", "unknown kind", "another version", "no duration",
        "another method", "slices without a length", "an indicator that is not there", "nobody's",
        "a bound the other way", "no YAML",
    ],
)  # fmt: skip
def test_a_bad_document_is_refused_with_its_line(replaced: tuple[str, str], message: str) -> None:
    assert str(read(replaced).problems[0]).startswith(message)


def test_a_file_without_documents_is_no_success() -> None:
    assert "no document in it" in str(taken_over("# nothing\n", "slo.yaml").problems[0])
