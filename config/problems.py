"""What is wrong with a configuration: where, what, and the remedy."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Keys and list positions from a file's top to a value."""

Finding = tuple[Path, str]
"""Where within a file, and the message with its remedy."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One mistake. `path` is dotted (`workflows[0].steps[2].expect.jsn`), empty for the file as a whole."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.path}: {self.message}" if self.path else f"{where}: {self.message}"


class ConfigError(Exception):
    """A configuration that cannot be used. Holds every problem found, sorted by file and line; never a secret."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def dotted(path: Path) -> str:
    """`("workflows", 0, "expect", "json", "$.id")` → `workflows[0].expect.json["$.id"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


def parse_dotted(text: str) -> Path:
    """The reverse of `dotted`."""
    parts = re.findall(r'\["(.*?)"\]|\[(\d+)\]|([^.\[\]]+)', text)
    return tuple(quoted or plain or int(number) for quoted, number, plain in parts)


def did_you_mean(word: str, known: Iterable[str], *, label: str = "known") -> str:
    """The end of a message about an unknown word: the nearest known one, or all of them."""
    names = sorted(set(known))
    near = nearest(word, names)
    if near is not None:
        return f'(did you mean "{near}"?)'
    return f"({label}: {', '.join(names)})" if names else "(there are none)"


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that `word` looks like a slip of, if any."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return close[0] if close else None
