"""The version of a configuration: a hash of what it says, the same on every machine and for any order of keys."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Final

from config.model import Config

LENGTH: Final = 16
_FILE: Final = re.compile(r"(\$\$\{)|\$\{file:(?P<path>[^{}]+)\}")


def of(config: Config) -> str:
    """The first 16 hexadecimal digits of a SHA-256 over everything but the directory's own place."""
    content = config.model_dump(mode="json", by_alias=True, exclude={"root", "version"})
    content["integrations"].sort(key=lambda integration: str(integration["integration"]))
    return _hash(_portable(content, config.root))


def parts(config: Config) -> dict[str, str]:
    """Integration, or the file that its own part stands in, → hash of its content: what a new version has changed."""
    content = {one.name: one.model_dump(mode="json", by_alias=True) for one in config.integrations}
    content |= {
        "alerts.yaml": config.alerting.model_dump(mode="json", by_alias=True),
        "leadline.yaml": config.settings.model_dump(mode="json", by_alias=True),
        "other files": {"schemas": config.schemas, "files": config.files},
    }
    return {name: _hash(_portable(value, config.root)) for name, value in content.items()}


def _hash(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:LENGTH]


def absolute_references(text: str, root: Path) -> str:
    """`text` with relative `${file:…}` made absolute below `root`."""
    if "${file:" not in text:
        return text
    return _FILE.sub(lambda found: found[0] if found[1] else f"${{file:{root / found['path']}}}", text)


def _portable(value: Any, root: Path) -> Any:
    """Without the place of the configuration directory, which differs from machine to machine."""
    if isinstance(value, str):
        return value.replace(f"${{file:{root}/", "${file:").removeprefix(f"{root}/")
    if isinstance(value, dict):
        return {key: _portable(item, root) for key, item in value.items()}
    if isinstance(value, list):
        return [_portable(item, root) for item in value]
    return value
