"""A report as one HTML file: no script, nothing loaded from anywhere, light and dark, screen, phone and paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from alerts.reports.document import (
    Block,
    Cell,
    Chart,
    Checklist,
    Document,
    Figure,
    Figures,
    Mark,
    Moment,
    Paragraph,
    Section,
    Table,
    Timeline,
    is_address,
)
from alerts.reports.wording import at_time

_CSS: Final = Path(__file__).with_name("page.css")
MARKS: Final = {Mark.NONE: "", Mark.GOOD: "✓\u00a0", Mark.WARN: "▲\u00a0", Mark.BAD: "■\u00a0"}
"""A shape beside the colour."""

_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?( \S{1,6})?)?$")
Drawn = Callable[[Chart, int], str]
"""A chart and its number → the element that shows it."""


def as_page(document: Document) -> str:
    """For a browser. Charts are inline SVG, so letters can be searched and colours follow the reader's."""
    from alerts.reports.charts import NARROW, as_svg

    zone = ZoneInfo(document.time_zone)

    def drawn(chart: Chart, number: int) -> str:
        wide, narrow = as_svg(chart, zone, f"w{number}"), as_svg(chart, zone, f"n{number}", NARROW)
        alt = _attribute(chart.alt)
        return f'<div class="wide" role="img" aria-label="{alt}">{wide}</div><div class="narrow">{narrow}</div>'

    return _document(document, _css(), drawn, contents=True)


def as_mail(document: Document) -> str:
    """For a mail program: light, without variables; pictures are parts of the mail, `cid:chart-1.png` and so on."""

    def drawn(chart: Chart, number: int) -> str:
        return f'<img src="cid:chart-{number}.png" alt="{_attribute(chart.alt)}" width="640" style="max-width:100%">'

    return _document(document, _light(), drawn, contents=False)


def _document(document: Document, css: str, drawn: Drawn, *, contents: bool) -> str:
    zone = ZoneInfo(document.time_zone)
    counter = iter(range(1, len(document.charts) + 1))
    sections = "".join(
        _section(section, zone, lambda chart: drawn(chart, next(counter))) for section in document.sections
    )
    links = "".join(f'<a href="#{_attribute(s.name)}">{_text(s.heading)}</a>' for s in document.sections)
    so_far = '<div class="sofar">So far: this still goes on</div>' if document.so_far else ""
    made = f"Made by Leadline at {at_time(document.generated_at, zone)}"
    where = f' · <a href="{_attribute(document.link)}">{_text(document.link)}</a>' if is_address(document.link) else ""
    nav = f'<nav aria-label="Sections">{links}</nav>' if contents else ""
    lead = "".join(f"<p>{_text(sentence)}</p>" for sentence in document.summary)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(document.title)}</title><style>{css}</style></head>\n<body><main>"
        f'<header>{so_far}<h1>{_text(document.title)}</h1><div class="sub">{_text(document.subtitle)}</div></header>'
        f'<section class="lead" id="summary">{lead}</section>'
        f'{nav}{sections}<footer class="made"><p>{made}{where}</p></footer></main></body></html>\n'
    )


def _section(section: Section, zone: ZoneInfo, drawn: Callable[[Chart], str]) -> str:
    blocks = "\n".join(_block(block, zone, drawn) for block in section.blocks)
    return f'<section id="{_attribute(section.name)}"><h2>{_text(section.heading)}</h2>\n{blocks}</section>\n'


def _block(block: Block, zone: ZoneInfo, drawn: Callable[[Chart], str]) -> str:
    match block:
        case Paragraph():
            return f'<p class="{block.mark}">{MARKS[block.mark]}{_text(block.text)}</p>'
        case Figures():
            return f'<div class="figures">{"".join(map(_figure, block.items))}</div>'
        case Table():
            return _table(block)
        case Chart():
            return _chart(block, drawn)
        case Timeline():
            return _timeline(block, zone)
        case Checklist():
            return _checklist(block)


