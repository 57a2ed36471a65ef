"""The hub as a process: open, serve, judge, deliver; stop cleanly on SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import structlog
import uvicorn

from alerts.channels import build_senders
from alerts.delivery import Deliverer
from alerts.engine import Engine
from alerts.self_tests import SelfTests
from app.dashboard.view import View
from app.datadir import DataDirectory, HubAddress
from app.errors import UserError
from app.hub.assembly import Surroundings, adopt, new_state
from app.hub.auth.exposure import is_loopback, refuse_exposed
from app.hub.auth.setup import Foundation, nobody_can_sign_in, set_up
from app.hub.calendars import CalendarReader
from app.hub.config_source import ConfigSource
from app.hub.housekeeping import housekeep_once
from app.hub.latency_charts import latency_charts
from app.hub.loops import (
    CERTIFICATES_EVERY_S,
    COMPARE_EVERY_S,
    EVALUATE_EVERY_S,
    HOUSEKEEP_EVERY_S,
    HOUSEKEEP_FIRST_AFTER_S,
    LEARN_EVERY_S,
    ROLL_EVERY_S,
    WATCH_EVERY_S,
    compare_once,
    evaluate_once,
    every,
    learn_once,
    note_certificates_once,
    roll_once,
    watch_once,
)
from app.hub.memory import GIVE_BACK_EVERY_S, give_back, settle
from app.hub.reporting import EVERY_S as REPORT_EVERY_S
from app.hub.reporting import Reporter
from app.hub.server import create_app
from app.hub.state import HubState
from app.hub.status_pages import StatusReader
from app.lifeline import stop_when_orphaned
from config.model import Config
from metrics.explaining import Explainer
from metrics.store.database import Store
from metrics.store.failures import StoreError
from metrics.store.shapes import ShapeBook

log = structlog.get_logger(__name__)

_THIS_MACHINE: Final = ("all://127.0.0.1", "all://localhost", "all://[::1]")


@dataclass(frozen=True, slots=True)
class HubOptions:
    """What the command line said; `host` and `port` override `leadline.yaml`."""

    directory: Path
    data: DataDirectory
    environ: Mapping[str, str]
    host: str | None = None
    port: int | None = None
    require_secrets: bool = True


def run_hub(options: HubOptions, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. `on_ready` gets the dashboard's address once it answers."""
    settle()
    around = Surroundings(options.data.create(), options.environ)
    source = ConfigSource(options.directory, options.environ, options.require_secrets, around.data.root)
    config, problem = source.first(around.data.last_good_config)
    host = options.host or config.settings.hub.host
    refuse_exposed(host, config.settings.hub)
    port = config.settings.hub.port if options.port is None else options.port
    with closing(_bind(host, port)) as listener, closing(_open_store(around.data, config)) as store:
        state = new_state(store, config, problem, around)
        asyncio.run(_serve(state, source, around, listener, on_ready))


