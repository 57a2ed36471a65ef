"""What the program passes in so that this package can check plugin options without importing a plugin."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel

from config.model import Integration, Settings

IntegrationCheck = Callable[[Integration], Iterable[tuple[str, str]]]
"""An integration → (dotted path inside its file, message with remedy) for each mistake."""

SettingsCheck = Callable[[Settings], Iterable[tuple[str, str]]]
"""The same for `leadline.yaml`."""


@dataclass(frozen=True)
class Plugins:
    """What is installed. An empty registry means that its part is not checked."""

    auth: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    refused_auth: Mapping[str, str] = field(default_factory=dict)
    """Kinds that are not to be had on purpose → the reason, and what to use instead."""
    channels: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    vendors: Collection[str] = ()
    status_pages: Collection[str] = ()
    """How a vendor's status page can be read."""
    checks: Sequence[IntegrationCheck] = ()
    settings_checks: Sequence[SettingsCheck] = ()
