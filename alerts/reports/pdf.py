"""A report as a PDF, by reportlab, in the DejaVu letters that come with matplotlib: no package of the system is needed.

The same document gives the same bytes.
"""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import matplotlib as mpl
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    Image,
    KeepTogether,
    PageTemplate,
    Spacer,
)
from reportlab.platypus import Paragraph as Flow
from reportlab.platypus import Table as Grid

from alerts.reports.charts import WIDE, as_png
from alerts.reports.document import (
    Block,
    Cell,
    Chart,
    Checklist,
    Document,
    Figure,
    Figures,
    Mark,
    Paragraph,
    Section,
    Table,
    Timeline,
    is_address,
)
from alerts.reports.wording import at_time, short

_MARGIN: Final = 16 * mm
_WIDTH: Final = A4[0] - 2 * _MARGIN
_INK, _SOFT, _RULE = (colors.HexColor(code) for code in ("#1c2733", "#4f5f6f", "#c5ced6"))
_COLOURS: Final = {
    Mark.NONE: "#1c2733", Mark.GOOD: "#0f6b45", Mark.WARN: "#8a5300", Mark.BAD: "#b3261e"
}  # fmt: skip
_MARKS: Final = {Mark.NONE: "", Mark.GOOD: "✓\u00a0", Mark.WARN: "▲\u00a0", Mark.BAD: "■\u00a0"}
_LONGEST: Final = 1_000
"""Characters of a text: a cell higher than a page cannot be set."""
_WORD: Final = 110.0
_LINE: Final = 330.0
"""Points that a word, and a line, of a table may claim."""
_PADDING: Final = 7.5
_ACROSS: Final = 4
"""Figures side by side."""


def as_pdf(document: Document, *, compressed: bool = True) -> bytes:
    """A4 pages with header and page numbers."""
    _letters()
    out = io.BytesIO()
    template = _Pages(document, out, compressed=compressed)
    zone = ZoneInfo(document.time_zone)
    template.build([*_head(document, zone), *(f for section in document.sections for f in _section(section, zone))])
    return out.getvalue()


class _Pages(BaseDocTemplate):  # type: ignore[misc]  # reportlab has no types
    """Header and page numbers; `invariant` leaves the hour of making and random identities out of the file."""

    def __init__(self, document: Document, out: io.BytesIO, *, compressed: bool) -> None:
        self._head = short(document.title, 90)
        self._foot = f"Leadline · {document.key} · {at_time(document.generated_at, ZoneInfo(document.time_zone))}"
        super().__init__(
            out, pagesize=A4, title=short(document.title, 200), author="Leadline", subject=str(document.kind),
            leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=20 * mm, bottomMargin=18 * mm, invariant=1,
            pageCompression=int(compressed), lang="en",
        )  # fmt: skip
        frame = Frame(_MARGIN, 18 * mm, _WIDTH, A4[1] - 38 * mm, 0, 0, 0, 0)
        self.addPageTemplates([PageTemplate("page", [frame], onPage=self._furniture)])

    def _furniture(self, canvas: Canvas, _: Any) -> None:
        canvas.saveState()
        canvas.setFont("DejaVu", 7.5)
        canvas.setFillColor(_SOFT)
        canvas.drawString(_MARGIN, A4[1] - 13 * mm, self._head)
        canvas.drawString(_MARGIN, 11 * mm, self._foot)
        canvas.drawRightString(A4[0] - _MARGIN, 11 * mm, f"page {canvas.getPageNumber()}")
        canvas.setStrokeColor(_RULE)
        canvas.line(_MARGIN, A4[1] - 15 * mm, A4[0] - _MARGIN, A4[1] - 15 * mm)
        canvas.restoreState()


@lru_cache(maxsize=1)
def _letters() -> None:
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for name, file in (("DejaVu", "DejaVuSans"), ("DejaVu-Bold", "DejaVuSans-Bold")):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{file}.ttf")))
    pdfmetrics.registerFontFamily("DejaVu", "DejaVu", "DejaVu-Bold", "DejaVu", "DejaVu-Bold")