def _bind(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as err:
        listener.close()
        reason = os.strerror(err.errno or 0)
        raise UserError(f"cannot listen on {host}:{port} ({reason}); choose another with --port, or --port 0") from err
    return listener


def _open_store(data: DataDirectory, config: Config) -> Store:
    try:
        return Store.open(data.store, read_timeout=config.settings.hub.read_timeout)
    except StoreError as err:
        raise UserError(str(err), exit_code=1) from err


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _server(state: HubState, foundation: Foundation) -> _Server:
    """All the hub serves, over one server that is not listening yet."""
    auth = set_up(foundation)
    if nobody_can_sign_in(auth):
        log.warning("sign_in.nobody", remedy="leadline user add NAME --role admin")
    app = create_app(state, View.of_hub(state), auth)
    options: dict[str, Any] = {"log_config": None, "access_log": False, "ws": "websockets-sansio"}
    return _Server(uvicorn.Config(app, timeout_graceful_shutdown=5, **options))


async def _serve(
    state: HubState,
    source: ConfigSource,
    around: Surroundings,
    listener: socket.socket,
    on_ready: Callable[[str], None],
) -> None:
    url = _url(listener)
    link = state.config.settings.hub.public_url or url
    # A proxy for the outside world must not see what is sent to this machine, keys and all.
    async with httpx.AsyncClient(timeout=10, mounts=dict.fromkeys(_THIS_MACHINE)) as client:
        server = _server(state, _foundation(state, around, listener, client))
        senders = build_senders(state.config, around.environ, client, latency_charts(state))
        deliverer = Deliverer(state.store, senders, clock=state.clock, link=link)
        adopt(state.config, state, deliverer, client, around)
        tests = SelfTests(state.store, lambda: deliverer.senders, lambda: state.config, clock=state.clock)
        state.self_tests = tests

        def adopted(config: Config) -> None:
            adopt(config, state, deliverer, client, around)

        def ready() -> None:
            # What stands now stays: without it, every look for garbage goes over all of it while runs are parsed.
            gc.collect()
            gc.freeze()
            around.data.announce_hub(HubAddress(url, os.getpid()))
            on_ready(url)

        loops = _loops(state, source, Engine(state.store, state.entries), deliverer, adopted)
        loops.append(tests.run_forever(state.stopping))
        reporter = state.reporter = Reporter(state, around.data.reports, link)
        loops.append(every(REPORT_EVERY_S, state, reporter.once, "reports"))
        loops.append(StatusReader(state, around.environ, client).run_forever())
        calendars = CalendarReader(state, around.data, around.environ, client)
        calendars.restore()
        loops.append(calendars.run_forever())
        tasks = [asyncio.create_task(loop) for loop in [*loops, _when_started(server, ready)]]
        try:
            await server.serve(sockets=[listener])
        finally:
            state.stopping.set()
            around.data.forget_hub()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            state.ingest.close()


def _foundation(
    state: HubState, around: Surroundings, listener: socket.socket, client: httpx.AsyncClient
) -> Foundation:
    return Foundation(
        state.store,
        state.clock,
        lambda: state.config.settings.hub,
        around.environ,
        client,
        key=around.data.new_hub_key(),
        exposed=not is_loopback(listener.getsockname()[0]),
    )


class _Server(uvicorn.Server):
    """uvicorn, ended by our own handlers: its own raise the signal again, and the store would never be closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT end serving, once; what follows `serve` is ours."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True


def _loops(
    state: HubState, source: ConfigSource, engine: Engine, deliverer: Deliverer, adopted: Callable[[Config], None]
) -> list[Coroutine[Any, Any, None]]:
    book, judged, learned = ShapeBook(), Explainer(state.store), Explainer(state.store)
    return [
        every(EVALUATE_EVERY_S, state, lambda: evaluate_once(state, engine, book, judged), "evaluate"),
        every(LEARN_EVERY_S, state, lambda: learn_once(state, learned), "learn"),
        every(WATCH_EVERY_S, state, lambda: watch_once(state, source, adopted), "watch"),
        every(COMPARE_EVERY_S, state, lambda: compare_once(state, book), "shapes"),
        every(
            HOUSEKEEP_EVERY_S,
            state,
            lambda: housekeep_once(state),
            "housekeeping",
            first_after=HOUSEKEEP_FIRST_AFTER_S,
        ),
        every(ROLL_EVERY_S, state, lambda: roll_once(state), "roll-ups"),
        every(CERTIFICATES_EVERY_S, state, lambda: note_certificates_once(state), "certificates"),
        every(GIVE_BACK_EVERY_S, state, give_back, "memory"),
        deliverer.run_forever(state.stopping),
        stop_when_orphaned(),
    ]


async def _when_started(server: uvicorn.Server, ready: Callable[[], None]) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn offers a flag, not an event
        await asyncio.sleep(0.02)
    ready()
