"""The formats of a report, and a process of its own that makes them.

Drawing takes a second and 150 MB: `python -m alerts.reports.rendering FOLDER html pdf …` reads a document as JSON and
writes one file a format into the folder, so that the hub stays small and a drawing that hangs can be ended.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from alerts.reports.document import Document, as_json, from_json
from alerts.reports.markdown import as_markdown

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
}
"""The formats that people ask for, each with what it is to a browser."""


def _html(document: Document) -> dict[str, bytes]:
    from alerts.reports.html import as_page

    return {"html": as_page(document).encode()}


def _pdf(document: Document) -> dict[str, bytes]:
    from alerts.reports.pdf import as_pdf

    return {"pdf": as_pdf(document)}


def _mail(document: Document) -> dict[str, bytes]:
    """The HTML of a mail and its pictures."""
    from zoneinfo import ZoneInfo

    from alerts.reports.charts import as_png
    from alerts.reports.html import as_mail

    zone = ZoneInfo(document.time_zone)
    pictures = {f"mail/chart-{n}.png": as_png(chart, zone) for n, chart in enumerate(document.charts, 1)}
    return {"mail.html": as_mail(document).encode(), **pictures}


LIGHT: Final = frozenset({"md", "json"})
"""What needs no process of its own."""

RENDERERS: Final[Mapping[str, Callable[[Document], dict[str, bytes]]]] = {
    "html": _html,
    "pdf": _pdf,
    "md": lambda document: {"md": as_markdown(document).encode()},
    "json": lambda document: {"json": as_json(document).encode()},
    "mail": _mail,
}
"""Format → its files by name."""


def render(document: Document, formats: tuple[str, ...]) -> dict[str, bytes]:
    """The files of those formats, by name."""
    return {name: content for form in formats for name, content in RENDERERS[form](document).items()}


def main(folder: Path, formats: tuple[str, ...]) -> None:
    """From standard input into the folder."""
    # Whoever measures and pages comes first.
    os.nice(10)
    document = from_json(sys.stdin.buffer.read().decode())
    for name, content in render(document, formats).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]), tuple(sys.argv[2:]))
