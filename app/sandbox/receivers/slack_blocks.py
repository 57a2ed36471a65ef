"""Slack's limits on blocks; a message beyond one of them is refused whole."""

from __future__ import annotations

import json
from typing import Any, Final

_MOST_BLOCKS: Final = 50
_TOTAL: Final = 13_200
_TYPES: Final = frozenset({"section", "header", "context", "actions", "divider", "image", "markdown", "rich_text"})
_ELEMENTS: Final = {"context": 10, "actions": 25}


def valid_blocks(blocks: object) -> bool:
    """At most 50 blocks, each of a known type and within the limits of its type."""
    return isinstance(blocks, list) and len(blocks) <= _MOST_BLOCKS and all(_is_valid(block) for block in blocks)


def too_long(message: dict[str, Any]) -> bool:
    """Whether all blocks together are more than Slack takes."""
    blocks = message.get("blocks")
    return bool(blocks) and len(json.dumps(blocks, ensure_ascii=False)) > _TOTAL


def _is_valid(block: object) -> bool:
    if not isinstance(block, dict) or block.get("type") not in _TYPES or len(str(block.get("block_id", ""))) > 255:
        return False
    if block["type"] == "section":
        return _is_valid_section(block)
    if block["type"] == "header":
        return _is_text(block.get("text"), 150) and block["text"].get("type") == "plain_text"
    if block["type"] in _ELEMENTS:
        elements = block.get("elements")
        return _is_list(elements, _ELEMENTS[block["type"]]) and all(_is_valid_element(one) for one in elements or ())
    return True


def _is_valid_section(block: dict[str, Any]) -> bool:
    fields = block.get("fields")
    if fields is not None and not (_is_list(fields, 10) and all(_is_text(one, 2000) for one in fields)):
        return False
    return _is_text(block["text"], 3000) if "text" in block else bool(fields)


def _is_valid_element(element: object) -> bool:
    if not isinstance(element, dict):
        return False
    if element.get("type") != "button":
        return True
    sizes = len(str(element.get("value", ""))) <= 2000 and len(str(element.get("url", ""))) <= 3000
    return sizes and _is_text(element.get("text"), 75)


def _is_text(text: object, most: int) -> bool:
    return isinstance(text, dict) and isinstance(text.get("text"), str) and 0 < len(text["text"]) <= most


def _is_list(value: object, most: int) -> bool:
    return isinstance(value, list) and 0 < len(value) <= most
