"""The prober process: schedule, durable outbox, shipping to the hub. See docs/prober.md."""

from probes.agent.process import run_agent
from probes.agent.settings import AgentError, AgentSettings

__all__ = ["AgentError", "AgentSettings", "run_agent"]
