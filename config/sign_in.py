"""`hub.sign_in`: who may look and act, once anybody but this machine may reach the hub."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from config.declared import Declared
from config.scalars import Duration

RoleName = Literal["viewer", "responder", "admin"]
"""Each may also do what those before it may."""


class OidcRoles(Declared):
    """Which values of the claim give which role; the highest that fits counts."""

    viewer: tuple[str, ...] = Field((), description="May look at everything.")
    responder: tuple[str, ...] = Field((), description="May also act: acknowledge, silence, resolve, run.")
    admin: tuple[str, ...] = Field((), description="May also manage users, tokens and sessions.")


class Oidc(Declared):
    """Sign-in by an OpenID Connect provider: authorization code with PKCE."""

    issuer: str = Field(description="The provider's address; /.well-known/openid-configuration is put behind it.")
    client_id: str = Field(min_length=1, description="What the provider calls this hub.")
    client_secret: str | None = Field(None, description="A reference; without one, the hub is a public client.")
    title: str = Field("single sign-on", min_length=1, max_length=60, description="On the button: Sign in with …")
    scopes: tuple[str, ...] = Field(("openid", "profile", "email"), description="What is asked for.")
    name_claim: str = Field("email", description="The claim that a person is called by in the audit log.")
    role_claim: str = Field("groups", description="The claim that roles come from: a text or a list of texts.")
    roles: OidcRoles = Field(OidcRoles(), description="Value of the claim → role.")
    default_role: RoleName | None = Field(None, description="For whoever has none of the values. Default: turned away.")


class SignIn(Declared):
    """Without this section the hub is open to this machine and refuses any other address."""

    passwords: bool = Field(True, description="Whether people of `leadline user` sign in by password.")
    oidc: Oidc | None = Field(None, description="A provider that people sign in at.")
    lasts: Duration = Field("7d", validate_default=True, description="A session ends so long after its begin.")
    idle: Duration = Field("12h", validate_default=True, description="A session that is not used ends after this.")
    plain_http: bool = Field(
        False, description="Whether passwords and cookies may cross the network unencrypted (public_url is http://)."
    )
