"""As many integrations as anybody has, for the benchmarks of the store."""

from __future__ import annotations

from typing import Final

from config.model import Config, Integration
from tests.benchmarks.processes import ROOT

CROWD: Final = 354
REGIONS: Final = ("eu", "us", "ap")
STEPS: Final = 5


def crowd(every: str, count: int = CROWD) -> Config:
    """Integrations of one workflow of five steps in three regions; four objectives each, every threshold its own."""
    steps = [{"name": f"step-{n}", "request": {"path": f"/{n}"}} for n in range(STEPS)]
    flow = {"name": "flow", "every": every, "regions": list(REGIONS), "steps": steps}

    def one(n: int) -> Integration:
        promised = [
            {"sli": "availability", "target": "99.9%"},
            {"sli": "latency", "target": "95%", "threshold": f"{150 + n}ms"},
            {"sli": "server_errors", "target": "99.5%"},
            {"sli": "correctness", "target": "99.9%"},
        ]
        declared = {"integration": f"vendor-{n:03}", "base_url": "https://api.example.com", "workflows": [flow]}
        return Integration.model_validate(declared | {"objectives": promised})

    return Config(root=ROOT, version="bench", integrations=tuple(one(n) for n in range(count)))
