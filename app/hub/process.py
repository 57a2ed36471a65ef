"""The hub as a process: open, serve, judge, deliver; stop cleanly on SIGTERM."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import structlog
import uvicorn

from alerts.channels import build_senders
from alerts.delivery import Deliverer
from alerts.engine import Engine
from app.clock import utc_now
from app.dashboard.view import View
from app.datadir import DataDirectory, write_private
from app.errors import UserError
from app.hub.config_source import ConfigSource
from app.hub.loops import EVALUATE_EVERY_S, WATCH_EVERY_S, evaluate_once, every, watch_once
from app.hub.prober_api import token_hash
from app.hub.server import create_app
from app.hub.state import HubState
from app.lifeline import stop_when_orphaned
from config.compiled import dump
from config.model import Config
from config.secrets import resolve
from metrics.store.database import Store, StoreError
from metrics.store.ingest import Ingest

log = structlog.get_logger(__name__)


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
    data = options.data.create()
    source = ConfigSource(options.directory, options.environ, options.require_secrets)
    config, problem = source.first(data.last_good_config)
    host = options.host or config.settings.hub.host
    _refuse_exposed(host)
    with closing(_bind(host, config.settings.hub.port if options.port is None else options.port)) as listener:
        with closing(_open_store(data, config)) as store:
            state = _state(options, store, config, problem)
            url = f"http://{_url_host(host)}:{listener.getsockname()[1]}"
            asyncio.run(_serve(state, source, data, listener, url, on_ready))


def _refuse_exposed(host: str) -> None:
    """Nobody signs in yet, so only this machine may look."""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise UserError(
            f"hub.host {host}: refused, because anybody on the network could read and act without signing in; "
            "listen on 127.0.0.1 and put a proxy that authenticates in front"
        )


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as err:
        listener.close()
        raise UserError(
            f"cannot listen on {host}:{port} ({os.strerror(err.errno or 0)}); choose another with --port, or --port 0"
        ) from err
    return listener


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _open_store(data: DataDirectory, config: Config) -> Store:
    try:
        return Store.open(data.store, read_timeout=config.settings.hub.read_timeout)
    except StoreError as err:
        raise UserError(str(err), exit_code=1) from err


def _state(options: HubOptions, store: Store, config: Config, problem: str | None) -> HubState:
    return HubState(
        store=store,
        ingest=Ingest(store),
        clock=utc_now,
        started_at=utc_now(),
        config=config,
        compiled=dump(config),
        tokens=_tokens(options, config),
        config_problem=problem,
    )


def _tokens(options: HubOptions, config: Config) -> dict[str, str]:
    """Hash of every region's token: the declared one, or the one this machine's own prober uses."""
    tokens = {}
    for region in config.settings.regions:
        plain = resolve(region.token, options.environ) if region.token else options.data.prober_token(region.name)
        tokens[region.name] = token_hash(plain)
    return tokens


async def _serve(
    state: HubState,
    source: ConfigSource,
    data: DataDirectory,
    listener: socket.socket,
    url: str,
    on_ready: Callable[[str], None],
) -> None:
    link = state.config.settings.hub.public_url or url
    view = View.of_hub(state)
    server = uvicorn.Server(
        uvicorn.Config(create_app(state, view), log_config=None, access_log=False, timeout_graceful_shutdown=5)
    )
    async with httpx.AsyncClient(timeout=10) as client:
        deliverer = Deliverer(
            state.store, build_senders(state.config, source.environ, client), clock=state.clock, link=link
        )

        def adopted(config: Config) -> None:
            deliverer.senders = build_senders(config, source.environ, client)
            state.tokens = _tokens_of(state, source, data, config)
            write_private(data.last_good_config, dump(config))

        engine = Engine(state.store)
        write_private(data.last_good_config, state.compiled)
        loops = [
            every(EVALUATE_EVERY_S, state, lambda: evaluate_once(state, engine), "evaluate"),
            every(WATCH_EVERY_S, state, lambda: watch_once(state, source, adopted), "watch"),
            deliverer.run_forever(state.stopping),
            stop_when_orphaned(),
        ]
        tasks = [asyncio.create_task(loop) for loop in loops]
        tasks.append(asyncio.create_task(_announce(server, data, url, on_ready)))
        try:
            await server.serve(sockets=[listener])
        finally:
            state.stopping.set()
            data.forget_hub()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            state.ingest.close()
