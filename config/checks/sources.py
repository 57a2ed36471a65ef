"""Where a value is taken from in an answer: JSONPaths, XPaths, headers, cookies, patterns."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final

import jsonpath

from config.patterns import syntax_fault
from config.problems import Finding, Path, did_you_mean
from config.templates import BUILTINS

NAMESPACES: Final = {
    "soap": "http://schemas.xmlsoap.org/soap/envelope/",
    "soap12": "http://www.w3.org/2003/05/soap-envelope",
}
"""Prefixes that every XPath may use."""

SOURCES: Final = "$.id, header:Name, cookie:Name, regex:…, xpath:…, status or url"

_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_PREFIX: Final = re.compile(r"(?<![\w.:-])([A-Za-z_][\w.-]*):(?!:)")


def variable_name_findings(name: str, at: Path) -> Iterator[Finding]:
    """A name that no template could use, or that hides a built-in."""
    if name in BUILTINS:
        yield at, f'"{name}" is a built-in variable; choose another name'
    elif not name.isidentifier():
        yield at, "a variable is letters, digits and _, and starts with a letter; choose another name"


def header_name_findings(headers: Iterable[object], at: Path) -> Iterator[Finding]:
    """Names that no header can have, in any request or answer."""
    for name in headers:
        if isinstance(name, str) and not _HEADER.fullmatch(name):
            yield (*at, name), "not a header's name: letters, digits and -, as in Content-Type"


def source_findings(source: object, at: Path, namespaces: Collection[str]) -> Iterator[Finding]:
    """One source of a capture; what it finds is known on the prober only."""
    if not isinstance(source, str) or source in {"status", "url"}:
        return
    kind, colon, rest = source.partition(":")
    check = _KINDS.get(kind) if colon else None
    if check is None:
        yield from json_path_findings(source, at, remedy=f"write {SOURCES}")
        return
    yield from ((at, message) for message in check(rest.strip(), namespaces))


def json_path_findings(path: object, at: Path, remedy: str = "write it as $.id") -> Iterator[Finding]:
    """A JSONPath that could never be searched."""
    if not isinstance(path, str):
        return
    if "{{" in path:
        yield at, "templates are not rendered in a JSONPath; put them into the expected value"
        return
    if not path.startswith("$"):
        yield at, f"not a JSONPath: it starts with $; {remedy}"
        return
    try:
        jsonpath.compile(path)
    except jsonpath.JSONPathError as err:
        yield at, f"not a JSONPath: {str(err).splitlines()[0]}; {remedy}"


def xpath_fault(path: str, namespaces: Collection[str]) -> str | None:
    """What is wrong with an XPath 1.0, with the remedy; None when it can be searched."""
    # Nobody else pays for reading lxml.
    from lxml import etree

    if "{{" in path:
        return "templates are not rendered in an XPath; put them into the expected value"
    try:
        etree.XPath(path)
    except etree.XPathSyntaxError as err:
        return f"not an XPath 1.0: {err}; write it as //status or count(//item)"
    for prefix in _PREFIX.findall(_QUOTED.sub("", path)):
        known = {*NAMESPACES, *namespaces}
        if prefix not in known:
            hint = did_you_mean(prefix, known)
            return f'unknown prefix "{prefix}" {hint}; write its address under namespaces: in the workflow'
    return None


def _header(name: str, _: Collection[str]) -> Iterator[str]:
    if not _HEADER.fullmatch(name):
        yield "names no header; write header:Location"


def _cookie(name: str, _: Collection[str]) -> Iterator[str]:
    if not name:
        yield "names no cookie; write cookie:session"


def _regex(pattern: str, _: Collection[str]) -> Iterator[str]:
    if not pattern:
        yield "no pattern; write regex:token=([a-z0-9]+), of which the first group is kept"
        return
    wrong = syntax_fault(pattern)
    if wrong is not None:
        yield wrong


def _xpath(path: str, namespaces: Collection[str]) -> Iterator[str]:
    wrong = xpath_fault(path, namespaces) if path else "no path; write xpath://status"
    if wrong is not None:
        yield wrong


_KINDS: Final[Mapping[str, Callable[[str, Collection[str]], Iterator[Any]]]] = {
    "header": _header,
    "cookie": _cookie,
    "regex": _regex,
    "xpath": _xpath,
}
