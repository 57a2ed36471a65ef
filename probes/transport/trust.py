"""Whom we trust and who we are: TLS contexts, built once for the files that they are made of."""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import certifi
from pydantic import SecretStr

from probes.model import FailureKind
from probes.transport.failure import TransportFailure

HttpVersion: TypeAlias = Literal["auto", "1.1", "2"]

_KEPT: Final = 256
"""Contexts; each with a bundle of authorities takes about a megabyte."""


@dataclass(frozen=True, slots=True)
class Trust:
    """`client_key` None: the key stands in the certificate's file. `names`: host → the name to ask it for instead."""

    ca_file: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    client_key_password: SecretStr | None = None
    names: tuple[tuple[str, str], ...] = ()

    def name_for(self, host: str) -> str:
        """What the host is asked for (SNI), and what its certificate has to be for."""
        return dict(self.names).get(host, host)

    @property
    def anonymous(self) -> Trust:
        """The same trust, without telling who we are."""
        return Trust(ca_file=self.ca_file, names=self.names)

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that a context for it is made of."""
        return tuple(path for path in (self.ca_file, self.client_certificate, self.client_key) if path is not None)


@dataclass(frozen=True, slots=True)
class _Key:
    """Another of any of these is another context."""

    trust: Trust
    protocols: tuple[str, ...]
    stamps: tuple[tuple[int, int, int], ...] = field(default=())


_contexts: dict[_Key, ssl.SSLContext] = {}
_building: Final = threading.Lock()
_PROTOCOLS: Final = {"1.1": ("http/1.1",), "2": ("h2", "http/1.1"), "auto": ("h2", "http/1.1")}


async def client_context(trust: Trust, http: HttpVersion) -> ssl.SSLContext:
    """The shared context for these files; TLS 1.2 or newer, verification on. Raises TransportFailure (INTERNAL).

    Reading an authority bundle takes a tenth of a second, so it happens once per set of files and off the loop. A
    changed file gives a new context.
    """
    try:
        stamps = tuple(_stamp(path) for path in trust.files)
    except OSError as err:
        raise _unreadable(trust, err) from err
    key = _Key(trust, _PROTOCOLS[http], stamps)
    known = _contexts.get(key)
    return known if known is not None else await asyncio.to_thread(_context, key)


def _stamp(path: str) -> tuple[int, int, int]:
    state = os.stat(path)
    return state.st_mtime_ns, state.st_size, state.st_ino


def _context(key: _Key) -> ssl.SSLContext:
    with _building:
        if key not in _contexts:
            context = _built(key.trust)
            context.set_alpn_protocols(list(key.protocols))
            # The same files as they were before will not be asked for again.
            for outdated in [old for old in _contexts if (old.trust, old.protocols) == (key.trust, key.protocols)]:
                del _contexts[outdated]
            if len(_contexts) >= _KEPT:
                _contexts.clear()
            _contexts[key] = context
        return _contexts[key]


def _built(trust: Trust) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=trust.ca_file or _default_bundle())
    except (OSError, ssl.SSLError) as err:
        raise _unreadable(trust, err) from err
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if trust.client_certificate is not None:
        _identify(context, trust, trust.client_certificate)
    return context


def _identify(context: ssl.SSLContext, trust: Trust, certificate: str) -> None:
    asked: list[bool] = []

    def password() -> str:
        # Without one given here OpenSSL would ask at the terminal.
        asked.append(True)
        return trust.client_key_password.get_secret_value() if trust.client_key_password is not None else ""

    try:
        context.load_cert_chain(certificate, trust.client_key, password)
    except (OSError, ValueError) as err:
        # An SSLError is an OSError; a password that is too long is a ValueError.
        raise TransportFailure(FailureKind.INTERNAL, _key_words(err, trust, was_asked=bool(asked))) from None


def _key_words(err: Exception, trust: Trust, *, was_asked: bool) -> str:
    certificate = f"tls.client_certificate {trust.client_certificate}"
    key = f"tls.client_key {trust.client_key}" if trust.client_key is not None else certificate
    reason = getattr(err, "reason", None) or ""
    if reason == "KEY_VALUES_MISMATCH":
        return f"{key} holds another key than that of {certificate}"
    if was_asked and trust.client_key_password is None:
        return f"the key in {key} is encrypted; set tls.client_key_password"
    if was_asked:
        return f"tls.client_key_password does not open the key in {key}"
    if not isinstance(err, ssl.SSLError):
        return f"cannot read {certificate} or its key: {getattr(err, 'strerror', None) or 'not usable'}"
    which = _unusable(trust)
    return f"{which or key} is not usable as PEM{': ' + reason.replace('_', ' ').lower() if reason else ''}"


def _unusable(trust: Trust) -> str | None:
    """Which of the two files does not hold what it should."""
    wanted = (
        (b"CERTIFICATE-----", trust.client_certificate, "tls.client_certificate", "no certificate"),
        (b"PRIVATE KEY-----", trust.client_key or trust.client_certificate, "tls.client_key", "no private key"),
    )
    for mark, path, option, what in wanted:
        try:
            with open(path or "", "rb") as file:
                found = mark in file.read()
        except OSError:
            continue
        if not found:
            return f"{option} {path}, which holds {what},"
    return None


def _unreadable(trust: Trust, err: OSError) -> TransportFailure:
    client = {trust.client_certificate: "client_certificate", trust.client_key: "client_key"}
    # Errors of OpenSSL's own name no file; there it is the authority's that was being read.
    option, path = client.get(err.filename or "", "ca_file"), err.filename or trust.ca_file
    return TransportFailure(FailureKind.INTERNAL, f"cannot read the tls.{option} {path}: {_why(err)}")


def _why(err: OSError) -> str:
    if isinstance(err, ssl.SSLError):
        return (err.reason or "not usable as PEM").replace("_", " ").lower()
    return err.strerror or "not readable"


def _default_bundle() -> str | None:
    paths = ssl.get_default_verify_paths()
    has_directory = paths.capath is not None and bool(os.listdir(paths.capath))
    return None if paths.cafile or has_directory else certifi.where()
