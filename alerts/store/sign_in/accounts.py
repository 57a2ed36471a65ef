"""People who sign in by password, and tokens that scripts come with. Hashes only; roles are words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

from alerts.store.rows import utc, utc_or_none


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with a password."""

    name: str
    role: str
    password_hash: str
    created_at: datetime
    disabled_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Account({self.name!r}, {self.role!r})"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A script's bearer token, without the token."""

    name: str
    token_hash: str
    role: str
    created_at: datetime
    created_by: str
    expires_at: datetime


def accounts(con: DuckDBPyConnection) -> tuple[Account, ...]:
    """All of them, by name."""
    rows = con.execute(
        "SELECT name, role, password_hash, created_at, disabled_at FROM accounts ORDER BY name"
    ).fetchall()
    return tuple(Account(name, role, kept, utc(at), utc_or_none(off)) for name, role, kept, at, off in rows)


def save_account(con: DuckDBPyConnection, account: Account) -> None:
    """Adds it, or replaces what is stored under its name."""
    con.execute(
        "INSERT INTO accounts (name, role, password_hash, created_at, disabled_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET role = excluded.role, password_hash = excluded.password_hash, "
        "disabled_at = excluded.disabled_at",
        [account.name, account.role, account.password_hash, account.created_at, account.disabled_at],
    )


def api_tokens(con: DuckDBPyConnection) -> tuple[ApiToken, ...]:
    """All of them, by name, those that have expired too."""
    rows = con.execute(
        "SELECT name, token_hash, role, created_at, created_by, expires_at FROM api_tokens ORDER BY name"
    ).fetchall()
    return tuple(ApiToken(name, kept, role, utc(at), by, utc(end)) for name, kept, role, at, by, end in rows)


def save_api_token(con: DuckDBPyConnection, token: ApiToken) -> None:
    """Adds a new one."""
    con.execute(
        "INSERT INTO api_tokens (name, token_hash, role, created_at, created_by, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        [token.name, token.token_hash, token.role, token.created_at, token.created_by, token.expires_at],
    )


def drop_api_token(con: DuckDBPyConnection, name: str) -> None:
    """From now on nobody comes with it."""
    con.execute("DELETE FROM api_tokens WHERE name = ?", [name])
