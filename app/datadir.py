"""The data directory: what lies where, and how a command finds the hub that runs on it."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from app.errors import UserError

DEFAULT = Path(".leadline")


@dataclass(frozen=True, slots=True)
class HubAddress:
    """Where a running hub listens, as it wrote it down itself."""

    url: str
    pid: int

    @property
    def alive(self) -> bool:
        """Whether there is a process of that number: what answers at the address may be another hub by now."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            return True
        return True


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """Everything one installation keeps on disk. Created on first use, readable by its owner only."""

    root: Path

    def create(self) -> DataDirectory:
        """Make the directory if it is missing."""
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as err:
            raise UserError(
                f"{self.root}: cannot be used as data directory ({err.strerror}); choose another with --data"
            ) from err
        if not os.access(self.root, os.W_OK):
            raise UserError(f"{self.root}: not writable by this user; choose another data directory with --data")
        return self

    @contextmanager
    def occupied(self) -> Iterator[None]:
        """For the one process that starts everything here; `UserError` for a second one. Ends with the process."""
        path = self.root / "up.lock"
        with _ours(path):
            lock = path.open("a")
        with lock as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(
                    f"another `leadline up` or `leadline demo` runs on {self.root}; stop it, or choose another --data",
                    exit_code=1,
                ) from None
            yield

    @property
    def store(self) -> Path:
        """The DuckDB file; one process owns it."""
        return self.root / "leadline.duckdb"

    @property
    def sandbox(self) -> Path:
        """The vendor sandbox's directory."""
        return self.root / "sandbox"

    @property
    def reports(self) -> Path:
        """Where reports lie as files; made with the first of them."""
        return self.root / "reports"

    @property
    def last_good_config(self) -> Path:
        """The configuration that the hub last ran with; holds no secret."""
        return self.root / "config.last-good.json"

    @property
    def _hub_file(self) -> Path:
        return self.root / "hub.json"

    @property
    def _hub_key(self) -> Path:
        return self.root / "hub.key"

    def new_hub_key(self) -> str:
        """A key for commands on this machine, new with each start of the hub: who may read this directory owns the
        store anyway."""
        key = secrets.token_urlsafe(32)
        write_private(self._hub_key, key)
        return key

    def hub_key(self) -> str | None:
        """The running hub's key; None for a user who may not read it, and where none was made."""
        try:
            return self._hub_key.read_text()
        except OSError:
            return None

    def announce_hub(self, address: HubAddress) -> None:
        """Write down where the hub listens."""
        write_private(self._hub_file, json.dumps(asdict(address)))

    def forget_hub(self) -> None:
        """The hub stopped."""
        self._hub_file.unlink(missing_ok=True)
        self._hub_key.unlink(missing_ok=True)

    def hub(self) -> HubAddress | None:
        """Where the hub said it listens; None when none was started here or it stopped cleanly."""
        try:
            return HubAddress(**json.loads(self._hub_file.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def prober_token(self, region: str) -> str:
        """The bearer token of this machine's prober, made on first use."""
        path = self.root / f"prober-{region}.token"
        with _ours(path):
            if not path.exists():
                write_private(path, secrets.token_urlsafe(32))
            return path.read_text().strip()


@contextmanager
def _ours(path: Path) -> Iterator[None]:
    """Turns what the file system refuses into a message: most often another user started Leadline here once."""
    try:
        yield
    except OSError as err:
        remedy = "give this user the data directory and all in it, or choose another with --data"
        raise UserError(f"{path}: {err.strerror}; {remedy}", exit_code=1) from err


def write_private(path: Path, content: str | bytes) -> None:
    """Replace a file in one step; only its owner can read it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    draft.replace(path)
