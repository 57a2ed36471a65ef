"""Signatures of requests, against examples that their inventors published."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from probes.auth import AuthFailure
from probes.model import FailureKind


def sent(auth: Any, method: str = "GET", url: str = "https://api.example.com/", **parts: Any) -> httpx.Request:
    request: httpx.Request = next(auth.auth_flow(httpx.Request(method, url, **parts)))
    return request


AWS = {
    "region": "us-east-1",
    "service": "service",
    "access_key_id": "AKIDEXAMPLE",
    "secret_access_key": "${env:AWS}",
}
SUITE = "https://example.amazonaws.com"


class TestSigV4:
    """The values are those of AWS' own Signature Version 4 test suite."""

    @pytest.fixture
    def aws(self, bench: Any) -> Any:
        bench.environ["AWS"] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
        bench.clock.now = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
        return bench

    @pytest.mark.parametrize(
        ("method", "path", "signature"),
        [
            pytest.param(
                "GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", id="get-vanilla"
            ),
            pytest.param(
                "POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", id="post-vanilla"
            ),
            pytest.param(
                "GET",
                "/?Param2=value2&Param1=value1",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
                id="get-vanilla-query-order-key-case",
            ),
        ],
    )
    def test_it_signs_as_the_test_suite_says(self, aws: Any, method: str, path: str, signature: str) -> None:
        request = sent(aws.build("aws_sigv4", **AWS), method, SUITE + path)
        assert request.headers["x-amz-date"] == "20150830T123600Z"
        scope = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
        assert request.headers["authorization"] == (
            f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={signature}"
        )

    def test_a_session_token_is_sent_and_signed(self, aws: Any) -> None:
        aws.environ["SESSION"] = "session-token"
        request = sent(aws.build("aws_sigv4", **AWS, session_token="${env:SESSION}"))
        assert request.headers["x-amz-security-token"] == "session-token"
        assert "SignedHeaders=host;x-amz-date;x-amz-security-token," in request.headers["authorization"]

    def test_s3_is_told_the_bodys_digest(self, aws: Any) -> None:
        request = sent(aws.build("aws_sigv4", **{**AWS, "service": "s3"}), "PUT", f"{SUITE}/a b", content=b"x")
        assert request.headers["x-amz-content-sha256"].startswith("2d711642b726b04401627ca9fbac32f5")

    @pytest.mark.parametrize("service", ["service", "s3"])
    def test_signing_again_replaces_the_signature_before(self, aws: Any, service: str) -> None:
        auth = aws.build("aws_sigv4", **{**AWS, "service": service})
        once = sent(auth, "POST", f"{SUITE}/a", content=b"body")
        again = sent(auth, "POST", f"{SUITE}/a", content=b"body", headers=once.headers)
        assert again.headers == once.headers

    def test_a_query_is_sent_as_it_was_signed(self, aws: Any) -> None:
        request = sent(aws.build("aws_sigv4", **AWS), url=f"{SUITE}/?q=a+b%2Fc&flag&time=12:30")
        assert request.url.query == b"q=a%20b%2Fc&flag=&time=12%3A30"

    def test_without_botocore_it_says_how_to_get_it(self) -> None:
        code = (
            "import sys; sys.modules['botocore'] = None\n"
            "from probes.auth import TokenCache, authenticator_for\n"
            "from config.model import PluginSpec\n"
            "spec = PluginSpec(kind='aws_sigv4', region='r', service='s', access_key_id='i', "
            "secret_access_key='${env:X}')\n"
            "try: authenticator_for(spec, {'X': 'x'}, tokens=TokenCache(), clock=None)\n"
            "except ValueError as err: print(err)\n"
        )
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        assert 'pip install "leadline[aws]"' in said

    def test_no_prober_imports_botocore_unless_it_signs(self) -> None:
        code = "import sys, probes.runner; print('botocore' in sys.modules)"
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        assert said.strip() == "False"


SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
    b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)


