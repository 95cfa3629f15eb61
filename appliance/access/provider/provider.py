"""The way to an identity provider and back (authorization code with PKCE)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc.errors import InvalidKeyIdError

from appliance.access.identity import Identity, identity_of, within
from appliance.access.provider import words
from appliance.access.provider.metadata import Directory, Metadata, transport
from appliance.access.provider.terms import Terms
from appliance.core.clock import now
from appliance.core.errors import TryAgain, Unauthenticated
from appliance.core.log import get

_log = get(__name__)
_BYTES = 32


@dataclass(frozen=True)
class Errand:
    """What somebody is sent to the provider with, and must come back with.

    Attributes
    ----------
    state
        Tells that whoever comes back is who was sent.
    nonce
        Tells that the provider's word is of this login.
    verifier
        Tells the provider that the code comes from whoever asked for it (PKCE).
    """

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


class Provider:
    """An identity provider that logins may come by.

    Parameters
    ----------
    terms
        What the site and the provider have agreed on.
    clock
        What time it is.
    """

    def __init__(self, terms: Terms, clock: Callable[[], datetime] = now) -> None:
        self.terms = terms
        self._clock = clock
        self._directory = Directory(terms)

    def begin(self, back: str) -> tuple[str, Errand]:
        """Return where to send somebody who wants to log in, and with what.

        Parameters
        ----------
        back
            Address of this site that the provider sends them back to.

        Raises
        ------
        TryAgain
            The provider does not answer.
        """
        state, nonce, verifier = (secrets.token_urlsafe(_BYTES) for _ in range(3))
        metadata = self._directory.metadata()
        with self._client(metadata, back) as client:
            url, _ = client.create_authorization_url(
                metadata.authorization, state=state, nonce=nonce, code_verifier=verifier
            )
        return str(url), Errand(state, nonce, verifier)

    def finish(self, back: str, code: str, errand: Errand) -> Identity:
        """Return who came back with a code.

        Raises
        ------
        Unauthenticated
            The provider does not know the code, or its word does not hold.
        Forbidden
            Its word tells no name that can be a user's.
        TryAgain
            It does not answer.
        """
        metadata = self._directory.metadata()
        given = self._fetched(metadata, back, code, errand)
        claims = self._checked(str(given.get("id_token", "")), errand.nonce)
        terms = self.terms
        asked = (terms.user_claim, terms.groups_claim)
        access = given.get("access_token")
        if metadata.userinfo and access and any(within(claims, a) is None for a in asked):
            more = self._directory.get(metadata.userinfo, str(access))
            if more.get("sub") != claims["sub"]:
                raise Unauthenticated("the identity provider tells of two different people.")
            claims = more | claims
        return identity_of(claims, terms.issuer, *asked)

    def _fetched(
        self, metadata: Metadata, back: str, code: str, errand: Errand
    ) -> dict[str, Any]:
        try:
            with self._client(metadata, back) as client:
                return dict(
                    client.fetch_token(
                        metadata.token,
                        grant_type="authorization_code",
                        code=code,
                        code_verifier=errand.verifier,
                    )
                )
        except AuthlibBaseError as error:
            _log.warning("the identity provider refuses a code: %s", error.error)
            raise Unauthenticated(
                "the identity provider does not take the code that came back.",
                remedy="Log in again.",
            ) from error
        except (httpx2.HTTPError, ValueError) as error:
            raise TryAgain("the identity provider does not answer.") from error

    def _checked(self, token: str, nonce: str) -> dict[str, Any]:
        check = partial(
            words.check,
            token,
            issuer=self.terms.issuer,
            client=self.terms.client_id,
            nonce=nonce,
            at=int(self._clock().timestamp()),
        )
        try:
            return check(self._directory.keys())
        except Unauthenticated as error:
            # Providers change their keys: one that is not known yet is asked for once.
            if not isinstance(error.__cause__, InvalidKeyIdError):
                raise
        return check(self._directory.keys(anew=True))

    def _client(self, metadata: Metadata, back: str) -> OAuth2Client:
        return OAuth2Client(
            client_id=self.terms.client_id,
            client_secret=self.terms.secret,
            token_endpoint_auth_method=_method(self.terms, metadata),
            scope=" ".join(self.terms.scopes),
            redirect_uri=back,
            code_challenge_method="S256",
            **transport(self.terms),
        )


def _method(terms: Terms, metadata: Metadata) -> str:
    if terms.secret is None:
        return "none"
    if "client_secret_basic" in metadata.methods:
        return "client_secret_basic"
    return "client_secret_post"
