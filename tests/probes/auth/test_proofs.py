"""Keys that sign: statements of who a client is, and proofs that a token is used by whom it was given to."""

from __future__ import annotations

import asyncio
import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey, thumbprint

from probes.auth import AuthFailure
from probes.auth.private_key_jwt import ASSERTION_TYPE
from probes.auth.signing import signer
from probes.model import FailureKind

NewRequest = Callable[[], httpx.Request]
PASSWORD = serialization.BestAvailableEncryption(b"open sesame")
BARE = serialization.NoEncryption()


def pem(key: Any, encryption: serialization.KeySerializationEncryption = BARE) -> str:
    kind, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return str(key.private_bytes(kind, shape, encryption).decode())


RSA = pem(rsa.generate_private_key(65537, 2048))
P256 = pem(ec.generate_private_key(ec.SECP256R1()))
WEAK = pem(rsa.generate_private_key(65537, 1024))  # noqa: S505 - to be refused
PUBLIC = (
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def parts(jwt: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, read without a library: the server's own tests check signatures."""
    header, claims, _ = jwt.split(".")
    return json.loads(urlsafe_b64decode(header + "==")), json.loads(urlsafe_b64decode(claims + "=="))


def form(request: httpx.Request) -> dict[str, str]:
    return dict(httpx.QueryParams(request.content.decode()))


def with_key(bench: Any, key: str, **assertion: Any) -> Any:
    bench.environ["PEM"] = key
    given = {"client_secret": None, "client_auth": "private_key_jwt", "assertion": {"key": "${env:PEM}", **assertion}}
    return bench.client_credentials(**given)


def granted(request: httpx.Request, kind: str = "DPoP", **more: Any) -> httpx.Response:
    body = {"access_token": "at-1", "token_type": kind, "expires_in": 600, **more.pop("body", {})}
    return httpx.Response(200, json=body, request=request, **more)


class TestStatements:
    def test_it_says_who_asks_whom_for_how_long(self, bench: Any, request_to_api: NewRequest) -> None:
        sent = form(next(with_key(bench, RSA, kid="k1").auth_flow(request_to_api())))
        header, claims = parts(sent["client_assertion"])
        now = int(bench.clock.now.timestamp())
        assert (sent["client_id"], sent["client_assertion_type"]) == ("client-1", ASSERTION_TYPE)
        assert "client_secret" not in sent
        assert (header["alg"], header["kid"]) == ("RS256", "k1")
        assert (claims["iss"], claims["sub"]) == ("client-1", "client-1")
        assert (claims["aud"], claims["iat"], claims["exp"]) == ("https://auth.example.com/token", now, now + 60)

    def test_each_has_a_name_of_its_own(self, bench: Any, request_to_api: NewRequest) -> None:
        auth = with_key(bench, P256)
        both = [parts(form(next(auth.auth_flow(request_to_api())))["client_assertion"])[1]["jti"] for _ in range(2)]
        assert both[0] != both[1]

    def test_the_vendors_wishes_are_met(self, bench: Any, request_to_api: NewRequest) -> None:
        wishes = {"audience": "https://issuer.example", "lifetime": "5m", "header": {"x5t#S256": "print"}}
        sent = form(next(with_key(bench, RSA, algorithm="PS256", **wishes).auth_flow(request_to_api())))
        header, claims = parts(sent["client_assertion"])
        assert (header["alg"], header["x5t#S256"]) == ("PS256", "print")
        assert (claims["aud"], claims["exp"] - claims["iat"]) == ("https://issuer.example", 300)

    def test_a_jwk_brings_its_own_name(self, bench: Any, request_to_api: NewRequest) -> None:
        key = ECKey.generate_key("P-384", {"kid": "from-the-jwk"})
        sent = form(next(with_key(bench, json.dumps(key.as_dict(private=True))).auth_flow(request_to_api())))
        header, _ = parts(sent["client_assertion"])
        assert (header["alg"], header["kid"]) == ("ES384", "from-the-jwk")

    @pytest.mark.parametrize(
        ("key", "options", "words"),
        [
            pytest.param("garbage", {}, "not a private key; give it unencrypted", id="garbage"),
            pytest.param("{}", {}, "not a private key; give it unencrypted", id="an empty JWK"),
            pytest.param(PUBLIC, {}, "not a private key", id="the public half"),
            pytest.param(
                json.dumps(RSAKey.generate_key(2048).as_dict(private=False)), {}, "not a private", id="a public JWK"
            ),
            pytest.param('{"kty": "oct", "k": "c2VjcmV0"}', {}, "not a private key of a kind", id="a shared secret"),
            pytest.param(
                pem(ec.generate_private_key(ec.SECP256R1()), PASSWORD), {}, "unencrypted", id="an encrypted key"
            ),
            pytest.param(WEAK, {}, "2048 bits", id="a weak key"),
            pytest.param(
                pem(ec.generate_private_key(ec.SECP521R1())), {}, "P-521 is not supported", id="another curve"
            ),
            pytest.param(RSA, {"algorithm": "ES256"}, "RS256 or PS256", id="another kind of algorithm"),
        ],
    )
    def test_a_key_that_cannot_sign_is_our_failure_and_is_not_quoted(
        self, bench: Any, request_to_api: NewRequest, key: str, options: dict[str, Any], words: str
    ) -> None:
        with pytest.raises(AuthFailure, match=words) as caught:
            next(with_key(bench, key, **options).auth_flow(request_to_api()))
        assert caught.value.kind is FailureKind.INTERNAL
        assert caught.value.message.startswith("${env:PEM}: ")
        assert key not in caught.value.message
        assert caught.value.__cause__ is None

    @pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"jku": "s3cret no url"}, {"crit": "x"}])
    def test_a_header_that_makes_no_jwt_is_our_failure_and_is_not_quoted(
        self, bench: Any, request_to_api: NewRequest, header: dict[str, str]
    ) -> None:
        with pytest.raises(AuthFailure, match=r"`assertion\.header` does not make a JWT") as caught:
            next(with_key(bench, P256, header=header).auth_flow(request_to_api()))
        assert caught.value.kind is FailureKind.INTERNAL
        assert "s3cret" not in str(caught.value)

    def test_another_key_gets_a_token_of_its_own(self, bench: Any, request_to_api: NewRequest) -> None:
        first = with_key(bench, RSA).auth_flow(request_to_api())
        first.send(granted(next(first), "Bearer"))
        assert next(with_key(bench, RSA).auth_flow(request_to_api())).url.host == "api.example.com"
        assert next(with_key(bench, P256).auth_flow(request_to_api())).url.host == "auth.example.com"

    @pytest.mark.parametrize(
        ("key", "algorithm"), [(RSA, "RS256"), (P256, "ES256"), (pem(ed25519.Ed25519PrivateKey.generate()), "EdDSA")]
    )
    def test_a_signer_shows_no_part_of_its_key(self, bench: Any, key: str, algorithm: str) -> None:
        from pydantic import SecretStr

        assert repr(signer(SecretStr(key))) == f"Signer({algorithm})"


