"""Whatever vendors and people write into a report, no format takes it for anything but words."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.reports import markdown
from alerts.reports.charts import COLOURS, as_png, as_svg
from alerts.reports.document import (
    Bars,
    Cell,
    Chart,
    Checklist,
    Document,
    Figure,
    Figures,
    Kind,
    Line,
    Mark,
    Moment,
    Paragraph,
    Section,
    Span,
    Table,
    Timeline,
    as_json,
    columns,
    from_json,
    row,
    safe,
)
from alerts.reports.html import as_mail, as_page
from alerts.reports.pdf import as_pdf

AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"' onload=x [a](javascript:alert(3)) | a | `b` **c** @here "
    "<!channel> $x^2$ \\frac & =cmd|' /C calc'!A0 \u202egnp.exe\u0007 https://evil.example.com → · × –"
)


def document(words: str, **more: Any) -> Document:
    t_ms = tuple(AT.timestamp() * 1000 + place * 300_000 for place in range(6))
    values = (1.0, 2.0, None, 4.0, None, 3.0)
    chart = Chart(
        words, words, words, (Line(words, t_ms, values),), (), (), (Span(words, t_ms[1], t_ms[2]),), note=words
    )
    bars = Chart(
        "Failures", "requests", words, (), (Bars(words, t_ms, values), Bars("other", t_ms, values)), bucket_ms=3e5
    )
    blocks = (
        Paragraph(words, Mark.WARN),
        Figures((Figure(words, words, words, 1.0, words, words, 3, Mark.BAD),)),
        Table(
            words, columns(words, "#n"), (row(Cell(words, link="javascript:alert(1)"), Cell("1", 1.0)),), words, words
        ),
        Table("empty", columns("a"), (), words),
        chart,
        bars,
        Timeline((Moment(AT, words, words, words, words),)),
        Checklist((words,)),
    )
    sections = (Section("one", words, blocks),)
    known: dict[str, Any] = {
        "kind": Kind.INCIDENT,
        "key": "20261122-030000-hubspot",
        **dict.fromkeys(("title", "subtitle"), words),
        "generated_at": AT,
        "time_zone": "Europe/Berlin",
        "summary": (words,),
        "sections": sections,
    }
    return Document(**{**known, **more})


class Elements(HTMLParser):
    """Every element and attribute of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("rendered", [as_page, as_mail])
def test_a_page_holds_no_script_no_handler_and_nothing_from_elsewhere(rendered: Any) -> None:
    found = Elements(rendered(document(HOSTILE)))
    assert found.tags.isdisjoint({"script", "iframe", "object", "embed", "link", "form", "base"})
    assert [name for name, _ in found.attributes if name.startswith("on")] == []
    addresses = [value for name, value in found.attributes if name in ("href", "src", "xlink:href")]
    assert all(re.match(r"#[\w-]*$|cid:chart-\d+\.png$", address) for address in addresses)
    assert "<script>alert(1)</script>" in found.text
    assert "\u202e" not in found.text


def test_pictures_of_a_page_follow_its_colours_and_those_of_a_mail_are_parts_of_it() -> None:
    page, mail = as_page(document("x")), as_mail(document("x"))
    assert "var(--s1)" in page
    assert not any(colour in page.split("</style>")[1] for colour in COLOURS.values())
    assert re.findall(r'src="(cid:[^"]+)"', mail) == ["cid:chart-1.png", "cid:chart-2.png"]
    assert "var(" not in mail


def test_an_address_is_a_link_only_if_it_is_one() -> None:
    table = Table("t", columns("a"), (row(Cell("run", link="https://leadline.example.com/run/1")),))
    page = as_page(document("x", sections=(Section("s", "S", (table,)),)))
    assert '<a href="https://leadline.example.com/run/1">run</a>' in page
    assert not any("javascript:" in address for name, address in Elements(page).attributes if name == "href")


@given(st.text(max_size=200))
def test_markdown_keeps_any_words_on_one_line_without_markup_or_link(words: str) -> None:
    shown = markdown.text(words)
    assert "\n" not in shown
    bare = re.sub(r"\\.", "", shown)
    assert not re.search(r"[`*_{}\[\]<>#|~!$&@]", bare)
    assert not re.search(r"(?i)\bhttps?://", bare)


def test_a_table_in_markdown_has_as_many_cells_in_each_row_as_in_its_head() -> None:
    lines = [line for line in markdown.as_markdown(document(HOSTILE)).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {3}


def pdf_texts(pdf: bytes) -> list[str]:
    """The strings of a PDF that is not compressed, once for each of its fonts, which say what their bytes stand for."""
    strings = [_unescaped(found) for found in re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", pdf, re.DOTALL)]
    fonts = re.findall(rb"beginbfchar(.*?)endbfchar", pdf, re.DOTALL)
    maps = [{int(code, 16): chr(int(letter, 16)) for code, letter in _PAIR.findall(font)} for font in fonts]
    return ["\n".join("".join(known.get(byte, "?") for byte in string) for string in strings) for known in maps]


_PAIR = re.compile(rb"<([0-9A-F]{2})> <([0-9A-F]{4})>")


def _unescaped(written: bytes) -> bytes:
    octal = re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), written)
    return re.sub(rb"\\(.)", lambda found: {b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(found[1], found[1]), octal)


def test_a_pdf_holds_the_words_with_their_signs_header_and_page_numbers() -> None:
    shown = pdf_texts(as_pdf(document("create → 503 · 4× – <b>"), compressed=False))
    assert any("create → 503 · 4× – <b>" in text for text in shown)
    assert any(
        "page 1" in text and "Leadline · 20261122-030000-hubspot · 2026-11-22 04:00:00 CET" in text for text in shown
    )


def test_a_pdf_is_the_same_each_time_and_takes_no_word_for_markup() -> None:
    made = as_pdf(document(HOSTILE))
    assert made == as_pdf(document(HOSTILE))
    assert made.startswith(b"%PDF-")
    assert b"/JavaScript" not in made
    assert b"javascript:" not in made
    assert b"/FontFile2" in made


def test_a_pdf_of_words_without_end_or_room_is_still_a_pdf() -> None:
    assert as_pdf(document("x" * 20_000 + " " + "→ · × – " * 2000)).startswith(b"%PDF-")


def test_json_reads_back_as_what_was_written() -> None:
    written = document(HOSTILE)
    told = json.loads(as_json(written))
    assert (told["version"], told["report"]["kind"]) == (1, "incident")
    assert from_json(as_json(written)) == written


@pytest.mark.parametrize("text", ["{}", "[]", '{"version": 2, "report": {}}', '{"version": 1, "report": {}}', "x"])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(text)


@pytest.mark.parametrize("render", [as_svg, lambda chart, zone, _: as_png(chart, zone)])
def test_a_chart_is_the_same_each_time(render: Any) -> None:
    chart, zone = document(HOSTILE).charts[1], ZoneInfo("UTC")
    assert render(chart, zone, "a") == render(chart, zone, "a")


def test_a_chart_without_data_says_so() -> None:
    nothing = Chart("t", "ms", "alt", (Line("P50", (1.0,), (None,)),))
    page = as_page(document("x", sections=(Section("s", "S", (nothing,)),)))
    assert "no data in this window" in page
    assert nothing.has_data is False


@given(st.text(max_size=300))
def test_the_name_of_a_file_leaves_its_folder_by_no_name(key: str) -> None:
    name = replace(document("x"), key=key).file_name
    assert re.fullmatch(r"incident-[A-Za-z0-9_.-]+", name)
    assert not safe(key).startswith(".")
    assert "/" not in name
