"""Writes the rendered samples of the documentation: `python -m tests.samples`.

The real engine, outbox, deliverer and channels tell the sandbox's receivers of every scene; what the receivers got is
written to docs/samples. Clock, ids and order are fixed, so that the same code makes the same files. `--pictures` takes
pictures of the page's mail as well, with a Chromium.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx

from alerts.channels import build_senders
from alerts.channels.base import ChartOf
from alerts.channels.email import CHART, drawn
from alerts.delivery import Deliverer
from alerts.engine import Engine
from alerts.model import Notification
from alerts.reports.document import Chart
from app.sandbox.credentials import make
from app.sandbox.listener import Listener
from app.sandbox.receiver import Received, Receiver
from app.sandbox.receivers import RECEIVERS
from app.sandbox.receivers.adaptive_card import texts
from metrics.store.database import Store
from tests.support.sample_chart import sample_chart
from tests.support.sample_scenes import Scene, Step, at, company, scenes

DIRECTORY: Final = Path(__file__).parent.parent / "docs" / "samples"
LINK: Final = "https://leadline.example.com"
COMMAND: Final = "python -m tests.samples"
_NOBODY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Everything is on loopback: reading the world's authorities would take longer than a scene."""
_VOLATILE: Final = frozenset({"routing_key", "sid", "message_id", "attachments", "headers", "number", "at", "ts"})


@dataclass(frozen=True, slots=True)
class Told:
    """What one step of a scene made the receivers get."""

    step: Step
    got: Mapping[str, tuple[Received, ...]]


async def play(scene: Scene, empty: Path, charts: ChartOf = sample_chart) -> list[Told]:
    """The scene, told to receivers that are asked after every step. `empty` is a store that is copied."""
    now = [at(0)]
    story = []
    shutil.copy(empty, path := empty.with_name(f"{scene.name}.duckdb"))
    async with _receivers(now) as (receivers, environ), httpx.AsyncClient(verify=_NOBODY, trust_env=False) as client:
        config, store = company(), Store.open(path)
        senders = build_senders(config, environ, client, charts)
        deliverer = Deliverer(store, senders, clock=lambda: now[0], link=LINK)
        engine = Engine(store)
        for step in scene.steps:
            now[0] = at(step.minutes)
            config = step.config or config
            for name, faults in step.faults.items():
                receivers[name].faults.merge(faults)
            if step.act is not None:
                step.act(store, now[0])
            if step.seen is not None:
                engine.apply(step.seen, config).result()
            await deliverer.deliver_due()
            story.append(Told(step, {name: one.inbox.messages() for name, one in receivers.items()}))
            for one in receivers.values():
                one.inbox.empty()
        store.close()
    return story


@asynccontextmanager
async def _receivers(now: list[datetime]) -> AsyncIterator[tuple[dict[str, Receiver], dict[str, str]]]:
    """Every receiver of the sandbox on a port of its own, with the environment that leads there."""
    secrets = {name: make(shape) for kind in RECEIVERS.values() for name, shape in kind.credentials.items()}
    receivers = {name: kind(secrets, Random(0)) for name, kind in RECEIVERS.items()}
    listeners = {name: Listener(one.converse(lambda: now[0])) for name, one in receivers.items()}
    environ = dict(secrets)
    try:
        for name, listener in listeners.items():
            await listener.open()
            environ |= receivers[name].environment(listener.port)
        yield receivers, environ
    finally:
        for listener in listeners.values():
            await listener.close()


def files(scene: Scene, story: list[Told]) -> Iterator[tuple[str, str]]:
    """The story to be read; of the outage, each message as it travels besides."""
    yield f"{scene.name}.md", "\n".join(_page(scene, story)) + "\n"
    if scene.name != "outage":
        return
    names = {1: "open", 2: "update", 3: "acknowledged", 4: "resolved"}
    for number, word in names.items():
        got = story[number].got
        for receiver in ("pagerduty", "slack", "teams", "alertmanager", "http"):
            if got[receiver]:
                yield f"outage-{word}.{receiver}.json", _json([one.content for one in got[receiver]])
        for mail in got["smtp"]:
            yield f"outage-{word}.mail.html", mail.content["html"]


def _page(scene: Scene, story: list[Told]) -> Iterator[str]:
    yield f"# {scene.title}"
    yield ""
    yield f"Made by `{COMMAND}` from the sandbox; [all samples](../channels.md#samples)."
    for told in story:
        yield ""
        yield f"## {told.step.minutes:g} min: {told.step.label}"
        yield ""
        lines = [line for name, messages in told.got.items() for line in _lines(name, messages)]
        yield from ("```text", *lines, "```") if lines else ("Nobody is told.",)
        for mail in told.got["smtp"]:
            yield from ("", f"The mail, *{_markdown(mail.content['subject'])}*:", "")
            yield from ("```text", mail.content["text"].rstrip("\n"), "```")


