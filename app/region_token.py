"""The bearer token by which a region's prober and the hub know each other; both ends ask here on one machine."""

from __future__ import annotations

from collections.abc import Mapping

from app.datadir import DataDirectory
from app.errors import UserError
from config.model import Region
from config.secrets import UnresolvedReference, resolve


def region_token(region: Region, data: DataDirectory, environ: Mapping[str, str]) -> str:
    """The declared one, or the one that this machine's own prober uses.

    `UserError` for one that this machine lacks, or that is empty: by that, nobody could be told from anybody.
    """
    try:
        token = resolve(region.token, environ) if region.token else data.prober_token(region.name)
    except UnresolvedReference as err:
        raise UserError(f"leadline.yaml: token of region {region.name}: {err}") from None
    if not token.strip():
        raise UserError(f"the token of region {region.name} is empty; give it one that nobody can guess")
    return token.strip()
