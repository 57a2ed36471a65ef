"""Searches one answer's text by regular expressions and XPaths. Runs as a process of its own, which its owner kills
when it takes too long: neither engine can be interrupted otherwise. Imports nothing of ours.

Reads jobs from its input, a line of JSON and then `size` bytes of body, and writes a line of JSON for each.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import warnings
from typing import Any, Final

MAX_TEXT: Final = 1024 * 1024
"""Characters of the body that a regular expression sees."""

MAX_XML: Final = 4 * 1024 * 1024
"""Bytes of the largest document that is read."""

MAX_NODES: Final = 1000
MAX_VALUE: Final = 64 * 1024
MAX_MEMORY: Final = 1024 * 1024 * 1024


def main() -> None:
    """Until the input ends, which it does when the owner is gone."""
    _limit_memory()
    while line := sys.stdin.buffer.readline():
        job = json.loads(line)
        body = sys.stdin.buffer.read(job["size"])
        print(json.dumps(answer(job, body)), flush=True)  # noqa: T201 - that is the protocol


def answer(job: dict[str, Any], body: bytes) -> dict[str, Any]:
    """`regex` and `xpath`: what is wanted → `{"value": …}`, `{"error": …}`, or nothing found as `{}`. `xml`: why the
    body is not well-formed. `fault`: code and text of a SOAP Fault."""
    text = body.decode("utf-8", "replace")[:MAX_TEXT] if job["regex"] else ""
    found: dict[str, Any] = {"regex": {pattern: _searched(pattern, text) for pattern in job["regex"]}}
    if job["xml"]:
        found |= _read_xml(job, body)
    return found


def _searched(pattern: str, text: str) -> dict[str, Any]:
    try:
        with warnings.catch_warnings(action="ignore"):
            match = re.search(pattern, text)
    except (re.error, OverflowError, RecursionError, MemoryError) as err:
        return {"error": f"cannot be searched ({type(err).__name__})"}
    if match is None:
        return {}
    value = match[1] if match.re.groups else match[0]
    return {} if value is None else {"value": value[:MAX_VALUE]}


def _read_xml(job: dict[str, Any], body: bytes) -> dict[str, Any]:
    from lxml import etree

    if len(body) > MAX_XML:
        return {"xml": f"larger than {MAX_XML // 1024 // 1024} MiB"}
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        tree = etree.fromstring(body, parser).getroottree()
    except (etree.XMLSyntaxError, ValueError) as err:
        line, column = getattr(err, "position", (0, 0))
        return {"xml": f"line {line} column {column}" if line else "no document"}
    xpath = {path: _evaluated(etree, tree, path, job["namespaces"]) for path in job["xpath"]}
    return {"xpath": xpath, "fault": _fault(tree)}


def _evaluated(etree: Any, tree: Any, path: str, namespaces: dict[str, str]) -> dict[str, Any]:
    try:
        found = etree.XPath(path, namespaces=namespaces)(tree)
    except etree.XPathError as err:
        return {"error": f"cannot be searched ({str(err).splitlines()[0][:100]})"}
    if isinstance(found, list):
        return {"value": [_text(node) for node in found[:MAX_NODES]]}
    return {"value": found.strip()[:MAX_VALUE] if isinstance(found, str) else found}


def _text(node: Any) -> str:
    if isinstance(node, tuple):  # a namespace node
        return str(node[1])
    text = node if isinstance(node, str) else "".join(node.itertext())
    return text.strip()[:MAX_VALUE]


def _fault(tree: Any) -> list[str] | None:
    faults = tree.xpath("/*[local-name()='Envelope']/*[local-name()='Body']/*[local-name()='Fault']")
    if not faults:
        return None
    code = faults[0].xpath("string(*[local-name()='faultcode'] | *[local-name()='Code']/*[local-name()='Value'])")
    text = faults[0].xpath("string(*[local-name()='faultstring'] | *[local-name()='Reason']/*[local-name()='Text'])")
    return [code.strip()[:200], text.strip()[:500]]


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on every system
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


if __name__ == "__main__":
    main()
