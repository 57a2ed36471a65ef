"""Reads one YAML 1.2 file into plain JSON-like values and remembers the line of each.

Only what JSON can carry comes out: mappings with text keys, lists, text, numbers, booleans, null. Dates stay text, and
so does a number whose digits would change (`007`, `0x1F`). Anchors, aliases and `<<` work, within limits.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from config.problems import Path, Problem, dotted

MAX_BYTES: Final = 1024 * 1024
MAX_VALUES: Final = 50_000
MAX_DEPTH: Final = 50

# The reader takes seconds for a line of a thousand brackets before it gives up.
_TOO_DEEP: Final = re.compile(rf"(?:[\[{{]\s*){{{MAX_DEPTH + 1}}}")
_TAG: Final = "tag:yaml.org,2002:"
_QUOTE_IT: Final = (
    "put a value with ${…} or {{…}} in quotes where it starts with {{ or stands inside {…} or […]: "
    "YAML takes its braces for its own"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written."""

    file: str
    line: int
    path: Path


@dataclass(frozen=True, slots=True)
class Document:
    """One file's top-level mapping, and the place of every value in it by path."""

    file: str
    value: dict[str, Any]
    places: dict[Path, Place] = field(repr=False)

    def place(self, path: Path) -> Place:
        """Where `path` was written; for what was not written, the line of the nearest thing around it."""
        for length in range(len(path), 0, -1):
            found = self.places.get(path[:length])
            if found is not None:
                return Place(found.file, found.line, found.path + path[length:])
        return Place(self.file, 1, path)

    def problem(self, path: Path, message: str) -> Problem:
        """`message` about `path`, with its file and line."""
        place = self.place(path)
        return Problem(place.file, place.line, dotted(place.path), message)

    def at(self, path: Path) -> object:
        """The value at `path`, or None."""
        return value_at(self.value, path)


def value_at(value: Any, path: Path) -> Any:
    """What stands at `path` inside a JSON-like value, or None."""
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def read(file: FilePath, shown: str) -> tuple[Document, list[Problem]]:
    """Reads `file`, called `shown` in messages. What could not be read is left out of the document."""
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            return _nothing(shown, 1, f"larger than 1 MiB ({size:,} bytes); split it into several files")
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as err:
        return _nothing(shown, 1, f"not UTF-8 text (byte {err.start}); save it as UTF-8")
    except OSError as err:
        return _nothing(shown, 1, f"cannot be read: {err.strerror}; check its permissions")
    return parse(text, shown)


def parse(text: str, shown: str) -> tuple[Document, list[Problem]]:
    """As `read`, from text. A file of comments only is an empty document. Do not change what it returns: it is kept,
    because reading YAML takes far longer than everything after it, and a reload changes one file of hundreds."""
    return _parsed(text, shown)


@lru_cache(maxsize=1024)
def _parsed(text: str, shown: str) -> tuple[Document, list[Problem]]:
    try:
        node = _composed(text)
    except _Unreadable as err:
        return _nothing(shown, err.line, err.message)
    if node is None:
        return Document(shown, {}, {}), []
    if not isinstance(node, MappingNode):
        return _nothing(shown, 1, "must be a mapping of `key: value` lines")
    return _Construction(shown).document(node)


