"""The vendor sandbox: real HTTP(S) servers on loopback that behave as the vendors and the alert receivers do.

`start` runs one in this process, `app.sandbox.process` in a process of its own, `find` finds a running one.
"""

from app.sandbox.finding import find, placeholder_environment
from app.sandbox.running import Sandbox, SandboxInfo, start

__all__ = ["Sandbox", "SandboxInfo", "find", "placeholder_environment", "start"]
