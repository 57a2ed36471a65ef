"""The document that every report is: sections of words, figures, tables, charts and a timeline.

Every text is plain: no renderer takes a character of it for markup, whoever wrote it. Instants are aware UTC, shares
0…1, and a figure without data is None.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter

VERSION: Final = 1
"""Of the JSON: within one version fields are only ever added."""


class Mark(StrEnum):
    """How something is to be taken; shown by a word or a shape as well as by a colour."""

    NONE = ""
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


class Kind(StrEnum):
    """Which report it is."""

    INCIDENT = "incident"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: what people read, and the figure behind it where there is one."""

    text: str
    value: float | None = None
    mark: Mark = Mark.NONE
    link: str = ""
    """http or https; anything else is shown as text only."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: `shown` is what people read, `window` what it is about, `n` how many samples it is made of."""

    name: str
    """Stable, for programs: `mttd`."""
    label: str
    shown: str
    value: float | None = None
    unit: str = ""
    window: str = ""
    n: int | None = None
    mark: Mark = Mark.NONE


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences."""

    text: str
    mark: Mark = Mark.NONE
    type: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers side by side."""

    items: tuple[Figure, ...]
    type: Literal["figures"] = "figures"


@dataclass(frozen=True, slots=True)
class Column:
    """Head of a column of a table; numbers stand to the right."""

    label: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a caption; `empty` is said where there is none, `note` states unit, window and what is left out."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = "none"
    note: str = ""
    type: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart. A value of None is a gap."""

    label: str
    t_ms: tuple[float, ...]
    values: tuple[float | None, ...]
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """What was normal: from `low` to `high`."""

    label: str
    t_ms: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Counts by bucket of time, stacked in the order of the list."""

    label: str
    t_ms: tuple[float, ...]
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time to be seen at a glance: the incident."""

    label: str
    start_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture over time with its unit; `alt` says what it shows to who cannot see it."""

    title: str
    unit: str
    alt: str
    lines: tuple[Line, ...] = ()
    bars: tuple[Bars, ...] = ()
    bands: tuple[Band, ...] = ()
    spans: tuple[Span, ...] = ()
    bucket_ms: float = 0.0
    """Width of the bars."""
    note: str = ""
    """Window, bucket and sample count."""
    type: Literal["chart"] = "chart"

    @property
    def has_data(self) -> bool:
        """Whether anything was measured."""
        drawn = [one.values for one in self.lines] + [one.values for one in self.bars]
        return any(value is not None for values in drawn for value in values)


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a timeline."""

    at: datetime
    kind: str
    text: str
    who: str = ""
    after: str = ""
    """How long after the first one."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened, in order."""

    moments: tuple[Moment, ...]
    type: Literal["timeline"] = "timeline"


@dataclass(frozen=True, slots=True)
class Checklist:
    """Things to do, with room for who and until when; empty lines to be filled in."""

    items: tuple[str, ...]
    blanks: int = 3
    type: Literal["checklist"] = "checklist"


Block = Annotated[
    Paragraph | Figures | Table | Chart | Timeline | Checklist,
    Field(discriminator="type"),
]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it; `name` is stable, for links and programs."""

    name: str
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    kind: Kind
    key: str
    """Of which incident or week: `20261122-030000-hubspot`, `2026-W47`."""
    title: str
    subtitle: str
    generated_at: datetime
    time_zone: str
    """Whose wall clock the texts tell the time by."""
    summary: tuple[str, ...]
    sections: tuple[Section, ...]
    so_far: bool = False
    """Whether what it is about still goes on."""
    link: str = ""
    """Where the hub shows it."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What a program needs of it without reading tables: numbers and identifiers."""

    @property
    def file_name(self) -> str:
        """Without its ending."""
        return f"{self.kind}-{safe(self.key)}"

    @property
    def charts(self) -> tuple[Chart, ...]:
        """In the order in which they stand."""
        return tuple(block for section in self.sections for block in section.blocks if isinstance(block, Chart))


_ADAPTER: Final = TypeAdapter(Document)


def safe(name: str) -> str:
    """As part of the name of a file: letters, digits and `-_.` only, and never a dot first."""
    kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in name)
    return kept.lstrip(".")[:120] or "report"


def as_json(document: Document) -> str:
    """`{"version": 1, "report": …}`, in the order of the fields."""
    told = {"version": VERSION, "report": _ADAPTER.dump_python(document, mode="json")}
    return json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def from_json(text: str) -> Document:
    """The document that `as_json` wrote; raises ValueError for anything else."""
    told = json.loads(text)
    if not isinstance(told, dict) or told.get("version") != VERSION:
        raise ValueError("not a report of this version")
    return _ADAPTER.validate_python(told["report"])


def is_address(text: str) -> bool:
    """Whether a reader may be sent there: a web address without a space or a quote in it."""
    return text.startswith(("http://", "https://")) and not any(c.isspace() or c in "<>\"'`\\" for c in text)


def paragraphs(sentences: Sequence[str]) -> tuple[Paragraph, ...]:
    """One each."""
    return tuple(Paragraph(sentence) for sentence in sentences)


def row(*cells: str | Cell) -> tuple[Cell, ...]:
    """A row of a table; a text is a cell without a figure."""
    return tuple(Cell(cell) if isinstance(cell, str) else cell for cell in cells)


def columns(*labels: str) -> tuple[Column, ...]:
    """Heads of columns; one that begins with `#` is of numbers."""
    return tuple(Column(label.removeprefix("#"), number=label.startswith("#")) for label in labels)
