"""`public` in leadline.yaml: status pages that anybody may see, with nothing on them but what is named here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.declared import Declared
from config.scalars import Name

Shown = Annotated[str, Field(min_length=1, max_length=80)]


class PublicPage(Declared):
    """The status page of one flow, at `/status/FLOW`."""

    flow: Name = Field(description="Whose page it is: a name that integrations have under `flows`.")
    title: Shown = Field(description="What strangers read.")
    integrations: dict[Name, Shown] = Field(
        min_length=1, description="Integration → the name that strangers read; others of the flow are not shown."
    )
