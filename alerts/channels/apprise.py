"""Everything else, through Apprise: Telegram, Discord, Matrix, ntfy, Gotify, Pushover and a hundred more."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import httpx
from pydantic import Field, SecretStr

from alerts.channels.base import ChannelKind, Receipt, TransportError, tell_each
from alerts.messages import headline, plain
from alerts.model import Action, Notification, Tier
from alerts.reports import sending as report
from config.model import Declared
from config.secrets import SecretRef

LIMIT_S: Final = 30.0
_STATUS: Final = re.compile(r"error=(\d{3})\b")
_SCHEME: Final = re.compile(r"([a-z][a-z0-9]{1,24})://", re.IGNORECASE)
_TRY_AGAIN: Final = frozenset({408, 425, 429})


class Options(Declared):
    """Options of an `apprise` channel: Apprise's own addresses, each a secret, because they hold tokens."""

    urls: Annotated[tuple[SecretRef, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Service:
    """One address. `made` is Apprise's own object."""

    url: SecretStr
    scheme: str
    made: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Apprise:
    """One message to every address; each one's acceptance is remembered, so that a retry tells only the others."""

    services: tuple[Service, ...]

    async def send(self, notification: Notification) -> Receipt:
        """What a service answers is mostly not told by Apprise: a status where it names one, else try again."""
        services = {_receipt_key(notification, one): one for one in self.services}
        accepted = await tell_each(services, notification.receipt, lambda one: _tell(one, notification))
        count = len(self.services)
        return Receipt(None, f"accepted by {count} service{'s' if count > 1 else ''}", accepted)


async def _tell(service: Service, notification: Notification) -> TransportError | None:
    from apprise import NotifyFormat
    from apprise.result import AppriseResultStatus

    is_report = notification.tier is Tier.REPORT
    title = (report.subject if is_report else headline)(notification)
    body = (report.as_text if is_report else plain)(notification)

    def notify() -> Any:
        kind = _kind(notification)
        return service.made.notify(body=body, title=title, notify_type=kind, body_format=NotifyFormat.TEXT)

    try:
        async with asyncio.timeout(LIMIT_S):
            found = await _in_own_thread(notify)
    except TimeoutError:
        return TransportError(f"apprise {service.scheme}: no answer within {LIMIT_S:g} s", permanent=False)
    except Exception as err:  # noqa: BLE001 - the edge of somebody else's plugins; their words may hold the secret
        return TransportError(f"apprise {service.scheme}: {type(err).__name__}", permanent=False)
    if found.status is AppriseResultStatus.SUCCESS:
        return None
    return _problem(service.scheme, found)


def _problem(scheme: str, found: Any) -> TransportError:
    """In our own words: those of Apprise may quote the address."""
    statuses = [int(status) for entry in found.logs() for status in _STATUS.findall(entry.message)]
    if not statuses:
        return TransportError(f"apprise {scheme}: not delivered, no status known", permanent=False)
    status = statuses[-1]
    again = status in _TRY_AGAIN or status >= 500
    return TransportError(f"apprise {scheme}: HTTP {status}", permanent=not again, status=status)


def _kind(notification: Notification) -> Any:
    from apprise import NotifyType

    if notification.action is Action.RESOLVE or notification.incident.resolved_at is not None:
        return NotifyType.SUCCESS
    return NotifyType.FAILURE if notification.incident.tier is Tier.URGENT else NotifyType.WARNING


async def _in_own_thread(work: Callable[[], Any]) -> Any:
    """In a thread of its own that keeps nobody waiting, not even the end of the process, should it hang."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if not done.done():
            done.set_exception(error) if error is not None else done.set_result(result)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as err:  # noqa: BLE001 - handed to whoever waits
            error = err
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="apprise", daemon=True).start()
    return await done


def _receipt_key(notification: Notification, service: Service) -> str:
    """Names the address without storing it."""
    digest = hashlib.sha256(service.url.get_secret_value().encode()).hexdigest()[:16]
    return f"apprise:{notification.notification_id}:{digest}"


def build(options: Options, environ: Mapping[str, str], client: httpx.AsyncClient) -> Apprise:
    """Raises UnresolvedReference, or ValueError for an address that Apprise does not understand."""
    _silence()
    return Apprise(tuple(_service(number, url.reveal(environ)) for number, url in enumerate(options.urls, start=1)))


def _service(number: int, url: SecretStr) -> Service:
    # Imported here: it takes 200 ms, and only those who have such a channel need it.
    import apprise

    found = _SCHEME.match(url.get_secret_value())
    asset = apprise.AppriseAsset(
        app_id="Leadline", app_desc="Leadline", app_url="", image_url_mask="", image_url_logo="",
        storage_mode="memory", service_timeout=LIMIT_S, async_mode=False,
    )  # fmt: skip
    made = apprise.Apprise(asset=asset)
    if found is None or not made.add(url.get_secret_value()):
        kind = f"{found[1]}:// with these parts" if found else "text without a scheme"
        raise ValueError(f"its url {number} is none that Apprise understands ({kind})")
    return Service(url, found[1].lower(), made)


def _silence() -> None:
    """Apprise and what it sends with log addresses with the tokens in them; what matters of it is in the ledger."""
    for name, level in (("apprise", logging.WARNING), ("urllib3", logging.ERROR), ("requests", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


CHANNEL: Final = ChannelKind(Options, build)