class TestHmac:
    """The secrets, texts and signatures are the ones that the vendors' own pages show."""

    @pytest.fixture
    def signed(self, bench: Any) -> Any:
        def sign(key: str, request: dict[str, Any], **options: Any) -> httpx.Request:
            bench.environ["HMAC"] = key
            return sent(bench.build("hmac_signature", key="${env:HMAC}", **options), **request)

        sign.bench = bench  # type: ignore[attr-defined]
        return sign

    def test_slacks_example(self, signed: Any) -> None:
        signed.bench.clock.now = datetime.fromtimestamp(1531420618, UTC)
        request = signed(
            "8f742231b10e8888abcd99yyyzzz85a5",
            {"method": "POST", "content": SLACK_BODY},
            header="X-Slack-Signature",
            timestamp_header="X-Slack-Request-Timestamp",
            prefix="v0=",
            canonical="v0:{{timestamp}}:{{body}}",
        )
        assert request.headers["X-Slack-Request-Timestamp"] == "1531420618"
        assert request.headers["X-Slack-Signature"] == (
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
        )

    def test_githubs_example(self, signed: Any) -> None:
        request = signed(
            "It's a Secret to Everybody",
            {"method": "POST", "content": b"Hello, World!"},
            header="X-Hub-Signature-256",
            prefix="sha256=",
            canonical="{{body}}",
        )
        assert request.headers["X-Hub-Signature-256"] == (
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        )

    def test_twilios_example(self, signed: Any) -> None:
        form = {
            "Digits": "1234", "To": "+18005551212", "From": "+14158675309", "Caller": "+14158675309",
            "CallSid": "CA1234567890ABCDE",
        }  # fmt: skip
        request = signed(
            "12345",
            {"method": "POST", "url": "https://mycompany.com/myapp.php?foo=1&bar=2", "data": form},
            header="X-Twilio-Signature",
            digest="sha1",
            encoding="base64",
            canonical="{{url}}{% for name, value in form | sort %}{{name}}{{value}}{% endfor %}",
        )
        assert request.headers["X-Twilio-Signature"] == "RSOYDt4T1cUTdK1PDd93/VVr8B8="

    def test_rfc_4231s_first_case(self, signed: Any) -> None:
        request = signed(
            "0b" * 20,
            {"method": "POST", "content": b"Hi There"},
            key_encoding="hex",
            digest="sha512",
            canonical="{{body}}",
        )
        assert request.headers["X-Signature"].startswith("87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b305")

    def test_bytes_that_are_no_text_are_signed_as_they_are(self, signed: Any) -> None:
        # Computed with: printf '\xff\x00\xfe' | openssl dgst -sha256 -hmac k
        request = signed("k", {"method": "POST", "content": b"\xff\x00\xfe"}, canonical="{{body}}")
        assert request.headers["X-Signature"] == "dc6279e883af856b0e866aa12ea910fe93cdcccdfeb82a64293aff7318b82787"

    def test_a_nonce_is_the_same_in_the_signature_and_its_header(self, signed: Any) -> None:
        options = {"canonical": "x", "prefix": "{{nonce}}.", "headers": {"X-Nonce": "{{nonce}}"}}
        first, second = (signed("k", {}, **options) for _ in range(2))
        assert first.headers["X-Signature"].split(".")[0] == first.headers["X-Nonce"]
        assert first.headers["X-Nonce"] != second.headers["X-Nonce"]

    def test_the_path_is_signed_as_it_is_on_the_wire(self, signed: Any) -> None:
        request = signed("k", {"url": "https://h/a b?q=é"}, canonical="x", prefix="{{path}} {{query}} {{target}} ")
        assert request.headers["X-Signature"].startswith("/a%20b q=%C3%A9 /a%20b?q=%C3%A9 ")

    @pytest.mark.parametrize(
        ("canonical", "words"),
        [("{{methd}}", "unknown variable methd"), ("{{method", "template syntax"), ("{{run_id}}", "unknown variable")],
    )
    def test_a_wrong_canonical_text_is_refused(self, bench: Any, canonical: str, words: str) -> None:
        with pytest.raises(ValidationError, match=words):
            bench.build("hmac_signature", key="${env:KEY}", canonical=canonical)

    def test_a_key_that_is_not_written_as_declared_is_our_failure(self, signed: Any) -> None:
        with pytest.raises(AuthFailure, match="the key is not hex") as caught:
            signed("not-hex", {}, canonical="x", key_encoding="hex")
        assert caught.value.kind is FailureKind.INTERNAL
        assert "not-hex" not in str(caught.value)