def _lines(name: str, messages: tuple[Received, ...]) -> Iterator[str]:
    for message in messages:
        first, *more = _SHOWN[name](message.content)
        yield f"{_LABELS[name]:<13} {first}"
        yield from (f"{'':<13} {line}" for line in more)


_LABELS: Final = {
    "pagerduty": "PagerDuty", "twilio": "SMS", "slack": "Slack", "smtp": "E-mail", "teams": "Teams",
    "alertmanager": "Alertmanager", "http": "Webhook",
}  # fmt: skip


def _of_pagerduty(content: Mapping[str, Any]) -> list[str]:
    payload = content.get("payload", {})
    if "event_action" not in content:
        return [f"change event: {payload['summary']}"]
    return [" · ".join(filter(None, (content["event_action"], payload.get("severity"), payload.get("summary"))))]


def _of_alertmanager(content: Mapping[str, Any]) -> list[str]:
    labels = content["labels"]
    return [f"{labels['alertname']}{{severity={labels['severity']!r}}} ends {content['endsAt']}"]


def _of_slack(content: Mapping[str, Any]) -> list[str]:
    place = {"chat.postMessage": "post", "chat.update": "edit"}[content["method"]]
    if "thread_ts" in content:
        return [f"reply in the thread: {content['text']}"]
    lines = [f"{place}: {content['text']}"]
    rows = (block["elements"] for block in content.get("blocks", ()) if block["type"] == "actions")
    return [*lines, *(" ".join(f"[{button['text']['text']}]" for button in row) for row in rows)]


def _json(contents: list[Mapping[str, Any]]) -> str:
    kept = [_without(content) for content in contents]
    return json.dumps(kept[0] if len(kept) == 1 else kept, indent=2, ensure_ascii=False) + "\n"


def _without(content: Mapping[str, Any]) -> dict[str, Any]:
    """Without the ids that differ from run to run."""
    keep = {"attachments"} if content.get("type") == "message" else set()
    return {name: value for name, value in content.items() if name not in _VOLATILE - keep}


def _markdown(text: str) -> str:
    return text.replace("*", r"\*")


_SHOWN: Final[dict[str, Callable[[Mapping[str, Any]], list[str]]]] = {
    "pagerduty": _of_pagerduty,
    "twilio": lambda content: [str(content["body"])],
    "slack": _of_slack,
    "smtp": lambda content: [str(content["subject"])],
    "teams": lambda content: texts(content["attachments"][0]["content"]["body"]),
    "alertmanager": _of_alertmanager,
    "http": lambda content: [f"{content['action']}: {content['headline']}"],
}
"""What a reader sees of a message."""


async def render(empty: Path) -> dict[str, str]:
    """File name → content of every sample; beside `empty`, a store without rows, one for each scene is made."""
    made: dict[str, str] = {}
    for scene in scenes():
        made |= dict(files(scene, await play(scene, empty)))
    # Lines of a mail end as the wire wants it.
    return {name: text.replace("\r\n", "\n") for name, text in made.items()}


async def mail_of_the_page(empty: Path) -> str:
    """The first mail of the outage as a browser can show it: with its chart in the page."""
    drawn_for: list[Chart] = []

    async def seen(notification: Notification) -> Chart | None:
        chart = await sample_chart(notification)
        drawn_for.extend([chart] if chart else [])
        return chart

    story = await play(scenes()[0], empty, seen)
    (mail,) = story[1].got["smtp"]
    picture = b64encode(drawn(drawn_for[0])).decode()
    return str(mail.content["html"]).replace(f"cid:{CHART}", f"data:image/png;base64,{picture}")


def take_pictures(html: str) -> None:
    """The mail on a desk by day, and on a phone by night."""
    from tests.support.chromium import chromium

    with chromium() as browser:
        for name, scheme, width in (("mail-light", "light", 700), ("mail-dark", "dark", 375)):
            size: Any = {"width": width, "height": 400}
            page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
            page.set_content(html)
            page.screenshot(path=DIRECTORY / f"{name}.png", full_page=True)


def main() -> None:
    """Write them, and take away those that are no longer made."""
    DIRECTORY.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.duckdb"
        Store.open(empty).close()
        made = asyncio.run(render(empty))
        html = asyncio.run(mail_of_the_page(empty)) if "--pictures" in sys.argv else None
    for name, text in made.items():
        (DIRECTORY / name).write_text(text, encoding="utf-8")
    for path in DIRECTORY.iterdir():
        if path.suffix != ".png" and path.name not in made:
            path.unlink()
    if html is not None:
        take_pictures(html)


if __name__ == "__main__":
    main()
