"""References to what must not stand in a file: `${env:NAME}`, `${env:NAME:-default}`, `${file:/path}`.

`$${` writes a literal `${`. A configuration carries references only; they become text on the machine that needs them,
at the moment it needs them, so that a rotated file or variable is read afresh.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, SecretStr
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from config.model import Integration, Request

MAX_SECRET_BYTES: Final = 64 * 1024
PLAIN_TEXT: Final = "a secret in plain text; write ${env:NAME} or ${file:/path}"

_TOKEN: Final = re.compile(r"\$\$\{|\$\{(?P<inner>[^{}]*)\}|\$\{")
_ENV: Final = re.compile(r"env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)
_HOW: Final = 'write ${env:NAME}, ${env:NAME:-default} or ${file:/path}; a literal "${" is written "$${"'

Model = TypeVar("Model")


class UnresolvedReference(Exception):  # noqa: N818 — a state of the machine, not of the program
    """A reference that leads to nothing. Names the reference and the remedy, never a value."""

    def __init__(self, reference: str, remedy: str) -> None:
        self.reference = reference
        self.remedy = remedy
        super().__init__(f"{reference}: {remedy}")


@dataclass(frozen=True, slots=True)
class Reference:
    """One `${…}` as written: `source` is env or file."""

    source: str
    name: str
    default: str | None
    written: str

    def resolve(self, environ: Mapping[str, str]) -> str:
        """Its value now; raises `UnresolvedReference`."""
        if self.source == "file":
            return _read_secret(self)
        # As with a file: whatever wrote it often ended it with a line break, which no credential has.
        value = environ.get(self.name, "").rstrip("\r\n") or self.default
        if value is None:
            state = "is empty" if self.name in environ else "is not set"
            remedy = f"environment variable {self.name} {state}; set it where Leadline runs"
            raise UnresolvedReference(self.written, remedy)
        return value


def references(text: str) -> tuple[Reference, ...]:
    """Every reference in `text`, in order; raises `UnresolvedReference` for a malformed one."""
    return tuple(_reference(found) for found in _TOKEN.finditer(text) if found[0] != "$${")


def resolve(text: str, environ: Mapping[str, str]) -> str:
    """`text` with every reference replaced by its value; raises `UnresolvedReference`."""
    if "${" not in text:
        return text
    return _TOKEN.sub(lambda found: "${" if found[0] == "$${" else _reference(found).resolve(environ), text)


def _reference(found: re.Match[str]) -> Reference:
    inner = found["inner"]
    if inner is None:
        raise UnresolvedReference("${", f"a reference without its closing brace; {_HOW}")
    env = _ENV.fullmatch(inner)
    if env is not None:
        return Reference("env", env["name"], env["default"], found[0])
    if inner.startswith("file:") and inner != "file:":
        return Reference("file", inner.removeprefix("file:"), None, found[0])
    raise UnresolvedReference(found[0], f"not a reference; {_HOW}")


def _read_secret(reference: Reference) -> str:
    path = Path(reference.name)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
        text = content.decode("utf-8").rstrip("\r\n")
    except FileNotFoundError:
        raise UnresolvedReference(reference.written, f"file {path} does not exist; create it or mount it") from None
    except OSError as err:
        raise UnresolvedReference(reference.written, f"file {path} cannot be read: {err.strerror}") from None
    except ValueError:
        # From None: the cause's message would quote bytes of the secret.
        raise UnresolvedReference(reference.written, f"file {path} is not UTF-8 text") from None
    if len(content) > MAX_SECRET_BYTES:
        raise UnresolvedReference(reference.written, f"file {path} is larger than 64 KiB, so it is not a secret")
    if not text:
        raise UnresolvedReference(reference.written, f"file {path} is empty; write the secret into it")
    return text


class Revealed(str):
    """Text that references were resolved in. Shows `written`, the text before, wherever it is printed as a value."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, value: str, written: str) -> Revealed:
        """`value` as text, `written` for people."""
        self = super().__new__(cls, value)
        self.written = written
        return self

    def __repr__(self) -> str:
        return repr(self.written)


@dataclass(frozen=True, slots=True, repr=False)
class SecretRef:
    """A pydantic field type for secrets: takes only text made of references, and shows only the references."""

    written: str

    def __post_init__(self) -> None:
        if not self.written or _TOKEN.sub(_none_if_reference, self.written):
            raise ValueError(PLAIN_TEXT)
        for reference in references(self.written):
            if reference.default:
                raise ValueError("a default in a secret's reference is a secret in plain text; leave it out")

    def reveal(self, environ: Mapping[str, str]) -> SecretStr:
        """The secret itself; raises `UnresolvedReference`."""
        return SecretStr(resolve(self.written, environ))

    def __repr__(self) -> str:
        return f"SecretRef({self.written!r})"

    def __str__(self) -> str:
        return self.written

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Reads text or another SecretRef; writes the reference."""
        return core_schema.no_info_plain_validator_function(
            cls._validate, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Text made of references."""
        return {"type": "string", "pattern": r"^(\$\{(env|file):[^{}]+\})+$", "examples": ["${env:NAME}"]}

    @classmethod
    def _validate(cls, value: object) -> SecretRef:
        if isinstance(value, SecretRef):
            return value
        if isinstance(value, Revealed):
            return cls(value.written)
        if not isinstance(value, str):
            raise ValueError(PLAIN_TEXT)  # noqa: TRY004 — pydantic reports a ValueError, a TypeError escapes it
        return cls(str(value))


