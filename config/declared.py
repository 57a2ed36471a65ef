"""What everything declared in YAML has in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from config.scalars import Name


class Declared(BaseModel):
    """Base of everything that comes from YAML: immutable, no unknown keys, values never echoed in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PluginSpec(BaseModel):
    """A plugin's kind and its raw options; the plugin itself decodes and validates them."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    kind: Name = Field(description="Which plugin; its options stand beside this key.")

    @property
    def options(self) -> dict[str, Any]:
        """Everything but `kind`, as written."""
        return dict(self.__pydantic_extra__ or {})