class TestProofs:
    def proved(self, bench: Any, request: httpx.Request, **options: Any) -> tuple[Any, httpx.Request]:
        flow = bench.client_credentials(dpop=True, **options).auth_flow(request)
        asking = next(flow)
        return flow, flow.send(granted(asking)) if asking is not request else asking

    def test_a_proof_is_for_this_method_address_and_token(self, bench: Any) -> None:
        request = httpx.Request("POST", "https://api.example.com:8443/v1/leads?page=2#top")
        _, sent = self.proved(bench, request)
        header, claims = parts(sent.headers["DPoP"])
        ath = urlsafe_b64encode(hashlib.sha256(b"at-1").digest()).decode().rstrip("=")
        assert sent.headers["Authorization"] == "DPoP at-1"
        assert (header["typ"], header["alg"]) == ("dpop+jwt", "ES256")
        assert "d" not in header["jwk"]
        assert (claims["htm"], claims["htu"]) == ("POST", "https://api.example.com:8443/v1/leads")
        assert (claims["ath"], claims["iat"]) == (ath, int(bench.clock.now.timestamp()))
        assert "nonce" not in claims

    def test_the_key_stays_and_the_proof_is_new(self, bench: Any, request_to_api: NewRequest) -> None:
        proofs = [parts(self.proved(bench, request_to_api())[1].headers["DPoP"]) for _ in range(2)]
        assert proofs[0][0] == proofs[1][0]
        assert proofs[0][1]["jti"] != proofs[1][1]["jti"]

    def test_the_token_request_proves_the_same_key(self, bench: Any, request_to_api: NewRequest) -> None:
        flow = bench.client_credentials(dpop=True).auth_flow(request_to_api())
        asking = next(flow)
        header, claims = parts(asking.headers["DPoP"])
        after, _ = parts(flow.send(granted(asking)).headers["DPoP"])
        assert thumbprint(header["jwk"]) == thumbprint(after["jwk"])
        assert (claims["htm"], claims["htu"]) == ("POST", "https://auth.example.com/token")
        assert "ath" not in claims

    def test_each_server_has_a_nonce_of_its_own(self, bench: Any, request_to_api: NewRequest) -> None:
        flow = bench.client_credentials(dpop=True).auth_flow(request_to_api())
        sent = flow.send(granted(next(flow), headers={"DPoP-Nonce": "of-the-issuer"}))
        assert "nonce" not in parts(sent.headers["DPoP"])[1]
        with pytest.raises(StopIteration):
            flow.send(httpx.Response(200, headers={"DPoP-Nonce": "of-the-api"}, request=sent))
        _, again = self.proved(bench, request_to_api())
        assert parts(again.headers["DPoP"])[1]["nonce"] == "of-the-api"

    @pytest.mark.parametrize("nonce", ["", "two words", 'quo"ted', "ü", "x" * 2000])
    def test_a_nonce_that_is_none_is_not_repeated(self, bench: Any, request_to_api: NewRequest, nonce: str) -> None:
        flow = bench.client_credentials(dpop=True).auth_flow(request_to_api())
        asking = next(flow)
        headers = {"DPoP-Nonce": nonce.encode("latin-1")}
        refusal = httpx.Response(400, json={"error": "use_dpop_nonce"}, headers=headers, request=asking)
        with pytest.raises(AuthFailure, match="use_dpop_nonce"):
            flow.send(refusal)

    def test_a_server_that_is_never_content_is_not_asked_for_ever(self, bench: Any, request_to_api: NewRequest) -> None:
        flow = bench.client_credentials(dpop=True).auth_flow(request_to_api())
        asking = next(flow)
        for nonce in ("first", "second"):
            body = {"error": "use_dpop_nonce"}
            refusal = httpx.Response(400, json=body, headers={"DPoP-Nonce": nonce}, request=asking)
            if nonce == "first":
                asking = flow.send(refusal)
                assert parts(asking.headers["DPoP"])[1]["nonce"] == "first"
            else:
                with pytest.raises(AuthFailure, match="use_dpop_nonce"):
                    flow.send(refusal)

    def test_a_401_for_want_of_a_nonce_keeps_the_token(self, bench: Any, request_to_api: NewRequest) -> None:
        flow, sent = self.proved(bench, request_to_api())
        headers = {"DPoP-Nonce": "now-this", "WWW-Authenticate": 'DPoP error="use_dpop_nonce"'}
        with pytest.raises(StopIteration):
            flow.send(httpx.Response(401, headers=headers, request=sent))
        auth = bench.client_credentials(dpop=True)
        assert auth.invalidate(sent) is True
        again = next(auth.auth_flow(request_to_api()))
        assert parts(again.headers["DPoP"])[1]["nonce"] == "now-this"

    def test_any_other_401_drops_the_token(self, bench: Any, request_to_api: NewRequest) -> None:
        flow, sent = self.proved(bench, request_to_api())
        with pytest.raises(StopIteration):
            flow.send(httpx.Response(401, headers={"DPoP-Nonce": "by-the-way"}, request=sent))
        assert next(bench.client_credentials(dpop=True).auth_flow(request_to_api())).url.host == "auth.example.com"

    def test_an_unbound_token_is_not_taken_for_a_bound_one(self, bench: Any, request_to_api: NewRequest) -> None:
        flow = bench.client_credentials(dpop=True).auth_flow(request_to_api())
        with pytest.raises(AuthFailure, match="the vendor ignores DPoP"):
            flow.send(granted(next(flow), "Bearer"))

    def test_a_key_that_cannot_sign_names_its_reference(self, bench: Any, request_to_api: NewRequest) -> None:
        bench.environ["PROOF"] = "garbage"
        with pytest.raises(AuthFailure, match=r"\$\{env:PROOF\}: not a private key"):
            next(bench.client_credentials(dpop=True, dpop_key="${env:PROOF}").auth_flow(request_to_api()))


