"""A keyed hash over parts of the request, declared rather than programmed: what is signed, how, where it is sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, Self
from urllib.parse import parse_qsl
from uuid import uuid4

from pydantic import Field, SecretStr, model_validator

from config.secrets import SecretRef, resolve
from config.templates import TemplateFailure, render_text, undeclared
from probes.auth.model import Authenticator, AuthFailure, AuthOptions, BuildContext, spellings
from probes.http import Request, Response
from probes.model import FailureKind

VARIABLES: Final = frozenset(
    {
        "method", "url", "host", "path", "query", "target", "params", "form", "headers", "body", "body_sha256",
        "body_md5", "timestamp", "timestamp_ms", "timestamp_iso", "nonce", "key_id",
    }
)  # fmt: skip
"""What a canonical string may use; `probes.auth.hmac_signature._values` makes them."""

_HEADER_NAME: Final = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
_DECODE: Final[dict[str, Callable[[str], bytes]]] = {
    "text": str.encode,
    "hex": bytes.fromhex,
    "base64": lambda text: base64.b64decode(text, validate=True),
}
_ENCODE: Final[dict[str, Callable[[bytes], str]]] = {
    "hex": bytes.hex,
    "base64": lambda digest: base64.b64encode(digest).decode(),
    "base64url": lambda digest: base64.urlsafe_b64encode(digest).decode().rstrip("="),
}


class Options(AuthOptions):
    """`canonical`, `prefix` and `headers` are templates of the request, such as `{{method}}` and `{{body_sha256}}`."""

    key: SecretRef
    key_id: str = Field("", description="The key's public name, for `{{key_id}}`.")
    key_encoding: Literal["text", "hex", "base64"] = Field("text", description="How the key is written.")
    digest: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["hex", "base64", "base64url"] = "hex"
    header: str = Field("X-Signature", pattern=_HEADER_NAME)
    prefix: str = Field("", description="Stands before the signature, such as `sha256=`.")
    canonical: str = Field(description="The text that is signed.")
    timestamp_header: str | None = Field(None, pattern=_HEADER_NAME, description="Sends `{{timestamp}}` too.")
    headers: dict[str, str] = Field({}, description="More headers, such as a nonce or the key's name.")

    @model_validator(mode="after")
    def _refuse_unknown_variables(self) -> Self:
        try:
            unknown = sorted(undeclared([self.canonical, self.prefix, *self.headers.values()]) - VARIABLES)
        except TemplateFailure as err:
            raise ValueError(str(err)) from None
        if unknown:
            raise ValueError(f"unknown variable {', '.join(unknown)}; a signature knows {', '.join(sorted(VARIABLES))}")
        return self


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to sign, its references resolved; the repr shows no secret."""

    key: SecretStr
    key_id: str
    key_encoding: str
    digest: str
    encoding: str
    canonical: str

    def signature(self, values: Mapping[str, Any]) -> str:
        """Of a request's values; raises TemplateFailure, and ValueError for a key that is not written as declared."""
        # The body's bytes that are no UTF-8 come through as they were.
        text = render_text(self.canonical, values).encode("utf-8", "surrogateescape")
        key = _DECODE[self.key_encoding](self.key.get_secret_value())
        return _ENCODE[self.encoding](hmac.digest(key, text, self.digest))


class SignatureAuthenticator(Authenticator):
    """Signs every request as it will be sent."""

    def __init__(
        self,
        credential: str,
        recipe: Recipe,
        *,
        header: str,
        prefix: str,
        more: Mapping[str, str],
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(credential)
        self._recipe, self._header, self._prefix, self._more, self._clock = recipe, header, prefix, dict(more), clock

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """The request with its signature; raises AuthFailure (INTERNAL) where none can be made."""
        values = _values(request, self._clock().astimezone(UTC), self._recipe.key_id)
        try:
            signature = self._recipe.signature(values)
            headers = {name: render_text(text, values) for name, text in self._more.items()}
            headers[self._header] = render_text(self._prefix, values) + signature
        except TemplateFailure as err:
            raise AuthFailure(f"the request cannot be signed: {err}", FailureKind.INTERNAL) from None
        except ValueError:
            # From None: it may quote the key.
            words = f"the key is not {self._recipe.key_encoding}, as `key_encoding` says"
            raise AuthFailure(words, FailureKind.INTERNAL) from None
        request.headers.update(headers)
        yield request

    def secret_texts(self) -> frozenset[str]:
        """The key."""
        return spellings(self._recipe.key.get_secret_value())


def _values(request: Request, now: datetime, key_id: str) -> dict[str, Any]:
    body, query = request.content, request.url.query.decode("ascii")
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    text = body.decode("utf-8", "surrogateescape")
    return {
        "method": request.method,
        "url": str(request.url),
        "host": request.headers["host"],
        "path": request.url.raw_path.decode("ascii").partition("?")[0],
        "query": query,
        "target": request.url.raw_path.decode("ascii"),
        "params": parse_qsl(query, keep_blank_values=True),
        "form": parse_qsl(text, keep_blank_values=True) if is_form else [],
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "body": text,
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "body_md5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
        "timestamp": int(now.timestamp()),
        "timestamp_ms": int(now.timestamp() * 1000),
        "timestamp_iso": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "nonce": uuid4().hex,
        "key_id": key_id,
    }


def account(options: Options, environ: Mapping[str, str]) -> str:
    """The key's public name, or the reference to it: neither names a secret, and both survive a rotation."""
    return resolve(options.key_id, environ) or str(options.key)


def build(options: Options, context: BuildContext) -> Authenticator:
    """Signs as the options say."""
    recipe = Recipe(
        options.key.reveal(context.environ),
        resolve(options.key_id, context.environ),
        options.key_encoding,
        options.digest,
        options.encoding,
        options.canonical,
    )
    stamp = {options.timestamp_header: "{{timestamp}}"} if options.timestamp_header is not None else {}
    return SignatureAuthenticator(
        context.credential,
        recipe,
        header=options.header,
        prefix=options.prefix,
        more={**stamp, **options.headers},
        clock=context.clock,
    )
