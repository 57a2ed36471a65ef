"""Consents on disk: one encrypted file each, replaced in one step, spent by one process at a time.

DIR/key          the key, unless LEADLINE_TOKEN_KEY is set
DIR/NAME.token   one consent, encrypted and authenticated; NAME is a digest of what it is for
DIR/NAME.lock    held while its refresh token is spent; empty, and worth nothing
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from cryptography.fernet import InvalidToken
from pydantic import SecretStr, TypeAdapter, ValidationError

from probes.auth.token_key import VARIABLE, TokenKey
from probes.auth.tokens import Consent, Token, TokenStoreError
from probes.durable_file import replace_file

FOLDER: Final = "tokens"
"""Its name in a data directory."""
ASK_AGAIN_S: Final = 0.05
"""Between two looks at a lock that another process holds: a wait in the kernel could not be cancelled."""
_NAME_LENGTH: Final = 32

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Access:
    value: str
    obtained_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Record:
    """A consent as it is written. `key` ties it to its file name: one file cannot be passed off as another."""

    key: str
    refresh_token: str | None = None
    refresh_obtained_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    extended_by_use: bool = False
    enrolled_at: datetime | None = None
    account: str = ""
    token_url: str = ""
    access: dict[str, _Access] = field(default_factory=dict)
    refused_at: datetime | None = None
    refused: str = ""


_RECORD: Final = TypeAdapter(_Record)


class FileTokenStore:
    """Consents in `folder`, which is made at first use. `environ` may hold the key.

    Raises TokenStoreError at once for a key in `environ` that is none. A file that cannot be opened is never
    overwritten. One that could not be written (a full disk) is kept in memory and written at the next `read`, unless a
    person has consented anew meanwhile. Threads may share it.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._key = TokenKey(environ, folder / "key")
        self._unwritten: dict[str, Consent] = {}
        self._one_at_a_time = threading.RLock()
        self._thread: Executor | None = None

    def file(self, key: str) -> Path:
        """Where the consent of that key lies."""
        return self._folder / f"{key[:_NAME_LENGTH]}.token"

    def read(self, key: str) -> Consent | None:
        """The newest of that key."""
        with self._one_at_a_time:
            written = self._written(key)
            unwritten = self._unwritten.get(key)
            if unwritten is None:
                return written
            if _is_consented_after(written, unwritten):
                del self._unwritten[key]
                return written
            self.keep(key, unwritten)
            return unwritten

    def _written(self, key: str) -> Consent | None:
        path = self.file(key)
        try:
            locked = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as err:
            raise TokenStoreError(f"{path}: {err.strerror}; give this user the data directory and all in it") from err
        try:
            record = _RECORD.validate_json(self._key.open(locked))
        except (InvalidToken, ValidationError):
            # From None: pydantic's text may quote what it read.
            raise _unreadable(path) from None
        if record.key != key:
            raise _unreadable(path)
        return _consent(record)

    def keep(self, key: str, consent: Consent) -> None:
        """On return it is on disk."""
        with self._one_at_a_time:
            self._unwritten[key] = consent
            self._write(key, consent)
            del self._unwritten[key]

    def _write(self, key: str, consent: Consent) -> None:
        path = self.file(key)
        try:
            self._make_folder()
            locked = self._key.lock(_RECORD.dump_json(_record(key, consent)), others_exist=self._holds_any())
            replace_file(path, locked)
            _sweep(path)
        except OSError as err:
            raise TokenStoreError(
                f"{path}: a new refresh token cannot be written ({err.strerror}); it is kept in memory only, and lost "
                "if this process ends before there is room and permission"
            ) from err

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """The kernel lets go of it with the process, however that ends. Waits for as long as it takes."""
        opening = asyncio.ensure_future(self.off_loop(self._lock_file, key))
        try:
            descriptor = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_closed)
            raise
        try:
            while not _locked(descriptor):  # noqa: ASYNC110 - another process sets no event of ours
                await asyncio.sleep(ASK_AGAIN_S)
            yield
        finally:
            # In the same line as reading and writing: a write that was cut off here is finished before another's turn.
            self._own_thread().submit(os.close, descriptor)

    async def off_loop(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """On one thread of its own, in order: a slow disk disturbs no timing."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._own_thread(), partial(work, *args, **kwargs))

    def _own_thread(self) -> Executor:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tokens")
        return self._thread

    def _lock_file(self, key: str) -> int:
        path = self.file(key).with_suffix(".lock")
        try:
            self._make_folder()
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as err:
            raise TokenStoreError(
                f"{path}: {err.strerror}; give this user the data directory, or choose another with --data"
            ) from err

    def _make_folder(self) -> None:
        # One by one: of folders that are made on the way, the mode would be anybody's.
        for folder in (self._folder.parent, self._folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _holds_any(self) -> bool:
        with suppress(OSError):
            return any(self._folder.glob("*.token"))
        return False


def _closed(opening: asyncio.Future[int]) -> None:
    """What was opened for somebody who has gone."""
    if not opening.cancelled() and opening.exception() is None:
        os.close(opening.result())


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sweep(path: Path) -> None:
    """Drafts of processes that were killed while they wrote; whoever writes now has the turn, so none is in use."""
    for draft in path.parent.glob(f".{path.name}.*"):
        draft.unlink(missing_ok=True)


def _is_consented_after(written: Consent | None, unwritten: Consent) -> bool:
    """Whether a person has consented anew since: that beats every rotation of the consent before."""
    if written is None or written.enrolled_at is None:
        return False
    return unwritten.enrolled_at is None or written.enrolled_at > unwritten.enrolled_at


def _unreadable(path: Path) -> TokenStoreError:
    return TokenStoreError(
        f"{path}: a stored token cannot be read: it was locked with another key, or is damaged; set the {VARIABLE} (or "
        "put back the file `key`) that it was written with, or remove it and enrol again by `leadline auth login NAME`"
    )


def _record(key: str, consent: Consent) -> _Record:
    token = consent.refresh_token
    return _Record(
        key=key,
        refresh_token=token.get_secret_value() if token is not None else None,
        refresh_obtained_at=consent.refresh_obtained_at,
        refresh_expires_at=consent.refresh_expires_at,
        extended_by_use=consent.extended_by_use,
        enrolled_at=consent.enrolled_at,
        account=consent.account,
        token_url=consent.token_url,
        access={
            name: _Access(one.value.get_secret_value(), one.obtained_at, one.expires_at)
            for name, one in consent.access.items()
        },
        refused_at=consent.refused_at,
        refused=consent.refused,
    )


def _consent(record: _Record) -> Consent:
    return Consent(
        refresh_token=SecretStr(record.refresh_token) if record.refresh_token is not None else None,
        refresh_obtained_at=record.refresh_obtained_at,
        refresh_expires_at=record.refresh_expires_at,
        extended_by_use=record.extended_by_use,
        enrolled_at=record.enrolled_at,
        account=record.account,
        token_url=record.token_url,
        access={
            name: Token(SecretStr(one.value), one.obtained_at, one.expires_at) for name, one in record.access.items()
        },
        refused_at=record.refused_at,
        refused=record.refused,
    )
