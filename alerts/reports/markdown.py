"""A report as Markdown (GitHub's tables), for a ticket, a wiki, a terminal."""

from __future__ import annotations

import re
from typing import Final
from zoneinfo import ZoneInfo

from alerts.reports.document import (
    Block,
    Cell,
    Chart,
    Checklist,
    Document,
    Figures,
    Mark,
    Paragraph,
    Table,
    Timeline,
    is_address,
)
from alerts.reports.wording import at_time

_ACTIVE: Final = re.compile(r"([\\`*_{}\[\]<>#|~!$&@])")
"""What Markdown, the HTML in it, and the places that people paste it into would take for markup or for a mention."""
_LINE_START: Final = re.compile(r"^(\s*)([-+=]|\d+[.)])(?=\s|$|-|=)")
_SCHEME: Final = re.compile(r"(?i)\b(https?|ftp|www|mailto)(:|\.)(?=\S)")
_MARKS: Final = {Mark.NONE: "", Mark.GOOD: "✓ ", Mark.WARN: "▲ ", Mark.BAD: "■ "}


def as_markdown(document: Document) -> str:
    """Charts are told in words: Markdown has none."""
    zone = ZoneInfo(document.time_zone)
    so_far = ["**So far: this still goes on.**", ""] if document.so_far else []
    lines = [f"# {text(document.title)}", "", f"_{text(document.subtitle)}_" if document.subtitle else "", "", *so_far]
    for sentence in document.summary:
        lines += [text(sentence), ""]
    for section in document.sections:
        lines += [f"## {text(section.heading)}", ""]
        for block in section.blocks:
            lines += [*_block(block, zone), ""]
    made = f"Made by Leadline at {at_time(document.generated_at, zone)}"
    lines += ["---", "", made + (f" · <{document.link}>" if is_address(document.link) else "")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def text(words: str) -> str:
    """Plain text that stays plain: no markup, no link, no mention, no second line."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
    line = _ACTIVE.sub(r"\\\1", line)
    # A word joiner, so that nobody's renderer makes a link of what somebody else wrote.
    line = _SCHEME.sub("\\1\u2060\\2", line)
    return _LINE_START.sub(r"\1\\\2", line)


def _block(block: Block, zone: ZoneInfo) -> list[str]:
    match block:
        case Paragraph():
            return [f"{_MARKS[block.mark]}{text(block.text)}"]
        case Figures():
            return _figures(block)
        case Table():
            return _table(block)
        case Chart():
            return [f"_{text(block.title)}: {text(block.alt)}_"]
        case Timeline():
            return [
                f"- {at_time(m.at, zone)}{f' ({text(m.after)})' if m.after else ''} **{text(m.kind)}** {text(m.text)}"
                + (f" ({text(m.who)})" if m.who else "")
                for m in block.moments
            ] or ["_nothing is known of its course_"]
        case Checklist():
            return [f"- [ ] {text(line)}" for line in block.items] + ["- [ ] …"] * block.blanks


def _figures(figures: Figures) -> list[str]:
    rows = []
    for one in figures.items:
        about = " · ".join(p for p in (one.window, f"n = {one.n:,}" if one.n is not None else "") if p)
        rows.append(
            f"- {text(one.label)}: **{_MARKS[one.mark]}{text(one.shown)}**" + (f" ({text(about)})" if about else "")
        )
    return rows


def _table(table: Table) -> list[str]:
    note = ["", f"_{text(table.note)}_"] if table.note else []
    if not table.rows:
        return [f"**{text(table.caption)}**: _{text(table.empty)}_", *note]
    head = "| " + " | ".join(text(c.label) or " " for c in table.columns) + " |"
    rule = "|" + "|".join("---:" if c.number else "---" for c in table.columns) + "|"
    rows = ["| " + " | ".join(map(_cell, cells)) + " |" for cells in table.rows]
    return [f"**{text(table.caption)}**", "", head, rule, *rows, *note]


def _cell(cell: Cell) -> str:
    shown = text(cell.text)
    if is_address(cell.link) and shown:
        address = cell.link.replace("(", "%28").replace(")", "%29").replace("|", "%7C")
        shown = f"[{shown}]({address})"
    return f"{_MARKS[cell.mark]}{shown}"