class _Unreadable(Exception):  # noqa: N818 — a file's state, caught in this module
    """What keeps the whole file from being read."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        self.message = message
        super().__init__(message)


def _composed(text: str) -> Node | None:
    deep = _TOO_DEEP.search(text)
    if deep is not None:
        raise _Unreadable(text.count("\n", 0, deep.start()) + 1, f"nested too deeply (more than {MAX_DEPTH} levels)")
    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as err:
        raise _Unreadable(_error_line(err), _syntax_message(err, text)) from err
    except ReaderError as err:
        line = text.count("\n", 0, err.position) + 1
        raise _Unreadable(line, "a control character, which YAML does not allow; remove it") from err
    except RecursionError as err:
        raise _Unreadable(1, f"nested too deeply (more than {MAX_DEPTH} levels)") from err
    except YAMLError as err:
        raise _Unreadable(1, f"not valid YAML: {err}") from err
    return node


def _nothing(shown: str, line: int, message: str) -> tuple[Document, list[Problem]]:
    return Document(shown, {}, {}), [Problem(shown, line, "", message)]


def _error_line(err: MarkedYAMLError) -> int:
    mark = err.problem_mark or err.context_mark
    return int(mark.line) + 1 if mark is not None else 1


def _syntax_message(err: MarkedYAMLError, text: str) -> str:
    if "another document" in str(err.problem):
        return "a second document after ---; one file holds one, so move it to a file of its own"
    what = str(err.problem).replace("<scalar>", "text").replace("<block end>", "the end of the block")
    message = f"not valid YAML: {what}"
    lines = text.splitlines()
    around = lines[max(0, _error_line(err) - 2) : _error_line(err)]
    if any("${" in line or "{{" in line for line in around):
        return f"{message} ({_QUOTE_IT})"
    if "mapping values are not allowed" in what:
        return f'{message} (put a value that holds ": " in quotes, and check the indentation)'
    if "'\\t'" in what:
        return f"{message} (indent with spaces, not with a tab)"
    if err.context_mark is not None:
        return f"{message} ({err.context} that starts on line {err.context_mark.line + 1})"
    return message


class _Refused(Exception):  # noqa: N818 — a stop, caught in this module
    """The file asks for too much; reading stops."""


class _Construction:
    """Turns one composed node tree into values, places and problems."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._places: dict[Path, Place] = {}
        self._problems: list[Problem] = []
        self._values = 0
        self._open: set[int] = set()

    def document(self, node: MappingNode) -> tuple[Document, list[Problem]]:
        try:
            value = self._mapping(node, ())
        except _Refused:
            value = {}
        return Document(self._shown, value, self._places), self._problems

    def _problem(self, node: Node, path: Path, message: str) -> None:
        self._problems.append(Problem(self._shown, node.start_mark.line + 1, dotted(path), message))

    def _value(self, node: Node, path: Path) -> Any:
        self._values += 1
        if self._values > MAX_VALUES:
            message = f"more than {MAX_VALUES:,} values once its aliases are written out; write fewer, or fewer aliases"
            self._problem(node, (), message)
            raise _Refused
        if len(path) > MAX_DEPTH:
            self._problem(node, path[:3], f"nested too deeply (more than {MAX_DEPTH} levels)")
            raise _Refused
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._open:
            self._problem(node, path, "an alias inside what it names, so it never ends; write the value out")
            raise _Refused
        self._open.add(id(node))
        value = self._sequence(node, path) if isinstance(node, SequenceNode) else self._mapping(node, path)
        self._open.discard(id(node))
        return value

    def _sequence(self, node: SequenceNode, path: Path) -> list[Any]:
        for position, item in enumerate(node.value):
            self._note(item, (*path, position))
        return [self._value(item, (*path, position)) for position, item in enumerate(node.value)]

    def _mapping(self, node: Node, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = None if _is_merge(key_node) else self._key(key_node, path)
            if key is None:
                continue
            if key in lines:
                self._problem(key_node, (*path, key), f"duplicate key (first on line {lines[key]}); remove one")
                continue
            lines[key] = key_node.start_mark.line + 1
            self._note(key_node, (*path, key))
            values[key] = self._value(value_node, (*path, key))
        self._merge(node, path, values, depth=0)
        return values

    def _merge(self, node: Node, path: Path, values: dict[str, Any], depth: int) -> None:
        """`<<: *other` or `<<: [*a, *b]` in `node`: the keys of the others that are not there yet."""
        for source in _merged_into(node) if depth < MAX_DEPTH else ():
            if not isinstance(source, MappingNode):
                self._problem(source, path, "`<<` takes a mapping, or a list of mappings")
                continue
            for key_node, value_node in source.value:
                key = None if _is_merge(key_node) else self._key(key_node, path)
                if key is not None and key not in values:
                    self._note(key_node, (*path, key))
                    values[key] = self._value(value_node, (*path, key))
            self._merge(source, path, values, depth + 1)

    def _key(self, node: Node, path: Path) -> str | None:
        if isinstance(node, ScalarNode):
            return str(node.value)
        self._problem(node, path, f"a key must be text ({_QUOTE_IT})")
        return None

    def _note(self, node: Node, path: Path) -> None:
        self._places[path] = Place(self._shown, node.start_mark.line + 1, path)

    def _scalar(self, node: Node, path: Path) -> Any:
        text = str(node.value)
        kind = str(node.tag).removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return int(text) if text.lstrip("-").isdecimal() and str(int(text)) == text else text
        if kind == "float":
            return self._float(node, text, path)
        if kind not in {"str", "timestamp"}:
            self._problem(node, path, f"the YAML tag {node.tag} is not supported; write plain text")
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            self._problem(node, path, "half of a surrogate pair, which is not text; write the character itself")
            return ""
        return text

    def _float(self, node: Node, text: str, path: Path) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan  # .nan and .inf, as YAML spells them
        if not math.isfinite(number):
            self._problem(node, path, f"{text} is not a number that JSON can carry; put it in quotes if it is text")
            return 0.0
        return number


def _is_merge(key: Node) -> bool:
    return str(key.tag) == f"{_TAG}merge"


def _merged_into(node: Node) -> list[Node]:
    """The nodes that `<<` names in a mapping."""
    sources: list[Node] = []
    for key, value in node.value:
        if _is_merge(key):
            sources += value.value if isinstance(value, SequenceNode) else [value]
    return sources
