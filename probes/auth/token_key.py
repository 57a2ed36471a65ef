"""The key that consents are encrypted with: from `LEADLINE_TOKEN_KEY`, or from a file that is made at first use.

The file lies beside what it opens, readable by its owner only. It keeps a token file that strays (a partial backup, a
bug report) from being of use; whoever has the whole directory has the tokens. A key in the environment also guards
the directory as a whole, on a disk or in a backup; it guards against nobody who can read this process's environment.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, MultiFernet

from config.secrets import UnresolvedReference, resolve
from probes.auth.tokens import TokenStoreError
from probes.durable_file import replace_file

VARIABLE: Final = "LEADLINE_TOKEN_KEY"
_BYTES: Final = 32
_HOW: Final = "32 random bytes as base64, such as `openssl rand -base64 32` prints"


class TokenKey:
    """Locks with the newest key, opens with any known one. `file` is where a key lives if none is in `environ`."""

    def __init__(self, environ: Mapping[str, str], file: Path) -> None:
        self._file = file
        self._declared = _declared(environ)
        self._known: MultiFernet | None = None

    def lock(self, content: bytes, *, others_exist: bool) -> bytes:
        """Encrypted and authenticated. Makes a key where there is none, but not where `others_exist`: whatever locked
        those is missing, and a new key would hide it."""
        return self._keys(make=not others_exist).encrypt(content)

    def open(self, content: bytes) -> bytes:
        """What was locked; raises `cryptography.fernet.InvalidToken` for another key's, or for damage."""
        return self._keys(make=False).decrypt(content)

    def _keys(self, *, make: bool) -> MultiFernet:
        if self._known is None:
            filed = self._from_file()
            if not self._declared and filed is None:
                filed = self._made(make)
            self._known = MultiFernet([*self._declared, *([filed] if filed is not None else [])])
        return self._known

    def _from_file(self) -> Fernet | None:
        try:
            text = self._file.read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            return None
        except OSError as err:
            raise TokenStoreError(f"{self._file}: {err.strerror}; give this user the data directory") from err
        try:
            return _key(text.strip())
        except ValueError as err:
            raise TokenStoreError(f"{self._file}: the token key is damaged ({err}); restore it from a backup") from None

    def _made(self, make: bool) -> Fernet:
        if not make:
            raise TokenStoreError(
                f"{self._file}: the token key is missing, while stored tokens are there; restore it or set {VARIABLE}, "
                "or remove the *.token files beside it and enrol again"
            )
        try:
            # A link never replaces: of two processes at their first use, both get the first one's key.
            replace_file(self._file, Fernet.generate_key() + b"\n", replace=os.link)
        except FileExistsError:
            pass
        except OSError as err:
            raise TokenStoreError(f"{self._file}: the token key cannot be written: {err.strerror}") from err
        found = self._from_file()
        if found is None:
            raise TokenStoreError(f"{self._file}: the token key vanished while it was made; try again")
        return found


def _declared(environ: Mapping[str, str]) -> list[Fernet]:
    """Those of the variable, newest first; one or more, apart by commas or blanks."""
    try:
        text = resolve(environ.get(VARIABLE, ""), environ)
    except UnresolvedReference as err:
        raise TokenStoreError(f"{VARIABLE}: {err}") from None
    try:
        return [_key(word) for word in text.replace(",", " ").split()]
    except ValueError as err:
        raise TokenStoreError(f"{VARIABLE}: {err}; write {_HOW}") from None


def _key(text: str) -> Fernet:
    try:
        raw = base64.b64decode(text.translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        # From None: the cause may quote the key.
        raise ValueError("not base64") from None
    if len(raw) != _BYTES:
        raise ValueError(f"{len(raw)} bytes instead of {_BYTES}")
    return Fernet(base64.urlsafe_b64encode(raw))
