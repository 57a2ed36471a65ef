"""`make screenshots`: every page in every size and scheme, of hubs that are empty, well, in trouble and of many.

Pictures go to docs/screenshots/WORLD/; the few that documents show are copied one folder up, and only these
are kept in Git.
`python tests/browser/screenshots.py empty incident` takes only these worlds.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support"), str(Path(__file__).parent)]

from chromium import chromium  # noqa: E402
from leadline_processes import Demo, Process, command, eventually, running  # noqa: E402
from many_world import many_hub  # noqa: E402
from pictured import World, contexts, take, values_of  # noqa: E402
from playwright.sync_api import Browser  # noqa: E402

PICTURES: Final = ROOT / "docs" / "screenshots"
SHOWN: Final = {
    "overview": "incident/overview-wide-light",
    "overview-dark": "incident/overview-wide-dark",
    "overview-phone": "incident/overview-phone-light",
    "overview-phone-dark": "incident/overview-phone-dark",
    "wall": "many/wall-wall-dark",
    "integration": "incident/integration-wide-light",
    "integration-dark": "incident/integration-wide-dark",
    "run": "incident/run-wide-light",
    "run-dark": "incident/run-wide-dark",
    "incident": "incident/incident-wide-light",
    "incident-phone-dark": "incident/incident-phone-dark",
    "credentials": "incident/credentials-wide-light",
    "credentials-dark": "incident/credentials-wide-dark",
}
"""What documents show → which picture it is."""


@contextmanager
def empty() -> Iterator[World]:
    """A hub on the starter set of `leadline init`, which no prober has told anything yet."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        done = command("init", str(folder / "monitoring"))
        assert done.returncode == 0, done.stderr
        hub = ("hub", str(folder / "monitoring"), "--data", str(folder / "data"), "--port", "0")
        with running(Process(hub, folder / "hub.log")) as process:
            url = process.said(r"hub listening on (http\S+)")
            yield World("empty", url, values_of(url))


@contextmanager
def healthy() -> Iterator[World]:
    """A demo in which all is well."""
    with _demo() as demo:
        eventually(lambda: demo.state_of("hubspot") == "up", what="hubspot up")
        yield World("healthy", demo.url, values_of(demo.url))


@contextmanager
def incident() -> Iterator[World]:
    """A demo once HubSpot is down and its page was sent, and Marketo throttles."""
    with _demo() as demo:
        eventually(lambda: demo.state_of("hubspot") == "up", what="hubspot up")
        demo.fault("hubspot", "error-rate=1")
        demo.fault("marketo", "throttle")
        eventually(lambda: demo.state_of("hubspot") == "down", what="hubspot down")
        eventually(lambda: demo.state_of("marketo") == "throttled", what="marketo throttled")
        eventually(lambda: demo.received("pagerduty"), what="the page")
        yield World("incident", demo.url, values_of(demo.url))


@contextmanager
def many() -> Iterator[World]:
    """354 integrations in three regions."""
    with many_hub() as url:
        yield World("many", url, values_of(url))


@contextmanager
def _demo() -> Iterator[Demo]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arguments = ("demo", "--data", str(folder / "data"), "--port", "0")
        with running(Process(arguments, folder / "demo.log")) as process:
            url = process.said(r"dashboard: (http\S+)")
            yield Demo(folder / "data", url, process.said(r"vendor sandbox: (http\S+?)/? "), process)


WORLDS: Final[dict[str, Callable[[], object]]] = {
    "empty": empty,
    "healthy": healthy,
    "incident": incident,
    "many": many,
}


def picture(world: World, browser: Browser) -> int:
    """All its pages; how many pictures that was."""
    count = 0
    for size, scheme, context in contexts(browser):
        page = context.new_page()
        for name, path in {**world.addresses(), "wall": "/?wall=1"}.items():
            if name == "wall" and size.name != "wall":
                continue
            take(page, world.url + path, size, PICTURES / world.name / f"{name}-{size.name}-{scheme}.png")
            count += 1
    return count


def main(names: list[str]) -> None:
    unknown = set(names) - set(WORLDS)
    if unknown:
        sys.exit(f"no such world: {', '.join(sorted(unknown))}; there are {', '.join(WORLDS)}")
    with chromium() as browser:
        for name in names or WORLDS:
            with WORLDS[name]() as world:  # type: ignore[attr-defined]
                print(f"{name}: {picture(world, browser)} pictures", flush=True)  # noqa: T201 - a script says what it does
    for shown, source in SHOWN.items():
        taken = PICTURES / f"{source}.png"
        if taken.exists():
            shutil.copy(taken, PICTURES / f"{shown}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
