"""What a provider says of somebody, signed: believed only if all of it is right."""

from __future__ import annotations

from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from appliance.core.errors import Unauthenticated

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "RS384", "RS512", "PS384", "PS512", "EdDSA")
"""Those that sign with a key of which only the provider has the secret half."""
LEEWAY_SECONDS = 60


def check(
    token: str, keys: KeySet, *, issuer: str, client: str, nonce: str, at: int
) -> dict[str, Any]:
    """Return the claims of an ID token.

    Parameters
    ----------
    keys
        The provider's.
    client
        What it calls this site: the token must be meant for it.
    nonce
        What this login was begun with.
    at
        Seconds since 1970.

    Raises
    ------
    Unauthenticated
        It is not signed by the provider, not for this site, not of this login, or too old.
    """
    try:
        read = jwt.decode(token, keys, algorithms=ALGORITHMS)
        JWTClaimsRegistry(
            now=at,
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            sub={"essential": True},
            aud={"essential": True, "value": client},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(read.claims)
    except (JoseError, ValueError) as error:
        raise Unauthenticated(
            f"the identity provider's word does not hold: {error}.",
            remedy="Log in again; an admin finds more in the log.",
        ) from error
    party = read.claims.get("azp", client)
    alone = read.claims["aud"] in (client, [client])
    if party != client or not (alone or "azp" in read.claims):
        raise Unauthenticated("the identity provider's word is meant for another program.")
    if not isinstance(read.claims["nonce"], str):
        raise Unauthenticated("the identity provider's word is not of this login.")
    return read.claims
