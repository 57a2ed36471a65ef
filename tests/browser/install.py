"""Makes sure that there is a Chromium for the browser tests, and prints which one they use.

One that is on the machine is taken; else Debian's package, when we may install it; else Playwright's own download.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from chromium import chromium_on_path


def playwrights_own() -> str | None:
    """Where Playwright keeps its own Chromium, if it has been downloaded."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> str:
    """The path of a Chromium that is there now; raises RuntimeError with the remedy when there is none."""
    found = chromium_on_path() or playwrights_own()
    if found:
        return found
    if _may_use_apt():
        _run("apt-get", "update", "-qq")
        _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")
    else:
        _run(sys.executable, "-m", "playwright", "install", "chromium")
    found = chromium_on_path() or playwrights_own()
    if not found:
        raise RuntimeError("no Chromium: install the package `chromium`, or run `playwright install chromium`")
    return found


def _may_use_apt() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _run(*command: str) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(command, env=environ, check=False).returncode:
        print(f"{' '.join(command)} failed", file=sys.stderr)  # noqa: T201 - a script says what it does


if __name__ == "__main__":
    try:
        print(f"browser tests use {install()}")  # noqa: T201
    except RuntimeError as error:
        sys.exit(str(error))
