"""`status_page` of an integration: where its vendor tells of its own health."""

from __future__ import annotations

from pydantic import Field

from config.declared import Declared
from config.scalars import Name


class StatusPage(Declared):
    """The vendor's own word, which is joined to what the probes see."""

    url: str = Field(
        description="Statuspage: the page's address. status.io: that of its public JSON. Atom or RSS: the feed's."
    )
    kind: Name = Field(description="How it is read: statuspage, statusio or atom.")
    components: tuple[str, ...] = Field(
        (), description="The components that you depend on, by their names on the page. Default: the page as a whole."
    )
