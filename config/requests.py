"""What a step sends, and what it expects back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from config.declared import Declared
from config.scalars import Count, Duration, Name, Status, WireText

BODIES = ("json", "form", "multipart", "graphql", "xml", "body")
"""The keys of a request that are its body; at most one of them is there."""


class FilePart(Declared):
    """One part of a multipart form that is sent as a file. Needs `content` or `file`."""

    filename: str = Field(min_length=1, description="The name that the vendor sees.")
    content: str | None = Field(None, description="What is in it, as text.")
    file: str | None = Field(None, description="A file in the configuration directory, sent as it is.")
    content_type: str = Field("application/octet-stream", description="Its media type.")


def _part(value: object) -> object:
    """A whole number as text, like every other form value."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _kind_of_part(value: object) -> str:
    return "file" if isinstance(value, (dict, FilePart)) else "text"


Part = Annotated[
    Annotated[str, Tag("text")] | Annotated[FilePart, Tag("file")],
    # Told apart first, so that a mistake in a file is not one in a text as well.
    Discriminator(_kind_of_part),
    BeforeValidator(_part),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["string", "integer"]},
                {
                    "type": "object",
                    "properties": {name: {"type": "string"} for name in FilePart.model_fields},
                    "required": ["filename"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


class GraphQl(Declared):
    """A GraphQL operation, sent by POST as JSON."""

    query: str = Field(min_length=1, description="The document; its own braces are no templates unless doubled.")
    variables: dict[str, Any] = Field({}, description="Values of its $variables.")
    operation: str | None = Field(None, description="Which operation, where the document holds several.")


class Request(Declared):
    """One HTTP request; `{{…}}` is rendered on the prober. It has at most one body."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] = Field(
        "GET", description="The HTTP method. Default: GET, or POST with graphql, xml or multipart."
    )
    path: str = Field("", description="Put behind base_url.")
    url: str | None = Field(None, description="An absolute address instead of base_url + path.")
    headers: dict[str, WireText] = Field(
        {}, description="Sent beside the integration's headers; the same name here wins."
    )
    query: dict[str, WireText] = Field({}, description="Put behind the address after ?, escaped.")
    json_body: Any = Field(None, alias="json", description="The body, sent as JSON.")
    form: dict[str, WireText] | None = Field(None, description="The body, sent as an HTML form.")
    multipart: dict[str, Part] | None = Field(None, description="The body, sent as a form with files.")
    graphql: GraphQl | None = Field(None, description="The body, a GraphQL operation.")
    xml: str | None = Field(None, description="The body, sent as text/xml unless Content-Type says otherwise.")
    soap_action: str | None = Field(None, description="With xml: the SOAP action, sent as SOAP 1.1 or 1.2 wants it.")
    body: str | None = Field(None, description="The body, sent as this text.")
    idempotent: bool | None = Field(
        None, description="May be sent again after a failure. Default: GET, HEAD, PUT and DELETE may."
    )
    idempotency_key: bool | str | None = Field(
        None, description="Send a key that stays the same when the step is tried again; text: this one."
    )
    idempotency_header: str = Field("Idempotency-Key", description="The header that carries it.")
    timeout: Duration | None = Field(
        None, description="Longest that one attempt may take. Default: what is left of the workflow's, at most 30s."
    )
    redirects: int = Field(
        0, ge=0, le=10, description="How many redirects to follow; credentials never leave base_url's host."
    )

    @model_validator(mode="before")
    @classmethod
    def _posts_what_cannot_be_got(cls, value: Any) -> Any:
        if isinstance(value, dict) and "method" not in value:
            posts = any(value.get(key) is not None for key in ("graphql", "xml", "multipart"))
            return {**value, "method": "POST"} if posts else value
        return value


class BodyMatch(Declared):
    """Checks on the decoded text of the body."""

    contains: str | None = Field(None, description="Text that must be in the body.")
    matches: str | None = Field(None, description="A regular expression searched in the body.")


class Expect(Declared):
    """What a good answer looks like. JSONPath → expected value; `{{…}}` is rendered first.

    Expected values may be a literal (equality) or one of `{exists: bool}`, `{gt|ge|lt|le: number}`,
    `{matches: regex}`, `{type: name}`, `{length: n}`.
    """

    status: Status = Field(None, description="201, '2xx' or a list of them. Default: any 2xx.")
    headers: dict[str, WireText] = Field({}, description="Response header → its value.")
    json_paths: dict[str, Any] = Field({}, alias="json", description="JSONPath → expected value, or an operator.")
    json_schema: str | None = Field(None, alias="schema", description="A JSON Schema file beside the YAML.")
    xml: dict[str, Any] | None = Field(
        None, description="XPath → expected value, or an operator. Empty: well-formed XML, whatever it holds."
    )
    body: BodyMatch | None = Field(None, description="Checks on the text of the body.")


class Until(Declared):
    """Repeat the step until this holds; the time it took is the SLI `sync_lag` (milliseconds)."""

    status: Status = Field(None, description="The status to wait for.")
    json_paths: dict[str, Any] = Field({}, alias="json", description="JSONPath → value to wait for, or an operator.")
    within: Duration = Field(description="How long to go on; after that the step has failed.")
    every: Duration = Field(description="The pause between two requests.")


class Repeat(Declared):
    """Send the step again for the next page, as long as the answer names one."""

    next: str = Field(description="Where the answer names it: a JSONPath, link:next, or what capture takes.")
    cursor: Name | None = Field(
        None, description="Variable that gets what was found. Without: it is the next page's address."
    )
    max: Count = Field(20, description="Pages in all, the first one included.")
    at_cap: Literal["stop", "fail"] = Field("fail", description="What it means if there are more pages than that.")


def _when(value: object) -> object:
    """True and false as the texts that mean them."""
    return str(value).lower() if isinstance(value, bool) else value


When = Annotated[str | None, BeforeValidator(_when), WithJsonSchema({"type": ["string", "boolean", "null"]})]


class Retry(Declared):
    """Bounded retries, each a row of its own. Backoff 1 s, 2 s, 4 s… with full jitter; Retry-After wins."""

    attempts: int = Field(2, ge=1, le=5, description="Attempts in all; 1 switches retrying off.")
    backoff: Duration = Field(
        "1s", validate_default=True, description="The first pause; each next one is twice as long."
    )