def _none_if_reference(found: re.Match[str]) -> str:
    if found["inner"] is None:
        return found[0]
    try:
        _reference(found)
    except UnresolvedReference as err:
        raise ValueError(err.remedy) from None
    return ""


def resolve_integration(integration: Integration, environ: Mapping[str, str]) -> Integration:
    """A copy for the machine that sends the requests, every reference resolved; raises `UnresolvedReference`.

    An auth option that its model declares as `SecretRef` still reads as the reference; one declared as text reads as
    its value. The copy's repr shows references only; do not write it to a file: that would write the values.
    """

    def revealed(text: str) -> str:
        return Revealed(resolve(text, environ), text) if "${" in text else text

    def rendered(text: str) -> str:
        return Revealed(_resolve_for_template(text, environ), text) if "${" in text else text

    templated = {
        "headers": map_text(integration.headers, rendered),
        "workflows": map_text(integration.workflows, rendered),
        "quota": map_text(integration.quota, rendered),
        "variables": map_text(integration.variables, rendered),
    }
    return map_text(integration.model_copy(update=templated), revealed)


def _resolve_for_template(text: str, environ: Mapping[str, str]) -> str:
    """As `resolve`, but a value that looks like a template survives being rendered as it is."""

    def literal(found: re.Match[str]) -> str:
        if found[0] == "$${":
            return "${"
        value = _reference(found).resolve(environ)
        if not any(mark in value for mark in ("{{", "{%", "{#")):
            return value
        escaped = value.encode("unicode_escape").decode("ascii").replace('"', '\\"')
        return f'{{{{ "{escaped}" }}}}'

    return _TOKEN.sub(literal, text)


def map_text(value: Model, change: Callable[[str], str]) -> Model:
    """A copy of a model, list or mapping with `change` applied to each text in it."""
    return _mapped(value, change)  # type: ignore[no-any-return]


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return value if isinstance(value, (Enum, Revealed)) else change(value)
    if isinstance(value, BaseModel):
        fields = {**value.__dict__, **(value.__pydantic_extra__ or {})}
        update = {name: _mapped(item, change) for name, item in fields.items()}
        changed = {name: item for name, item in update.items() if item is not fields[name]}
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, dict):
        return _same_if_same(value, {key: _mapped(item, change) for key, item in value.items()})
    if isinstance(value, tuple):
        mapped = tuple(_mapped(item, change) for item in value)
        return value if all(new is old for new, old in zip(mapped, value, strict=True)) else mapped
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    return value


def _same_if_same(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return old if all(new[key] is old[key] for key in old) else new


def secret_values(integration: Integration, environ: Mapping[str, str]) -> frozenset[str]:
    """Every value that a reference stands for in auth options, headers, requests and expectations, addresses left
    out: what must not be seen in evidence. References that lead to nothing are left out too."""
    values = set()
    for text in _secret_texts(integration):
        for found in _TOKEN.finditer(text):
            try:
                values.add("" if found[0] == "$${" else _reference(found).resolve(environ))
            except UnresolvedReference:
                continue
    inside = {part for value in values for part in _credentials_in(value)}
    return frozenset(value for value in values | inside if value and not value.startswith(("http://", "https://")))


def _credentials_in(address: str) -> Iterator[str]:
    """User and password, where the value is a proxy's whole address."""
    if address.startswith(("http://", "https://")) and "@" in address:
        user, _, password = address.partition("://")[2].rpartition("@")[0].partition(":")
        yield from (unquote(part) for part in (user, password) if part)


def _secret_texts(integration: Integration) -> Iterator[str]:
    options = {key: value for key, value in integration.auth.options.items() if not key.endswith(("url", "uri"))}
    requests = [step.request for workflow in integration.workflows for step in workflow.steps]
    if integration.quota.usage is not None:
        requests.append(integration.quota.usage)
    yield from _texts(options)
    yield from _texts([integration.headers, integration.variables])
    yield from _texts([workflow.variables for workflow in integration.workflows])
    yield from _texts([integration.tls.client_key_password, _userinfo(written(integration.proxy))])
    for request in requests:
        yield from _request_texts(request)
    for step in (step for workflow in integration.workflows for step in workflow.steps):
        yield from _texts([step.expect, step.until])


def _userinfo(proxy: str) -> str:
    # A proxy's host is no secret, unless the whole address is one reference.
    return proxy if proxy.startswith("${") else proxy.rpartition("@")[0]


def written(text: str | None) -> str:
    """Text as it stands in the file, with its references."""
    return text.written if isinstance(text, Revealed) else text or ""


def _request_texts(request: Request) -> Iterator[str]:
    # Every kind of body, whatever kinds there will be.
    yield from _texts({key: value for key, value in request.__dict__.items() if key not in ("path", "url")})


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        # A resolved integration is asked as well: what matters is the text as written.
        yield written(value)
    elif isinstance(value, (BaseModel, dict)):
        for item in (value.__dict__ if isinstance(value, BaseModel) else value).values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
