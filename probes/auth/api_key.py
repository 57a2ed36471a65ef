"""A key in a header of the vendor's choice; in the query only where the vendor gives no other way."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from config.secrets import SecretRef
from probes.auth.header import HeaderAuthenticator
from probes.auth.model import Authenticator, AuthOptions, BuildContext, spellings
from probes.http import Request, Response


class Options(AuthOptions):
    """`name` is the header (or query parameter); `prefix` stands before the key, its blank included."""

    name: str = Field("X-API-Key", pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
    key: SecretRef
    prefix: str = ""
    place: Literal["header", "query"] = Field("header", alias="in")
    force: bool = Field(False, description="Allows `in: query`.")

    @model_validator(mode="after")
    def _refuse_keys_in_addresses(self) -> Self:
        if self.place == "query" and not self.force:
            raise ValueError(
                "a key in the query ends up in the logs of every proxy and server on the way; use `in: header`, "
                "or write `force: true` if the vendor takes it nowhere else"
            )
        return self

    def warnings(self) -> Iterator[tuple[str, str]]:
        """A forced key in the query."""
        if self.place == "query":
            where = f"the key stands in every address, as `{self.name}`, and so in the logs of every server on the way"
            yield "in", f"{where}; rotate it often, and write `in: header` as soon as the vendor takes it there"


class QueryAuthenticator(Authenticator):
    """Puts the key into the query of every request."""

    def __init__(self, credential: str, name: str, value: SecretStr) -> None:
        super().__init__(credential)
        self._name = name
        self._value = value

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """The request with the parameter set once."""
        request.url = request.url.copy_set_param(self._name, self._value.get_secret_value())
        yield request

    def secret_texts(self) -> frozenset[str]:
        """The key, also as it is spelt in an address."""
        return spellings(self._value.get_secret_value())


def account(options: Options, environ: Mapping[str, str]) -> str:
    """The reference, not the key: it names no secret and survives a rotation."""
    return str(options.key)


def build(options: Options, context: BuildContext) -> Authenticator:
    """Sends the key as the options say."""
    key = options.key.reveal(context.environ).get_secret_value()
    value = SecretStr(options.prefix + key)
    if options.place == "query":
        return QueryAuthenticator(context.credential, options.name, value)
    return HeaderAuthenticator(context.credential, options.name, value, frozenset({key}))
