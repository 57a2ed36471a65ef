"""`python -m probes.agent --hub URL --region R --data DIR`: a prober without the rest of Leadline around it."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from probes.agent.process import run_agent
from probes.agent.settings import AgentError, AgentSettings

TOKEN_VARIABLE = "LEADLINE_PROBER_TOKEN"  # noqa: S105 - the name of a variable, not a token


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM → 0; 2 when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m probes.agent", description=__doc__)
    parser.add_argument("--hub", required=True, help="the hub's address, http://… or https://…")
    parser.add_argument("--region", default="local", help="the region that this prober measures from")
    parser.add_argument("--data", type=Path, default=Path(".leadline"), help="where outbox, cache and token live")
    options = parser.parse_args(arguments)
    try:
        settings = AgentSettings(
            hub_url=options.hub,
            region=options.region,
            token=_token(options.data, options.region),
            data=options.data,
            environ=os.environ,
        )
        asyncio.run(run_agent(settings))
    except AgentError as err:
        sys.stderr.write(f"{err}\n")
        return 2
    return 0


def _token(data: Path, region: str) -> SecretStr:
    path = data / f"prober-{region}.token"
    text = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not text and path.is_file():
        text = path.read_text(encoding="utf-8").strip()
    if not text:
        raise AgentError(f"no token: set {TOKEN_VARIABLE}, or write the region's token into {path}")
    return SecretStr(text)


if __name__ == "__main__":
    sys.exit(main())
