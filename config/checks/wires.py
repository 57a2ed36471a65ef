"""How requests travel: the proxy's address, and that the files of TLS fit together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from config.checks import Context, mapping
from config.problems import Finding
from config.proxy import check_proxy, resolve_proxy
from config.secrets import SecretRef, UnresolvedReference

_FILES: Final = ("ca_file", "client_certificate", "client_key")


def wire_findings(integration: Mapping[str, Any], context: Context) -> Iterator[Finding]:
    """What cannot work, or shows a secret, in `proxy` and `tls`."""
    proxy = integration.get("proxy")
    if isinstance(proxy, str):
        yield from ((("proxy",), message) for message in _proxy_faults(proxy, context.environ))
    yield from ((("tls", key), message) for key, message in _tls_faults(mapping(integration.get("tls"))))


def _proxy_faults(proxy: str, environ: Mapping[str, str]) -> Iterator[str]:
    try:
        check_proxy(proxy)
        resolve_proxy(proxy, environ)
    except UnresolvedReference:
        # Whether references lead somewhere is the business of another check.
        return
    except ValueError as err:
        yield str(err)


def _tls_faults(tls: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in _FILES:
        text = tls.get(key)
        if isinstance(text, str) and "-----BEGIN" in text:
            yield key, "write the path of a PEM file, not what is in it"
        elif isinstance(text, str) and text.startswith("${file:"):
            yield key, "write the path alone: ${file:…} would put the file's content here"
    if tls.get("client_key") and not tls.get("client_certificate"):
        yield "client_key", "a key without its certificate; write client_certificate"
    if tls.get("client_key_password") and not tls.get("client_certificate"):
        yield "client_key_password", "there is no key to open; write client_certificate"
    password = tls.get("client_key_password")
    if isinstance(password, str):
        yield from _password_faults(password)
    name = tls.get("server_name")
    if isinstance(name, str) and ("/" in name or ":" in name.strip("[]") or not name.strip()):
        yield "server_name", "write a host name alone, such as api.internal.example"


def _password_faults(password: str) -> Iterator[tuple[str, str]]:
    try:
        SecretRef(password)
    except UnresolvedReference:
        return
    except ValueError as err:
        yield "client_key_password", str(err)