@given(
    life=st.integers(1, 7200),
    waits=st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 6)), min_size=1, max_size=8),
    bound=st.booleans(),
)
def test_however_many_ask_a_token_is_fetched_once_and_before_it_dies(
    new_bench: Callable[[], Any], life: int, waits: list[tuple[int, int]], bound: bool
) -> None:
    bench, fetches = new_bench(), []

    async def one() -> None:
        request = httpx.Request("GET", "https://api.example.com/")
        flow = bench.client_credentials(dpop=bound).async_auth_flow(request)
        outgoing = await anext(flow)
        if outgoing is not request:
            fetches.append(bench.clock.now)
            await asyncio.sleep(0)
            outgoing = await flow.asend(granted(outgoing, "DPoP" if bound else "Bearer", body={"expires_in": life}))
        assert outgoing is request
        assert (bench.clock.now - fetches[-1]).total_seconds() < life
        with pytest.raises(StopAsyncIteration):
            await flow.asend(httpx.Response(200, request=request))

    async def everybody() -> None:
        for seconds, askers in waits:
            bench.clock.advance(seconds=seconds)
            before = len(fetches)
            await asyncio.gather(*(one() for _ in range(askers)))
            assert len(fetches) - before <= 1

    asyncio.run(everybody())
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(fetches)]
    assert all(gap >= life - min(60, life / 10) for gap in gaps)
