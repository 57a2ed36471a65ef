"""Hub and prober on one machine know each other by the same token, and nobody by an empty one."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.datadir import DataDirectory
from app.errors import UserError
from app.hub.assembly import Surroundings, region_tokens
from app.hub.prober_api import token_hash
from app.region_token import region_token
from config.model import Config, Region, Settings


def test_a_declared_token_is_the_one_at_both_ends(tmp_path: Path) -> None:
    region, data, environ = Region(name="local", token="${env:T}"), DataDirectory(tmp_path), {"T": "hush\n"}
    config = Config(root=tmp_path, version="v1", integrations=(), settings=Settings(regions=(region,)))
    hashes = region_tokens(config, Surroundings(data, environ))
    assert hashes == {"local": token_hash(region_token(region, data, environ))} == {"local": token_hash("hush")}


def test_a_token_that_this_machine_lacks_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"region eu: .*environment variable T is not set"):
        region_token(Region(name="eu", token="${env:T}"), DataDirectory(tmp_path), {})


@pytest.mark.parametrize("written", ["", "\n"])
def test_an_empty_token_lets_nobody_in(tmp_path: Path, written: str) -> None:
    (tmp_path / "prober-local.token").write_text(written)
    with pytest.raises(UserError, match="is empty"):
        region_token(Region(name="local"), DataDirectory(tmp_path), {})
    with pytest.raises(UserError, match="is empty"):
        region_token(Region(name="eu", token="${env:T:-}"), DataDirectory(tmp_path), {})
