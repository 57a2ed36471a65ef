"""What vendors say of themselves: how each kind of status page is read, one file and one line a kind."""

from __future__ import annotations

from typing import Final

from alerts.status_pages import atom, statusio, statuspage
from alerts.status_pages.model import PageKind

STATUS_PAGES: Final[dict[str, PageKind]] = {
    "statuspage": statuspage.KIND,
    "statusio": statusio.KIND,
    "atom": atom.KIND,
}
