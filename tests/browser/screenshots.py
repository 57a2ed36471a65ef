"""`make screenshots`: the README's pictures, made from a running demo with one vendor down."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

from chromium import chromium  # noqa: E402
from leadline_processes import Demo, Process, eventually, running  # noqa: E402

PICTURES = ROOT / "docs" / "screenshots"


def take(page: Page, url: str, name: str, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.goto(url)
    page.wait_for_timeout(5000)  # a page that refreshes is never idle; by now its charts are drawn
    page.screenshot(path=PICTURES / f"{name}.png")


def broken_demo(folder: Path, process: Process) -> Demo:
    """The demo once HubSpot is down and its page was sent."""
    url = process.said(r"dashboard: (http\S+)")
    demo = Demo(folder / "data", url, process.said(r"vendor sandbox: (http\S+?)/? "), process)
    eventually(lambda: demo.state_of("hubspot") == "up", what="hubspot up")
    demo.fault("hubspot", "error-rate=1")
    demo.fault("marketo", "throttle")
    eventually(lambda: demo.state_of("hubspot") == "down", what="hubspot down")
    eventually(lambda: demo.state_of("marketo") == "throttled", what="marketo throttled")
    eventually(lambda: demo.received("pagerduty"), what="the page")
    return demo


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        arguments = ("demo", "--data", str(folder / "data"), "--port", "0")
        with running(Process(arguments, folder / "demo.log")) as process:
            demo = broken_demo(folder, process)
            evidence = demo.received("pagerduty")[-1]["payload"]["custom_details"]["Evidence"].split(", ")[0]
            for scheme in ("light", "dark"):
                page = browser.new_context(color_scheme=scheme).new_page()  # type: ignore[arg-type]
                mode = "" if scheme == "light" else "-dark"
                take(page, demo.url, f"overview{mode}", 1440, 1000)
                take(page, f"{demo.url}/integration/hubspot", f"integration{mode}", 1440, 1600)
                take(page, f"{demo.url}/evidence/{evidence}", f"run{mode}", 1440, 1200)
                take(page, f"{demo.url}/credentials", f"credentials{mode}", 1440, 1200)
                take(page, demo.url, f"overview-phone{mode}", 390, 844)


if __name__ == "__main__":
    main()
