"""AWS Signature Version 4, by botocore's own signer (the extra `aws`)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes

from pydantic import Field, SecretStr

from config.secrets import SecretRef, resolve
from probes.auth.model import Authenticator, AuthOptions, BuildContext, spellings
from probes.http import URL, Request, Response

MISSING: Final = 'aws_sigv4 signs with botocore, which is not installed; pip install "leadline[aws]"'
_SIGNED: Final = ("host", "content-type", "content-md5")
_OURS: Final = frozenset({"x-amz-date", "x-amz-security-token", "x-amz-content-sha256"})
_UNRESERVED: Final = "-_.~"


class Options(AuthOptions):
    """The keys of an IAM user, or temporary ones with their `session_token`."""

    region: str = Field(description="Such as eu-central-1.")
    service: str = Field(description="Its name in a signature, such as execute-api, s3 or ses.")
    access_key_id: str
    secret_access_key: SecretRef
    session_token: SecretRef | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """AWS credentials; the repr shows no secret."""

    access_key_id: str
    secret_access_key: SecretStr
    session_token: SecretStr | None


class SigV4Authenticator(Authenticator):
    """Signs every request as it will be sent: method, address, host, content type and body."""

    def __init__(
        self, credential: str, keys: Keys, *, region: str, service: str, clock: Callable[[], datetime], botocore: Any
    ) -> None:
        super().__init__(credential)
        self._keys = keys
        self._is_s3 = service == "s3"
        self._clock = clock
        self._new_request = botocore.awsrequest.AWSRequest
        token = keys.session_token.get_secret_value() if keys.session_token is not None else None
        secret = keys.secret_access_key.get_secret_value()
        signer = botocore.auth.S3SigV4Auth if self._is_s3 else botocore.auth.SigV4Auth
        self._signer = signer(botocore.credentials.Credentials(keys.access_key_id, secret, token), service, region)

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """The request, signed."""
        self._sign(request)
        yield request

    def secret_texts(self) -> frozenset[str]:
        """The secret key and the session token."""
        secrets = (self._keys.secret_access_key, self._keys.session_token)
        return frozenset().union(*(spellings(secret.get_secret_value()) for secret in secrets if secret is not None))

    def _sign(self, request: Request) -> None:
        request.url = _as_aws_spells(request.url)
        headers = {name: value for name, value in request.headers.items() if name in _SIGNED}
        headers |= {name: value for name, value in request.headers.items() if name.startswith("x-amz-")}
        # What a redirect carries over was made for the request before.
        headers = {name: value for name, value in headers.items() if name not in _OURS}
        stamp = self._clock().astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        headers["x-amz-date"] = stamp
        if self._keys.session_token is not None:
            headers["x-amz-security-token"] = self._keys.session_token.get_secret_value()
        signing = self._new_request(request.method, str(request.url), headers=headers, data=request.content)
        signing.context["timestamp"] = stamp
        if self._is_s3:
            signing.headers["x-amz-content-sha256"] = self._signer.payload(signing)
        text = self._signer.string_to_sign(signing, self._signer.canonical_request(signing))
        names = self._signer.signed_headers(self._signer.headers_to_sign(signing))
        signature = self._signer.signature(text, signing)
        for name, value in signing.headers.items():
            if name.startswith("x-amz-"):
                request.headers[name] = value
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self._signer.scope(signing)}, SignedHeaders={names}, Signature={signature}"
        )


def _as_aws_spells(url: URL) -> URL:
    """The same address: a blank is %20, and only letters, digits and -_.~ stand for themselves. A receiver spells it so
    before it checks the signature, so it must be sent and signed so."""
    path, _, query = url.raw_path.decode("ascii").partition("?")
    spelt = "/".join(_spelt(segment) for segment in path.split("/"))
    if query:
        pairs = (pair.partition("=") for pair in query.replace("+", " ").split("&"))
        spelt += "?" + "&".join(f"{_spelt(name)}={_spelt(value)}" for name, _, value in pairs)
    return url.copy_with(raw_path=spelt.encode("ascii"))


def _spelt(text: str) -> str:
    return quote(unquote_to_bytes(text), safe=_UNRESERVED)


def account(options: Options, environ: Mapping[str, str]) -> str:
    """The access key id."""
    return resolve(options.access_key_id, environ)


def build(options: Options, context: BuildContext) -> Authenticator:
    """Signs with botocore; a ValueError says how to install it."""
    try:
        # Here and not above: 14 MB that only who uses it has.
        import botocore.auth
        import botocore.awsrequest
        import botocore.credentials
    except ImportError:
        raise ValueError(MISSING) from None
    environ = context.environ
    token = options.session_token.reveal(environ) if options.session_token is not None else None
    keys = Keys(resolve(options.access_key_id, environ), options.secret_access_key.reveal(environ), token)
    region, service = resolve(options.region, environ), resolve(options.service, environ)
    return SigV4Authenticator(
        context.credential, keys, region=region, service=service, clock=context.clock, botocore=botocore
    )
