"""JSON Schemas of the configuration files, for editors: completion, hover texts, mistakes underlined while typing.

The files beside this module are what `write` makes; `leadline check` remains the judge: it sees all files together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from config.defaults import Defaults
from config.model import Alerting, Integration, Settings
from config.plugins import Plugins

_DIALECT: Final = "http://json-schema.org/draft-07/schema#"
_FILES: Final[dict[str, tuple[type[BaseModel], str]]] = {
    "integration.schema.json": (Integration, "One integration"),
    "alerts.schema.json": (Alerting, "alerts.yaml"),
    "leadline.schema.json": (Settings, "leadline.yaml"),
    "defaults.schema.json": (Defaults, "defaults.yaml"),
}


def schemas(plugins: Plugins) -> dict[str, dict[str, Any]]:
    """File name → JSON Schema, with the options of the given plugins in it."""
    made = {}
    for name, (model, title) in _FILES.items():
        schema = model.model_json_schema(by_alias=True)
        schema["title"] = f"Leadline: {title}"
        made[name] = {"$schema": _DIALECT, **schema}
    _inject(made["integration.schema.json"], "PluginSpec", plugins.auth)
    _expect_of_items(made["integration.schema.json"])
    _inject(made["alerts.schema.json"], "Channel", plugins.channels)
    if plugins.vendors:
        made["integration.schema.json"]["properties"]["vendor"]["enum"] = sorted(plugins.vendors)
    if plugins.status_pages:
        kind = made["integration.schema.json"]["$defs"]["StatusPage"]["properties"]["kind"]
        kind["enum"] = sorted(plugins.status_pages)
    return made


def write(directory: Path, plugins: Plugins) -> tuple[Path, ...]:
    """Writes each schema into `directory`, replacing what is there; the paths written."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas(plugins).items():
        path = directory / name
        path.write_text(text(schema), encoding="utf-8")
        written.append(path)
    return tuple(written)


def text(schema: Mapping[str, Any]) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _inject(schema: dict[str, Any], spec: str, models: Mapping[str, type[BaseModel]]) -> None:
    """Makes the definition `spec` (kind + any options) exact: one branch per kind with that plugin's options."""
    if not models:
        return
    definitions = schema["$defs"]
    own = definitions[spec]
    own["properties"]["kind"]["enum"] = sorted(models)
    own["allOf"] = [
        {"if": {"properties": {"kind": {"const": kind}}}, "then": _options(kind, model, own, definitions)}
        for kind, model in sorted(models.items())
    ]


def _expect_of_items(schema: dict[str, Any]) -> None:
    """Where there is a `for_each`, each item may bring what is required of an integration and of its credential."""
    schema["required"].remove("base_url")
    kinds = [
        {"if": branch["if"], "then": {"required": branch["then"].pop("required")}}
        for branch in schema["$defs"]["PluginSpec"].get("allOf", [])
    ]
    complete = {"required": ["base_url"], "properties": {"auth": {"allOf": kinds} if kinds else {}}}
    schema["if"], schema["then"] = {"not": {"required": ["for_each"]}}, complete


def _options(kind: str, model: type[BaseModel], own: Mapping[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The options of one kind; its model's own definitions go to the top under a name with the kind in it."""
    options = model.model_json_schema(by_alias=True, ref_template=f"#/$defs/{kind}.{{model}}")
    for name, definition in options.pop("$defs", {}).items():
        definitions[f"{kind}.{name}"] = _without_format(definition)
    # The plugin's schema knows nothing of kind (and name), which stand beside its options.
    properties = dict.fromkeys(own["properties"], True) | options.get("properties", {})
    return {
        "properties": _without_format(properties),
        "required": options.get("required", []),
        "additionalProperties": options.get("additionalProperties", True),
    }


def _without_format(value: Any) -> Any:
    """Without `format` and `pattern`, which a reference such as ${env:NAME} cannot fulfil; the program checks those."""
    if isinstance(value, dict):
        is_reference = str(value.get("pattern", "")).startswith(r"^(\$\{")
        drop = {"format"} if is_reference else {"format", "pattern", "minLength"}
        return {key: _without_format(item) for key, item in value.items() if key not in drop or isinstance(item, dict)}
    if isinstance(value, list):
        return [_without_format(item) for item in value]
    return value