def _figure(figure: Figure) -> str:
    about = " · ".join(part for part in (figure.window, f"n = {figure.n:,}" if figure.n is not None else "") if part)
    shown = f"{MARKS[figure.mark]}{_text(figure.shown)}"
    return (
        f'<div class="figure"><div class="label">{_text(figure.label)}</div>'
        f'<div class="shown {figure.mark}">{shown}</div><div class="window">{_text(about)}</div></div>'
    )


def _table(table: Table) -> str:
    note = f'<p class="note">{_text(table.note)}</p>' if table.note else ""
    if not table.rows:
        return f'<p><b>{_text(table.caption)}</b></p><p class="empty">{_text(table.empty)}</p>{note}'
    head = "".join(f'<th scope="col"{_number(c.number)}>{_text(c.label)}</th>' for c in table.columns)
    rows = "".join(
        f"<tr>{''.join(_cell(cell, c.number) for cell, c in zip(cells, table.columns, strict=True))}</tr>\n"
        for cells in table.rows
    )
    label = _attribute(table.caption)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>'
        f"<caption>{_text(table.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{note}"
    )


def _cell(cell: Cell, number: bool) -> str:
    kind = "n" if number else "t" if _INSTANT.match(cell.text) else ""
    classes = " ".join(name for name in (kind, str(cell.mark)) if name)
    text = _text(cell.text)
    shown = f'<a href="{_attribute(cell.link)}">{text}</a>' if is_address(cell.link) else text
    opening = f'<td class="{classes}">' if classes else "<td>"
    return f"{opening}{MARKS[cell.mark]}{shown}</td>"


def _number(number: bool) -> str:
    return ' class="n"' if number else ""


def _chart(chart: Chart, drawn: Callable[[Chart], str]) -> str:
    picture = drawn(chart)
    shown = picture if chart.has_data else '<p class="empty">no data in this window</p>'
    note = f"<figcaption>{_text(chart.note)}</figcaption>" if chart.note else ""
    return f'<figure><div class="title">{_text(chart.title)}</div>{shown}{note}</figure>'


def _timeline(timeline: Timeline, zone: ZoneInfo) -> str:
    if not timeline.moments:
        return '<p class="empty">nothing is known of its course</p>'
    return f'<ol class="timeline">{"".join(_moment(moment, zone) for moment in timeline.moments)}</ol>'


def _moment(moment: Moment, zone: ZoneInfo) -> str:
    who = f" <i>({_text(moment.who)})</i>" if moment.who else ""
    return (
        f'<li><time datetime="{moment.at.isoformat()}">{at_time(moment.at, zone)}</time>'
        f'<span class="after">{_text(moment.after)}</span>'
        f'<span class="text"><b>{_text(moment.kind)}</b> {_text(moment.text)}{who}</span></li>\n'
    )


def _checklist(checklist: Checklist) -> str:
    lines = (*checklist.items, *[""] * checklist.blanks)
    items = "".join(
        f'<li><span class="box"></span><span class="what">{_text(line) or "&nbsp;"}</span>'
        '<span class="who">who:</span><span class="when">by when:</span></li>'
        for line in lines
    )
    return f'<ul class="todo">{items}</ul>'


def _text(text: str) -> str:
    """Nothing in it is markup, and nothing in it is obeyed: not even the marks that turn the direction of writing."""
    return escape(_printable(text), quote=False)


def _attribute(text: str) -> str:
    return escape(_printable(text), quote=True)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "�" for letter in text)


@lru_cache(maxsize=1)
def _css() -> str:
    return re.sub(r"\s+", " ", _CSS.read_text(encoding="utf-8")).strip()


@lru_cache(maxsize=1)
def _light() -> str:
    """The first colours in the place of the variables; what asks for a screen is left out."""
    css = _CSS.read_text(encoding="utf-8")
    colours = dict(re.findall(r"--(\w+): (#\w+)", css[: css.index("* {")]))
    plain = css[css.index("* {") : css.index("@media (prefers-color-scheme")]
    return re.sub(r"\s+", " ", re.sub(r"var\(--(\w+)\)", lambda found: colours[found[1]], plain)).strip()