def _style(size: float, *, bold: bool = False, colour: Any = _INK, after: float = 0, **more: Any) -> ParagraphStyle:
    font = "DejaVu-Bold" if bold else "DejaVu"
    return ParagraphStyle(
        "s",
        fontName=font,
        fontSize=size,
        leading=size * 1.38,
        textColor=colour,
        spaceAfter=after,
        splitLongWords=1,
        **more,
    )


_BODY: Final = _style(9, after=4)
_CELL: Final = _style(7.6)
_CELL_RIGHT: Final = _style(7.6, alignment=TA_RIGHT)
_HEAD_CELL: Final = _style(7.2, bold=True, colour=_SOFT)
_HEAD_RIGHT: Final = _style(7.2, bold=True, colour=_SOFT, alignment=TA_RIGHT)
_NOTE: Final = _style(7.2, colour=_SOFT, after=6)
_CAPTION: Final = _style(8.6, bold=True, after=3, spaceBefore=6)
_TITLE: Final = _style(16, bold=True, after=4)
_HEADING: Final = _style(12, bold=True, after=5, spaceBefore=12)


def _head(document: Document, zone: ZoneInfo) -> list[Flowable]:
    found: list[Flowable] = [Flow(_marked(document.title), _TITLE), Flow(_marked(document.subtitle), _NOTE)]
    if document.so_far:
        found.append(Flow(_marked("So far: this still goes on"), _style(10, bold=True, colour=_COLOURS[Mark.WARN])))
    found += [Flow(_marked(sentence), _style(9.6, after=4)) for sentence in document.summary]
    if is_address(document.link):
        found.append(Flow(_linked(document.link, document.link), _NOTE))
    return found


def _section(section: Section, zone: ZoneInfo) -> list[Flowable]:
    blocks = [flow for block in section.blocks for flow in _block(block, zone)]
    # Not "with the next": that would be the whole of a long table, and most of a page left empty.
    return [CondPageBreak(46 * mm), Flow(_marked(section.heading), _HEADING), *blocks]


def _block(block: Block, zone: ZoneInfo) -> list[Flowable]:
    match block:
        case Paragraph():
            return [Flow(_coloured(_MARKS[block.mark] + block.text, block.mark), _BODY)]
        case Figures():
            return _figures(block)
        case Table():
            return _table(block)
        case Chart():
            return [_chart(block, zone), Spacer(0, 6)]
        case Timeline():
            return _timeline(block, zone)
        case Checklist():
            return _checklist(block)


def _figures(figures: Figures) -> list[Flowable]:
    cells: list[Any] = [_figure(one) for one in figures.items]
    cells += [""] * (-len(cells) % _ACROSS)
    rows = [cells[first : first + _ACROSS] for first in range(0, len(cells), _ACROSS)]
    lines = [("BOX", (0, 0), (-1, -1), 0.5, _RULE), ("INNERGRID", (0, 0), (-1, -1), 0.5, _RULE)]
    return [_grid(rows, [_WIDTH / _ACROSS] * _ACROSS, lines, padding=5), Spacer(0, 8)]


def _figure(figure: Figure) -> list[Flowable]:
    about = " · ".join(part for part in (figure.window, f"n = {figure.n:,}" if figure.n is not None else "") if part)
    shown = Flow(_coloured(_MARKS[figure.mark] + figure.shown, figure.mark), _style(11, bold=True))
    label = Flow(_marked(figure.label), _style(7, colour=_SOFT))
    return [label, shown, Flow(_marked(about), _style(6.6, colour=_SOFT))]


