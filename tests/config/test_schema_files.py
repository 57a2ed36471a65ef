"""Schemas that are spread over several files of the configuration directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from config.schema_files import SchemaFiles, retriever


@pytest.fixture
def files(tmp_path: Path) -> Any:
    def write(**schemas: Any) -> SchemaFiles:
        for name, schema in schemas.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".json").write_text(json.dumps(schema))
        return SchemaFiles(tmp_path)

    return write


def test_a_ref_leads_to_another_file_and_on_from_there(files: Any) -> None:
    schemas = files(
        schemas__contact={"properties": {"address": {"$ref": "parts/address.json"}}},
        schemas__parts__address={"properties": {"country": {"$ref": "../../codes.json#/$defs/country"}}},
        codes={"$defs": {"country": {"enum": ["DE", "FR"]}}},
    )
    assert schemas.fault("schemas/contact.json") is None
    assert sorted(schemas.loaded) == ["codes.json", "schemas/contact.json", "schemas/parts/address.json"]


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("other.json", 'schema file "other.json" does not exist'),
        ("https://example.com/a.json", "only files of the configuration directory are read"),
        ("../../../etc/hostname", 'schema file "etc/hostname" does not exist'),
        ("broken.json", 'its $ref leads to "broken.json" is not valid JSON'),
        ("wrong.json", "its $ref leads to wrong.json, at type"),
        ("right.json#/$defs/none", "/$defs/none"),
    ],
    ids=["not there", "from the network", "outside", "not JSON", "no schema", "nothing there"],
)
def test_a_ref_that_leads_nowhere_is_told(files: Any, tmp_path: Path, ref: str, words: str) -> None:
    schemas = files(contact={"$ref": ref}, wrong={"type": "nonsense"}, right={"type": "object"})
    (tmp_path / "broken.json").write_text("{")
    fault = schemas.fault("contact.json")
    assert fault is not None
    assert words in fault
    assert schemas.loaded == {}


def test_a_ref_in_a_circle_is_a_schema_like_any_other(files: Any) -> None:
    schemas = files(node={"properties": {"next": {"$ref": "more.json"}}}, more={"$ref": "node.json"})
    assert schemas.fault("node.json") is None
    assert schemas.fault("more.json") is None


def test_a_prober_retrieves_from_the_configuration_alone() -> None:
    retrieve = retriever({"./a b.json": {"type": "object"}})
    assert retrieve("config:///a%20b.json") == {"type": "object"}
    with pytest.raises(ValueError, match="not part of the configuration"):
        retrieve("https://example.com/a.json")
