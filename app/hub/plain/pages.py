"""Pages without Dash and without a script: sign-in, sessions, and status pages for strangers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

_HERE: Final = Path(__file__).parent / "templates"
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
STYLE: Final = (_HERE / "plain.css").read_text()


def page(template: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any) -> HTMLResponse:
    """The filled-in template; nothing in it is kept by a cache unless `headers` say so."""
    text = _TEMPLATES.get_template(template).render(**values)
    more = {"Cache-Control": "no-store", "Content-Security-Policy": POLICY} | (headers or {})
    return HTMLResponse(text, status, more)