def _table(table: Table) -> list[Flowable]:
    caption = Flow(_marked(table.caption), _CAPTION)
    note = [Flow(_marked(table.note), _NOTE)] if table.note else []
    if not table.rows:
        return [KeepTogether([caption, Flow(_marked(table.empty), _NOTE), *note])]
    head = [Flow(_marked(c.label), _HEAD_RIGHT if c.number else _HEAD_CELL) for c in table.columns]
    rows = [[_cell(cell, right=c.number) for cell, c in zip(cells, table.columns, strict=True)] for cells in table.rows]
    lines = [("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE)]
    return [CondPageBreak(30 * mm), caption, _grid([head, *rows], _widths(table), lines, heads=1), Spacer(0, 3), *note]


def _widths(table: Table) -> list[float]:
    """Each as wide as its longest word; what is left of the page goes to who has more to say."""
    least, wanted = [], []
    for place, column in enumerate(table.columns):
        texts = [_MARKS[cells[place].mark] + cells[place].text[:_LONGEST] for cells in table.rows]
        words = [word for text in texts for word in text.split()]
        head = max((_long(word, _HEAD_CELL) for word in column.label.split()), default=0.0)
        least.append(min(_WORD, max([head, *(_long(word, _CELL) for word in words)])) + _PADDING)
        wanted.append(min(_LINE, max([head, *(_long(text, _CELL) for text in texts)])) + _PADDING)
    spare = _WIDTH - sum(least)
    if spare <= 0:
        return [_WIDTH * part / sum(least) for part in least]
    more = [want - low for want, low in zip(wanted, least, strict=True)]
    each = min(1.0, spare / (sum(more) or 1.0))
    widths = [low + each * extra for low, extra in zip(least, more, strict=True)]
    return [width * _WIDTH / sum(widths) for width in widths]


def _long(text: str, style: ParagraphStyle) -> float:
    return float(pdfmetrics.stringWidth(text, style.fontName, style.fontSize))


def _cell(cell: Cell, *, right: bool) -> Flow:
    text = (
        _linked(cell.text, cell.link) if is_address(cell.link) else _coloured(_MARKS[cell.mark] + cell.text, cell.mark)
    )
    return Flow(text, _CELL_RIGHT if right else _CELL)


def _chart(chart: Chart, zone: ZoneInfo) -> Flowable:
    title = Flow(_marked(f"{chart.title} ({chart.unit})" if chart.unit else chart.title), _CAPTION)
    picture: Flowable = Flow(_marked("no data in this window"), _NOTE)
    if chart.has_data:
        picture = Image(io.BytesIO(as_png(chart, zone)), width=_WIDTH, height=_WIDTH * WIDE[1] / WIDE[0])
    return KeepTogether([title, picture, Flow(_marked(chart.note), _NOTE)])


def _timeline(timeline: Timeline, zone: ZoneInfo) -> list[Flowable]:
    if not timeline.moments:
        return [Flow(_marked("nothing is known of its course"), _NOTE)]
    rows = [
        [
            Flow(_marked(at_time(m.at, zone)), _CELL),
            Flow(_marked(m.after), _style(7.6, colour=_SOFT)),
            Flow(f"<b>{_marked(m.kind)}</b> {_marked(m.text)}" + (f" ({_marked(m.who)})" if m.who else ""), _CELL),
        ]
        for m in timeline.moments
    ]
    widths = [39 * mm, 20 * mm, _WIDTH - 59 * mm]
    return [_grid(rows, widths, [("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE)])]


def _checklist(checklist: Checklist) -> list[Flowable]:
    lines = (*checklist.items, *[""] * checklist.blanks)
    rows = [
        [Flow("☐", _style(11)), Flow(_marked(line), _CELL), Flow("who:", _NOTE), Flow("by when:", _NOTE)]
        for line in lines
    ]
    widths = [8 * mm, _WIDTH - 78 * mm, 40 * mm, 30 * mm]
    return [_grid(rows, widths, [("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE)], padding=4)]


def _grid(rows: list[Any], widths: list[float], lines: list[Any], *, padding: float = 2.5, heads: int = 0) -> Grid:
    own = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), max(padding, 2)),
        ("RIGHTPADDING", (0, 0), (-1, -1), max(padding, 4)), ("TOPPADDING", (0, 0), (-1, -1), padding),
        ("BOTTOMPADDING", (0, 0), (-1, -1), padding),
    ]  # fmt: skip
    return Grid(rows, colWidths=widths, style=[*own, *lines], repeatRows=heads, hAlign="LEFT", splitInRow=1)


def _marked(text: str) -> str:
    """Plain text for a paragraph, whose mark-up is a kind of XML."""
    shown = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return escape("".join(letter if letter.isprintable() else " " for letter in shown))


def _coloured(text: str, mark: Mark) -> str:
    return f'<font color="{_COLOURS[mark]}">{_marked(text)}</font>' if mark else _marked(text)


def _linked(text: str, address: str) -> str:
    quoted = escape(address, {'"': "&quot;"})
    return f'<a href="{quoted}" color="#0b5cad">{_marked(text)}</a>'
